"""Left and right shoe, for feet apart, touching, crossed and out of the landmarks' reach."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from limn.labels import IGNORE_INDEX, LIP
from training.ccp.landmarks import Pose
from training.ccp.shoes import split_shoes

LEFT, RIGHT = LIP.index("left-shoe"), LIP.index("right-shoe")
FOOT_JOINTS = {"left": [25, 27, 29, 31], "right": [26, 28, 30, 32]}


def boxes(*corners: tuple[int, int, int, int]) -> NDArray[np.bool_]:
    """bool[400, 240] with rectangles (left, top, right, bottom) set."""
    mask = np.zeros((400, 240), dtype=np.bool_)
    for left, top, right, bottom in corners:
        mask[top:bottom, left:right] = True
    return mask


NOTHING = boxes()


def shifted(pose: Pose, side: str, dx: float, dy: float = 0) -> Pose:
    """The pose with one lower leg moved."""
    points = pose.points.copy()
    points[FOOT_JOINTS[side]] += (dx, dy)
    return replace(pose, points=points)


def test_no_shoes_give_no_labels(pose: Pose) -> None:
    assert not split_shoes(NOTHING, NOTHING, pose).any()


def test_two_feet_are_matched_one_to_one_where_both_are_nearer_to_one_side(pose: Pose) -> None:
    shoes = boxes((86, 336, 109, 368), (128, 336, 151, 368))

    label_map = split_shoes(shoes, NOTHING, shifted(pose, "left", 30))

    assert label_map[350, 96] == RIGHT
    assert label_map[350, 140] == LEFT


def test_crossed_feet_follow_the_landmarks(pose: Pose) -> None:
    shoes = boxes((86, 336, 109, 368), (128, 336, 151, 368))
    crossed = shifted(shifted(pose, "left", -44), "right", 44)

    label_map = split_shoes(shoes, NOTHING, crossed)

    assert label_map[350, 96] == LEFT
    assert label_map[350, 140] == RIGHT


def test_touching_feet_are_cut_between_the_landmarks(pose: Pose) -> None:
    label_map = split_shoes(boxes((86, 336, 151, 368)), NOTHING, pose)

    assert label_map[350, 90] == RIGHT
    assert label_map[350, 118] == IGNORE_INDEX
    assert label_map[350, 146] == LEFT


def test_touching_feet_with_coinciding_landmarks_are_ignored(pose: Pose) -> None:
    shoes = boxes((86, 336, 151, 368))

    label_map = split_shoes(shoes, NOTHING, shifted(shifted(pose, "left", -19), "right", 19))

    assert set(label_map[shoes].flat) == {IGNORE_INDEX}


@pytest.mark.parametrize(("left", "label"), [(86, RIGHT), (130, LEFT)])
def test_single_foot_takes_the_side_it_is_near_to(pose: Pose, left: int, label: int) -> None:
    shoes = boxes((left, 336, left + 20, 368))

    label_map = split_shoes(shoes, NOTHING, pose)

    assert set(label_map[shoes].flat) == {label}


def test_narrow_shoe_between_the_landmarks_is_one_foot(pose: Pose) -> None:
    shoes = boxes((106, 344, 130, 366))

    label_map = split_shoes(shoes, NOTHING, pose)

    assert len(set(label_map[shoes].flat)) == 1


def test_shoe_that_the_landmarks_miss_is_ignored(pose: Pose) -> None:
    shoes = boxes((86, 336, 151, 368))
    lifted = shifted(shifted(pose, "left", 0, -80), "right", 0, -80)

    label_map = split_shoes(shoes, NOTHING, lifted)

    assert set(label_map[shoes].flat) == {IGNORE_INDEX}


def test_strap_goes_with_the_foot_it_is_on(pose: Pose) -> None:
    straps = boxes((92, 334, 106, 338), (131, 334, 145, 338))
    soles = boxes((86, 356, 109, 368), (128, 356, 151, 368))
    bare = boxes((92, 330, 106, 356), (131, 330, 145, 356)) & ~straps

    label_map = split_shoes(straps | soles, bare, pose)

    assert label_map[335, 98] == label_map[360, 98] == RIGHT
    assert label_map[335, 138] == label_map[360, 138] == LEFT


def test_crumb_takes_the_side_it_is_clearly_nearer_to(pose: Pose) -> None:
    shoes = boxes((128, 336, 151, 368), (92, 360, 96, 364))

    label_map = split_shoes(shoes, NOTHING, pose)

    assert label_map[362, 94] == RIGHT
    assert label_map[350, 140] == LEFT


def test_crumb_between_the_sides_follows_the_nearest_foot(pose: Pose) -> None:
    shoes = boxes((86, 336, 109, 368), (128, 336, 151, 368), (116, 350, 119, 353))

    label_map = split_shoes(shoes, NOTHING, pose)

    assert label_map[351, 117] == RIGHT


def test_narrow_piece_larger_than_one_shoe_is_two(pose: Pose) -> None:
    boots = boxes((106, 300, 130, 368))

    label_map = split_shoes(boots, NOTHING, pose)

    assert label_map[340, 107] == RIGHT
    assert label_map[340, 128] == LEFT
