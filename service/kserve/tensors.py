"""Tensors as the protocol sends them, and as numpy holds them.

Open Inference Protocol v2, "Tensor Data" and the binary tensor data extension: row-major,
little-endian, and each element of a BYTES tensor after its length in four bytes.
"""

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from limn.errors import InvalidParameter

Datatype = Literal["BYTES", "FP16", "FP32", "UINT8"]

Tensor = NDArray[Any]
"""Of the dtype that belongs to its datatype; BYTES are objects of type `bytes`."""

NUMPY_TYPES: dict[Datatype, np.dtype[Any]] = {
    "BYTES": np.dtype(object),
    "FP16": np.dtype("<f2"),
    "FP32": np.dtype("<f4"),
    "UINT8": np.dtype("u1"),
}

_LENGTH = struct.Struct("<I")
_MAX_RANK = 8
_MAX_SIZE = 2**31 - 1


@dataclass(frozen=True)
class TensorSpec:
    """What a model takes or answers; -1 in `shape` is any size from 1 on."""

    name: str
    datatype: Datatype
    shape: tuple[int, ...]


@dataclass(frozen=True)
class NamedTensor:
    """A tensor of a request."""

    name: str
    datatype: Datatype
    array: Tensor

    def check(self, spec: TensorSpec) -> None:
        """InvalidParameter unless datatype and shape are those of `spec`."""
        if self.datatype != spec.datatype:
            raise InvalidParameter(self.name, f"is {spec.datatype}, not {self.datatype}")
        shape = self.array.shape
        fits = len(shape) == len(spec.shape) and all(
            wanted in (-1, size) for size, wanted in zip(shape, spec.shape, strict=True)
        )
        if not fits:
            raise InvalidParameter(
                self.name,
                f"has shape {list(spec.shape)}, -1 being any size; got {list(shape)}",
            )


def decode(
    name: str, datatype: str, shape: Sequence[int], contents: bytes | memoryview | Sequence[Any]
) -> NamedTensor:
    """A tensor from its raw bytes, or from its elements in a list, which may be nested.

    Raises:
        InvalidParameter: names the tensor, and says what does not fit together.
    """
    if datatype not in NUMPY_TYPES:
        raise InvalidParameter(
            name, f"no model takes {datatype[:20]!r}; there are: {', '.join(NUMPY_TYPES)}"
        )
    if not 0 < len(shape) <= _MAX_RANK or any(not 0 < size <= _MAX_SIZE for size in shape):
        raise InvalidParameter(
            name, f"`shape` has 1 to {_MAX_RANK} sizes, each from 1 to {_MAX_SIZE}"
        )
    count = math.prod(shape)
    if datatype == "BYTES":
        array = _bytes_elements(name, contents, count)
    elif isinstance(contents, bytes | memoryview):
        array = _raw_numbers(name, contents, count, NUMPY_TYPES[datatype])
    else:
        array = _listed_numbers(name, contents, tuple(shape), NUMPY_TYPES[datatype])
    return NamedTensor(name, datatype, array.reshape(tuple(shape)))


def encode(tensor: Tensor) -> bytes:
    """The raw bytes of a tensor of numbers."""
    return tensor.astype(tensor.dtype.newbyteorder("<"), copy=False).tobytes()


def datatype_of(tensor: Tensor) -> Datatype:
    """The datatype of a tensor that a model answered."""
    return next(datatype for datatype, dtype in NUMPY_TYPES.items() if dtype == tensor.dtype)


def _raw_numbers(
    name: str, contents: bytes | memoryview, count: int, dtype: np.dtype[Any]
) -> Tensor:
    expected = count * dtype.itemsize
    if len(contents) != expected:
        raise InvalidParameter(name, f"its shape takes {expected} bytes; got {len(contents)}")
    array = np.frombuffer(contents, dtype=dtype)
    if dtype.kind == "f" and not np.isfinite(array).all():
        raise _no_number(name, dtype)
    return array


def _listed_numbers(
    name: str, contents: Sequence[Any], shape: tuple[int, ...], dtype: np.dtype[Any]
) -> Tensor:
    try:
        # With a dtype stated, a long string among the elements cannot widen all of them.
        elements = np.asarray(contents, dtype=np.float64)
    except (ValueError, TypeError, OverflowError) as exc:
        raise InvalidParameter(
            name, "its data are numbers, flat or nested as its shape says"
        ) from exc
    if elements.size != math.prod(shape) or (elements.ndim != 1 and elements.shape != shape):
        raise InvalidParameter(
            name, f"its shape is {list(shape)}; its data are shaped {list(elements.shape)}"
        )
    with np.errstate(over="ignore", invalid="ignore"):
        array = elements.astype(dtype)
    # numpy cuts 1.5 and 256 down to what fits into a byte, and makes NaN of null.
    if not np.isfinite(array).all() or (dtype.kind == "u" and (array != elements).any()):
        raise _no_number(name, dtype)
    return array


def _no_number(name: str, dtype: np.dtype[Any]) -> InvalidParameter:
    return InvalidParameter(name, f"its data hold what is no {dtype.name}")


def _bytes_elements(name: str, contents: bytes | memoryview | Sequence[Any], count: int) -> Tensor:
    if isinstance(contents, bytes | memoryview):
        elements = _split(name, contents, count)
    else:
        elements = [_as_bytes(name, element) for element in contents]
    if len(elements) != count:
        raise InvalidParameter(name, f"its shape has {count} elements; got {len(elements)}")
    tensor = np.empty(count, dtype=object)
    tensor[:] = elements
    return tensor


def _as_bytes(name: str, element: object) -> bytes:
    if isinstance(element, bytes):
        return element
    if isinstance(element, str):
        return element.encode()
    raise InvalidParameter(name, "its data are strings")


def _split(name: str, contents: bytes | memoryview, count: int) -> list[bytes]:
    elements: list[bytes] = []
    position = 0
    while len(contents) - position >= _LENGTH.size and len(elements) < count:
        (length,) = _LENGTH.unpack_from(contents, position)
        start = position + _LENGTH.size
        position = start + length
        elements.append(bytes(contents[start:position]))
    if position != len(contents):
        raise InvalidParameter(
            name,
            f"its shape takes {count} elements, each after its length in four bytes,"
            f" little-endian; the {len(contents)} bytes got are not that",
        )
    return elements
