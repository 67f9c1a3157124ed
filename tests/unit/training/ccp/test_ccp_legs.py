"""Bare legs that touch or cross, against the shoes they end in."""

from dataclasses import replace

import numpy as np

from limn.labels import IGNORE_INDEX, LIP
from training.ccp.landmarks import Pose
from training.ccp.legs import join_legs

LEFT_LEG, RIGHT_LEG = LIP.index("left-leg"), LIP.index("right-leg")
LEFT_SHOE, RIGHT_SHOE = LIP.index("left-shoe"), LIP.index("right-shoe")


def test_striped_narrow_leg_takes_the_side_of_its_shoe(pose: Pose) -> None:
    label_map = np.zeros((400, 240), np.uint8)
    label_map[260:300, 128:144] = LEFT_LEG
    label_map[300:336, 128:144] = RIGHT_LEG
    feet = np.zeros_like(label_map)
    feet[336:368, 128:150] = LEFT_SHOE

    join_legs(label_map, feet, pose)

    assert set(label_map[260:336, 128:144].flat) == {LEFT_LEG}


def test_leg_of_one_side_keeps_it(pose: Pose) -> None:
    label_map = np.zeros((400, 240), np.uint8)
    label_map[260:336, 128:144] = LEFT_LEG
    feet = np.zeros_like(label_map)
    feet[336:368, 128:150] = RIGHT_SHOE

    join_legs(label_map, feet, pose)

    assert set(label_map[260:336, 128:144].flat) == {LEFT_LEG}


def test_two_touching_legs_stay_two_and_part_at_an_ignored_line(pose: Pose) -> None:
    label_map = np.zeros((400, 240), np.uint8)
    label_map[260:336, 98:118] = RIGHT_LEG
    label_map[260:336, 118:138] = LEFT_LEG

    join_legs(label_map, np.zeros_like(label_map), pose)

    assert label_map[300, 100] == RIGHT_LEG
    assert label_map[300, 118] == IGNORE_INDEX
    assert label_map[300, 136] == LEFT_LEG


def test_striped_leg_of_coinciding_landmarks_is_ignored(pose: Pose) -> None:
    points = pose.points.copy()
    points[24:33:2] = points[23:33:2]
    label_map = np.zeros((400, 240), np.uint8)
    label_map[260:300, 100:140] = LEFT_LEG
    label_map[300:336, 100:140] = RIGHT_LEG

    join_legs(label_map, np.zeros_like(label_map), replace(pose, points=points))

    assert set(label_map[260:336, 100:140].flat) == {IGNORE_INDEX}


def test_bare_foot_takes_the_side_of_the_shoe_around_it(pose: Pose) -> None:
    label_map = np.zeros((400, 240), np.uint8)
    label_map[350:356, 134:140] = RIGHT_LEG
    feet = np.zeros_like(label_map)
    feet[336:368, 128:150] = LEFT_SHOE

    join_legs(label_map, feet, pose)

    assert set(label_map[350:356, 134:140].flat) == {LEFT_LEG}
