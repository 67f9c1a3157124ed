import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from limn.geometry import Crop
from limn.labels import LIP
from limn.regions import outline, regions_of


def test_each_class_is_measured_in_photo_pixels() -> None:
    label_map = np.array([[0, 2, 2, 0], [0, 2, 0, 13]], np.uint8)
    confidence = np.array([[9, 255, 255, 9], [9, 0, 9, 51]], np.uint8)

    hair, face = regions_of(label_map, confidence, Crop(10, 20, 12, 24), (50, 60), LIP)

    assert (hair.index, hair.name, hair.color) == (2, "hair", (255, 0, 0))
    assert (hair.area, hair.ratio, hair.box) == (3, 0.75, (21, 10, 23, 12))
    assert hair.confidence == 0.6667
    assert (face.name, face.area, face.box) == ("face", 1, (23, 11, 24, 12))
    assert face.confidence == 0.2
    assert hair.rle is None
    assert hair.polygons is None


def test_background_alone_has_no_regions() -> None:
    empty = np.zeros((4, 4), np.uint8)

    assert regions_of(empty, empty, Crop(0, 0, 4, 4), (4, 4), LIP) == ()


def test_outlines_come_on_request() -> None:
    label_map = np.array([[0, 2]], np.uint8)
    crop = Crop(0, 0, 1, 2)

    (rle,) = regions_of(label_map, label_map, crop, (1, 2), LIP, "rle")
    (polygon,) = regions_of(label_map, label_map, crop, (1, 2), LIP, "polygons")

    assert rle.rle == {"size": [1, 2], "counts": "11"}
    assert polygon.polygons == [[[[1, 0]]]]


def test_hole_is_a_second_ring() -> None:
    mask = np.ones((5, 5), np.uint8)
    mask[2, 2] = 0

    ((outer, hole),) = outline(mask, Crop(100, 200, 105, 205))

    assert sorted(outer) == [[200, 100], [200, 104], [204, 100], [204, 104]]
    assert sorted(hole) == [[201, 102], [202, 101], [202, 103], [203, 102]]


@given(
    arrays.arrays(
        np.uint8, st.tuples(st.integers(1, 25), st.integers(1, 25)), elements=st.integers(0, 1)
    )
)
def test_rings_restore_the_mask(mask: NDArray[np.uint8]) -> None:
    restored = np.zeros_like(mask)

    for rings in outline(mask, Crop(0, 0, *mask.shape)):
        part = np.zeros_like(mask)
        points = [np.array(ring, np.int32) for ring in rings]
        cv2.fillPoly(part, points, 1)
        restored |= part

    assert np.array_equal(restored, mask)
