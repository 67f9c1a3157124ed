"""PNG files that other readers read back."""

import io

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from limn.png import png


@settings(deadline=None, max_examples=60)
@given(height=st.integers(1, 70), width=st.integers(1, 70), seed=st.integers(0, 2**32 - 1))
def test_indices_and_their_colours_are_read_back(height: int, width: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    indices = rng.integers(0, 256, (height, width), dtype=np.uint8)
    palette = rng.integers(0, 256, (256, 3), dtype=np.uint8)

    with Image.open(io.BytesIO(png(indices, palette))) as picture:
        picture.load()
        assert picture.mode == "P"
        np.testing.assert_array_equal(np.asarray(picture), indices)
        np.testing.assert_array_equal(np.asarray(picture.convert("RGB")), palette[indices])


@settings(deadline=None, max_examples=60)
@given(height=st.integers(1, 70), width=st.integers(1, 70), seed=st.integers(0, 2**32 - 1))
def test_colours_are_read_back_by_another_decoder(height: int, width: int, seed: int) -> None:
    image = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)

    decoded = cv2.imdecode(np.frombuffer(png(image), np.uint8), cv2.IMREAD_UNCHANGED)

    assert decoded is not None
    np.testing.assert_array_equal(decoded[:, :, ::-1], image)


@pytest.mark.parametrize("view", [np.s_[::2, ::3], np.s_[::-1], np.s_[5:, 3:]])
def test_views_into_larger_arrays_are_written_as_they_look(view: tuple[slice, ...]) -> None:
    indices = np.arange(60 * 40, dtype=np.uint32).reshape(60, 40).astype(np.uint8)[view]

    with Image.open(io.BytesIO(png(indices, np.zeros((256, 3), np.uint8)))) as picture:
        np.testing.assert_array_equal(np.asarray(picture), indices)


def test_one_colour_takes_next_to_nothing() -> None:
    assert len(png(np.full((1000, 1000), 7, np.uint8), np.zeros((20, 3), np.uint8))) < 6_000
