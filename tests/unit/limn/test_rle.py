import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from pycocotools import mask as coco

from limn.geometry import Crop
from limn.rle import encode_mask, run_lengths

masks = arrays.arrays(
    np.bool_, st.tuples(st.integers(1, 40), st.integers(1, 40)), elements=st.booleans()
)


def test_runs_go_down_the_columns() -> None:
    mask = np.array([[0, 1], [1, 1]], np.bool_)

    assert run_lengths(mask, Crop(0, 0, 2, 2), (2, 2)).tolist() == [1, 3]


def test_mask_is_placed_in_the_photo() -> None:
    mask = np.ones((1, 2), np.bool_)

    assert run_lengths(mask, Crop(1, 1, 2, 3), (3, 4)).tolist() == [4, 1, 2, 1, 4]


@given(masks)
def test_string_is_that_of_pycocotools(mask: NDArray[np.bool_]) -> None:
    height, width = mask.shape

    encoding = encode_mask(mask, Crop(0, 0, height, width), (height, width))

    expected = coco.encode(np.asfortranarray(mask.astype(np.uint8)))
    assert encoding == {"size": [height, width], "counts": expected["counts"].decode()}


# pycocotools still copies arrays the way NumPy 1 wanted.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@given(masks, st.tuples(*[st.integers(0, 9)] * 4))
def test_crop_is_encoded_over_the_whole_photo(
    mask: NDArray[np.bool_], margins: tuple[int, int, int, int]
) -> None:
    top, left, below, beside = margins
    full = np.pad(mask, ((top, below), (left, beside)))
    crop = Crop(top, left, top + mask.shape[0], left + mask.shape[1])

    encoding = encode_mask(mask, crop, (full.shape[0], full.shape[1]))

    decoded = coco.decode({**encoding, "counts": str(encoding["counts"]).encode()})
    assert np.array_equal(decoded, full)


def test_long_runs_need_several_characters() -> None:
    mask = np.zeros((2_000, 3_000), np.bool_)
    mask[1_999, 2_999] = True

    encoding = encode_mask(mask, Crop(0, 0, 2_000, 3_000), (2_000, 3_000))

    expected = coco.encode(np.asfortranarray(mask.astype(np.uint8)))
    assert encoding["counts"] == expected["counts"].decode()
