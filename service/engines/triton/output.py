"""What Triton answers must be what was asked for, or masks would be wrong without a word."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from tritonclient.grpc import InferResult

from service.errors import InferenceFailed

T = TypeVar("T", bound=np.generic)


def read_output(result: InferResult, name: str, shape: Sequence[int], dtype: type[T]) -> NDArray[T]:
    """An output that came in the message, of this shape and type.

    Raises:
        InferenceFailed: it is not there, is another tensor, or does not hold together.
    """
    try:
        found = result.as_numpy(name)
    except Exception as exc:
        # Fewer bytes than its shape takes, or a type that is none: numpy's errors, and asserts.
        raise InferenceFailed(f"Triton answers a broken {name}: {exc}") from exc
    stated = np.dtype(dtype), tuple(shape)
    if found is None or (found.dtype, found.shape) != stated:
        seen = "nothing" if found is None else f"{found.dtype} {list(found.shape)}"
        raise InferenceFailed(f"Triton answers {seen} for {name}, {stated[0]} {list(shape)} is due")
    return np.asarray(found, dtype=dtype)
