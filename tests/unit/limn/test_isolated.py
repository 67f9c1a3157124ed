import time

import numpy as np
import pytest
from numpy.typing import NDArray

from limn.isolated import isolated_pixels


def specks() -> NDArray[np.uint8]:
    """10 x 10 of class 0 with a pixel of 1, two corners of 2 that touch, and nine pixels of 1."""
    label_map = np.zeros((10, 10), np.uint8)
    label_map[1, 1] = 1
    label_map[4, 2], label_map[5, 3] = 2, 2
    label_map[6:9, 6:9] = 1
    return label_map


@pytest.mark.parametrize(
    ("area", "pixels"),
    [
        pytest.param(2, 1, id="only-the-pixel-alone"),
        pytest.param(3, 3, id="corners-that-touch-are-one"),
        pytest.param(9, 3, id="nine-is-not-fewer-than-nine"),
        pytest.param(64, 12, id="all-islands"),
        pytest.param(100, 100, id="the-background-too"),
    ],
)
def test_islands_of_fewer_pixels_count(area: int, pixels: int) -> None:
    assert isolated_pixels(specks(), (area,)).tolist() == [pixels]


def test_hole_is_an_island_of_the_background() -> None:
    label_map = np.full((5, 5), 3, np.uint8)
    label_map[2, 2] = 0

    assert isolated_pixels(label_map, (2, 64)).tolist() == [1, 25]


def test_flat_map_has_no_islands() -> None:
    assert isolated_pixels(np.zeros((8, 8), np.uint8), (2, 64)).tolist() == [0, 0]


def test_chequerboard_hangs_together_by_its_corners() -> None:
    label_map = (np.indices((6, 6)).sum(axis=0) % 2).astype(np.uint8)

    assert isolated_pixels(label_map, (2, 64)).tolist() == [0, 36]


def test_photo_sized_map_is_quick() -> None:
    label_map = np.zeros((830, 550), np.uint8)
    for index in range(1, 20):
        label_map[40 * index : 40 * index + 39, 100:450] = index

    start = time.process_time()
    isolated_pixels(label_map)

    # 8 ms on the machine this was written on.
    assert time.process_time() - start < 0.1
