import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from tritonclient.utils import serialize_byte_tensor

from limn.errors import InvalidParameter
from service.kserve.tensors import NUMPY_TYPES, NamedTensor, TensorSpec, datatype_of, decode, encode

NUMBERS = [datatype for datatype in NUMPY_TYPES if datatype != "BYTES"]


def finite(datatype: Any) -> dict[str, bool] | None:
    """How hypothesis draws elements that are numbers."""
    is_float = NUMPY_TYPES[datatype].kind == "f"
    return {"allow_nan": False, "allow_infinity": False} if is_float else None


@given(st.data(), st.sampled_from(NUMBERS))
def test_numbers_come_back_from_their_bytes(data: st.DataObject, datatype: Any) -> None:
    shapes = arrays.array_shapes(min_dims=1, max_dims=4, max_side=5)
    array = data.draw(arrays.arrays(NUMPY_TYPES[datatype], shapes, elements=finite(datatype)))

    decoded = decode("a", datatype, array.shape, encode(array))

    assert datatype_of(decoded.array) == datatype
    assert decoded.array.shape == array.shape
    assert decoded.array.tobytes() == array.tobytes()


@given(st.data(), st.sampled_from(NUMBERS), st.booleans())
def test_numbers_come_back_from_a_list(data: st.DataObject, datatype: Any, nested: bool) -> None:
    shapes = arrays.array_shapes(min_dims=1, max_dims=3, max_side=4)
    dtype = NUMPY_TYPES[datatype]
    array = data.draw(arrays.arrays(dtype, shapes, elements=finite(datatype)))

    listed = array.tolist() if nested else array.ravel().tolist()
    decoded = decode("a", datatype, array.shape, listed)

    assert np.array_equal(decoded.array, array)
    assert decoded.array.dtype == dtype


@given(st.lists(st.binary(max_size=20), min_size=1, max_size=6))
def test_bytes_are_read_as_the_client_writes_them(elements: list[bytes]) -> None:
    sent = np.array([*elements, None], dtype=object)[:-1]

    raw = decode("a", "BYTES", [len(elements)], serialize_byte_tensor(sent).item())
    listed = decode("a", "BYTES", [len(elements)], elements)

    assert raw.array.tolist() == listed.array.tolist() == elements


@given(st.binary(max_size=64), st.integers(1, 5))
def test_any_bytes_are_a_tensor_or_refused(contents: bytes, count: int) -> None:
    try:
        tensor = decode("a", "BYTES", [count], contents)
    except InvalidParameter:
        return

    assert b"".join(struct.pack("<I", len(part)) + part for part in tensor.array) == contents


def test_text_is_utf8() -> None:
    assert decode("a", "BYTES", [1], ["ä"]).array.tolist() == ["ä".encode()]


def test_numbers_are_little_endian() -> None:
    assert decode("a", "FP32", [1], b"\0\0\x80\x3f").array.tolist() == [1.0]
    assert encode(np.array([1], dtype=">f4")) == b"\0\0\x80\x3f"


@pytest.mark.parametrize(
    ("datatype", "shape", "contents", "message"),
    [
        pytest.param("FP32", [2], b"1234567", r"takes 8 bytes; got 7", id="cut-off"),
        pytest.param("UINT8", [2, 2], b"12345", r"takes 4 bytes; got 5", id="too-long"),
        pytest.param("INT64", [1], b"12345678", r"no model takes 'INT64'", id="datatype"),
        pytest.param("UINT8", [-1], b"", r"each from 1", id="negative"),
        pytest.param("UINT8", [0], b"", r"each from 1", id="zero"),
        pytest.param("UINT8", [], b"1", r"1 to 8 sizes", id="scalar"),
        pytest.param("UINT8", [1] * 9, b"1", r"1 to 8 sizes", id="rank"),
        pytest.param("UINT8", [10**5000], b"1", r"each from 1", id="huge"),
        pytest.param("UINT8", [2**31 - 1] * 8, b"1", r"got 1", id="huge-product"),
        pytest.param("UINT8", [2], [1], r"shaped \[1\]", id="too-few"),
        pytest.param("UINT8", [2, 2], [[1, 2, 3, 4]], r"shaped \[1, 4\]", id="nested-otherwise"),
        pytest.param("UINT8", [2], [[1], [2, 3]], r"flat or nested", id="ragged"),
        pytest.param("UINT8", [1], [256], r"no uint8", id="over"),
        pytest.param("UINT8", [1], [-1], r"no uint8", id="under"),
        pytest.param("UINT8", [1], [1.5], r"no uint8", id="fraction"),
        pytest.param("UINT8", [1], [None], r"no uint8", id="null"),
        pytest.param("FP32", [1], [1e300], r"no float32", id="overflow"),
        pytest.param("FP32", [1], [10**400], r"are numbers", id="long-integer"),
        pytest.param("FP32", [2], ["x" * 100_000, "y"], r"are numbers", id="strings"),
        pytest.param("FP32", [1], [{}], r"are numbers", id="object"),
        pytest.param("BYTES", [1], [1], r"are strings", id="number"),
        pytest.param("BYTES", [2], [b"a"], r"has 2 elements; got 1", id="elements"),
        pytest.param("BYTES", [1], b"\5\0\0\0abc", r"not that", id="element-cut-off"),
        pytest.param("BYTES", [1], b"\xff\xff\xff\xff", r"not that", id="element-huge"),
        pytest.param("BYTES", [1], b"\0" * 8, r"not that", id="one-too-many"),
        pytest.param("BYTES", [2], b"\0" * 4, r"has 2 elements; got 1", id="one-too-few"),
    ],
)
def test_what_does_not_hold_together_is_refused(
    datatype: str, shape: list[int], contents: Any, message: str
) -> None:
    with pytest.raises(InvalidParameter, match=message) as caught:
        decode("canvas", datatype, shape, contents)

    assert caught.value.field == "canvas"


def test_tensor_must_be_what_the_model_takes() -> None:
    spec = TensorSpec("pixels", "FP32", (-1, 3, -1))
    NamedTensor("pixels", "FP32", np.zeros((7, 3, 2), np.float32)).check(spec)

    with pytest.raises(InvalidParameter, match="is FP32, not UINT8"):
        NamedTensor("pixels", "UINT8", np.zeros((7, 3, 2), np.uint8)).check(spec)
    for shape in ((7, 3), (7, 4, 2), (7, 3, 2, 1)):
        with pytest.raises(InvalidParameter, match=r"has shape \[-1, 3, -1\]"):
            NamedTensor("pixels", "FP32", np.zeros(shape, np.float32)).check(spec)
