"""Make bare lower legs agree with the feet they end in.

Where legs touch or cross, the nearest landmark flips from row to row and stripes a single leg left
and right. A piece of bare leg too narrow to be two legs is one, and the shoe below it names its
side. What then still belongs to both sides alike is ignored.

Tolerances are shares of the pose's unit (see `Pose`).
"""

import numpy as np

from limn.labels import IGNORE_INDEX, LIP
from training.ccp.geometry import LabelMap, Mask, crossing, mask_points, polyline_distance
from training.ccp.landmarks import Joint, Pose, Side
from training.ccp.pieces import grow, pieces
from training.ccp.shoes import SHOES

LEGS = np.array([LIP.index("left-leg"), LIP.index("right-leg")], dtype=np.uint8)
"""uint8[2]: class index of the bare leg by side."""

_TOUCH = 4
"""Pixels between a leg and a shoe that still count as touching."""


def join_legs(label_map: LabelMap, feet: LabelMap, pose: Pose) -> None:
    """Settle the side of bare legs, in place.

    Args:
        label_map: uint8[H, W], body parts and garments.
        feet: uint8[H, W], the feet as `split_shoes` made them.
        pose: pose of the person.
    """
    bare = np.isin(label_map, LEGS)
    for foot_side in Side:
        label_map[bare & (feet == SHOES[foot_side])] = LEGS[foot_side]
    legs = pieces(bare)
    for number in range(1, len(legs) + 1):
        window = legs.window(number, margin=_TOUCH)
        leg = legs.numbers[window] == number
        counts = np.bincount(label_map[window][leg], minlength=len(LIP))[LEGS]
        is_striped = counts.min() > 0.05 * counts.sum()
        origin = (window[1].start, window[0].start)
        if not is_striped:
            continue
        is_single = _width(leg) < _widest_single_leg(leg, origin, pose)
        side = _touched_shoe(leg, feet[window]) if is_single else None
        if side is not None:
            label_map[window][leg] = LEGS[side]
        else:
            label_map[window][leg & _is_between(leg, origin, pose)] = IGNORE_INDEX


def _is_between(leg: Mask, origin: tuple[int, int], pose: Pose) -> Mask:
    """The pixels of `leg` that are as near to the left leg as to the right one."""
    points = mask_points(leg) + origin
    left, right = (polyline_distance(points, pose.leg(side)) for side in Side)
    between = np.zeros_like(leg)
    between[leg] = np.abs(left - right) < 0.02 * pose.unit
    return between


def _width(leg: Mask) -> float:
    """Width in pixels of the piece over nine tenths of its rows."""
    widths = leg.sum(axis=1)
    return float(np.quantile(widths[widths > 0], 0.9))


def _widest_single_leg(leg: Mask, origin: tuple[int, int], pose: Pose) -> float:
    """Width in pixels below which a piece is one leg; wider where the shins cross in it."""
    shins = [(pose.joint(Joint.KNEE, s), pose.joint(Joint.ANKLE, s)) for s in Side]
    point = crossing(shins[0], shins[1])
    if point is not None:
        column, row = np.rint(point - origin).astype(int)
        height, width = leg.shape
        if 0 <= row < height and 0 <= column < width and leg[row, column]:
            return 0.33 * pose.unit
    return 0.20 * pose.unit


def _touched_shoe(leg: Mask, feet: LabelMap) -> Side | None:
    """The side whose shoe touches the leg; None where no shoe does, or both do."""
    touched = np.bincount(feet[grow(leg, _TOUCH)], minlength=256)[SHOES]
    if touched.max() == 0 or touched.max() < 0.8 * touched.sum():
        return None
    return Side(int(touched.argmax()))
