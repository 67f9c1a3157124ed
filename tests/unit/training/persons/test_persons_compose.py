"""Composed photos: boxes end where visible persons do, and hidden persons are left out."""

import numpy as np
import pytest
from numpy.typing import NDArray

from training.persons.compose import LEAST_UNCOVERED, Material, Placed, _boxes, _hidden, camera
from training.persons.cutouts import Annotated, Cutout, cut_out

RED, GREEN = (250, 10, 10), (10, 250, 10)


def plain(color: tuple[int, int, int], height: int, width: int) -> NDArray[np.uint8]:
    return np.full((height, width, 3), color, np.uint8)


def block(height: int = 80, width: int = 30) -> Cutout:
    """A person who is a red rectangle."""
    return Cutout(plain(RED, height, width), np.ones((height, width), np.bool_), False)


def material(photos: tuple[Annotated, ...] = ()) -> Material:
    return Material([block()], photos)


def placed(x1: int, x2: int, area: float | None = None) -> Placed:
    """Columns `x1` to `x2` of a photo of 100x100 pixels."""
    mask = np.zeros((100, 100), np.bool_)
    mask[:, x1:x2] = True
    inside = float(mask.sum())
    return Placed(plain(RED, 100, 100), mask, inside, area or inside)


def is_hidden(*persons: Placed) -> list[bool]:
    return _hidden(np.zeros((100, 100), np.int16), [], [], persons)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_photo_has_a_box_for_every_visible_person(count: int) -> None:
    photos = [material().compose((160, 240), count, np.random.default_rng(n)) for n in range(12)]

    assert all(len(photo.boxes) <= count for photo in photos)
    assert sum(len(photo.boxes) for photo in photos) >= 0.6 * count * len(photos)


def test_box_of_a_lone_person_ends_where_they_do() -> None:
    compared = 0
    for seed in range(20):
        image, boxes = material().compose((160, 240), 1, np.random.default_rng(seed))
        if len(boxes) != 1:
            continue
        x1, y1, x2, y2 = boxes[0].astype(int)
        # Light may have changed the red of a person, so its pixels are told by being warm.
        warm = (image[..., 0].astype(int) - image[..., 1] > 90) & (image[..., 2] < 140)
        inside = warm[y1:y2, x1:x2].mean()
        if inside > 0.5:
            compared += 1
            assert warm[y1:y2, x1:x2].sum() > 0.95 * warm.sum()

    assert compared >= 10


def test_same_seed_gives_the_same_photo() -> None:
    one, other = (material().compose((96, 96), 2, np.random.default_rng(7)) for _ in range(2))

    assert np.array_equal(one.image, other.image)
    assert np.array_equal(one.boxes, other.boxes)


def test_person_in_their_own_photo_has_the_box_of_their_mask() -> None:
    mask = np.zeros((120, 80), np.bool_)
    mask[20:110, 25:55] = True
    photo = plain(GREEN, 120, 80)
    photo[mask] = RED
    whole = Material([block()], (Annotated(photo, mask),))

    image, boxes = whole.compose((120, 80), 1, np.random.default_rng(2), real_share=1)

    (box,) = boxes.astype(int).tolist()
    inside = image[box[1] : box[3], box[0] : box[2]].reshape(-1, 3).astype(int)
    assert np.mean(inside[:, 0] > inside[:, 1]) > 0.85


def test_who_is_covered_by_most_is_left_out_and_covers_nobody() -> None:
    back = placed(0, 50)

    # Of 50 columns, 30 % must stay visible: 15.
    assert is_hidden(back, placed(14, 60)) == [True, False]
    assert is_hidden(back, placed(16, 60)) == [False, False]
    # The one in the middle would leave a quarter of the one behind, but is left out.
    assert is_hidden(placed(0, 40), placed(10, 50), placed(12, 60)) == [False, True, False]
    assert LEAST_UNCOVERED == 0.3


def test_who_reaches_into_the_photo_with_a_hand_alone_is_left_out() -> None:
    assert is_hidden(placed(0, 9, area=100 * 100)) == [True]
    assert is_hidden(placed(0, 11, area=100 * 100)) == [False]


def test_box_is_around_what_is_visible() -> None:
    owner = np.zeros((10, 12), np.int16)
    owner[2:8, 1:9] = 1
    owner[3:10, 5:12] = 2

    assert _boxes(owner, 2).tolist() == [[1, 2, 9, 8], [5, 3, 12, 10]]


def test_cut_out_person_is_the_part_of_the_photo_around_them() -> None:
    labels = np.zeros((100, 60), np.uint8)
    labels[40:, 10:30] = 5
    labels[40:45, 10:12] = 255
    image = np.zeros((100, 60, 3), np.uint8)
    image[40:, 10:30] = RED

    cutout = cut_out(image, labels, height=30)

    assert cutout is not None
    assert cutout.image.shape == (30, 10, 3)
    assert cutout.reaches_bottom
    assert (cutout.image == RED).all()
    assert not cutout.mask[0, 0]
    assert cut_out(image, np.zeros_like(labels), height=30) is None


def test_camera_leaves_size_and_kind() -> None:
    for seed in range(10):
        seen = camera(plain(RED, 40, 30), np.random.default_rng(seed))
        assert seen.shape == (40, 30, 3)
        assert seen.dtype == np.uint8
