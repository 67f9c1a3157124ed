"""Tell the left shoe from the right one, by the pose.

Shoes are decided as whole feet: a shoe with the sock or bare foot that it touches, so that the
straps of one sandal stay together. What a foot costs a side is its mean distance to that side's
line from knee over ankle and heel to toe. Two feet apart are matched one to one, which is right
even where both lie nearer to the same landmark. Feet that touch are cut along the middle of the
two lines. They are ignored where the landmarks cannot tell them apart or miss them.

Tolerances are shares of the pose's unit (see `Pose`).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from limn.labels import IGNORE_INDEX, LIP
from training.ccp.geometry import (
    Distances,
    LabelMap,
    Mask,
    mask_points,
    polyline_distance,
)
from training.ccp.landmarks import Pose, Side
from training.ccp.pieces import pieces

SHOES = np.array([LIP.index("left-shoe"), LIP.index("right-shoe")], dtype=np.uint8)
"""uint8[2]: class index of the shoe by side."""

_SMALL = 0.07
"""Largest area of one low shoe, in square units: 1.3 times the median over shoes that are apart."""


@dataclass(frozen=True)
class _Foot:
    """A connected piece of footwear with what it touches.

    Attributes:
        mask: its pixels.
        costs: float64[2], mean distance in pixels to the lower leg of either side.
        shows_both: whether each side is clearly nearer to a fifth of the pixels.
    """

    mask: Mask
    costs: Distances
    shows_both: bool


def split_shoes(shoes: Mask, covers: Mask, pose: Pose) -> LabelMap:
    """Assign feet to sides.

    Args:
        shoes: footwear.
        covers: socks and bare legs, which belong to a foot where they are close to it.
        pose: pose of the person.

    Returns:
        uint8[H, W]: left or right shoe, or 255, on every foot, that is on `shoes` and on the parts
        of `covers` that are decided with it; 0 elsewhere.
    """
    label_map = np.zeros(shoes.shape, dtype=np.uint8)
    if not shoes.any():
        return label_map
    whole = shoes | (covers & _near_feet(covers, pose))
    feet, crumbs = _feet(whole, shoes, pose)
    if len(feet) == 1:
        bare_feet, bare_crumbs = _feet(shoes, shoes, pose)
        if _is_pair(bare_feet, feet[0], pose):
            feet, crumbs = bare_feet, bare_crumbs
    if len(feet) == 2:
        _label_pair(label_map, feet)
    else:
        _label_one(label_map, feet[0], shoes, pose)
    _label_crumbs(label_map, crumbs, pose)
    return label_map


def _near_feet(mask: Mask, pose: Pose) -> Mask:
    """The pixels of `mask` around an ankle-heel-toe line."""
    near = np.zeros_like(mask)
    points = mask_points(mask)
    distances = [polyline_distance(points, pose.foot(side)) for side in Side]
    near[mask] = np.min(distances, axis=0) < 0.15 * pose.unit
    return near


def _feet(whole: Mask, shoes: Mask, pose: Pose) -> tuple[list[_Foot], Mask]:
    """The one or two big pieces of `whole` that hold shoe pixels, and all smaller ones."""
    found = pieces(whole)
    shod = np.bincount(found.numbers[shoes], minlength=len(found) + 1)
    order = [number for number in found.by_area() if shod[number]]
    big = [number for number in order[:2] if found.areas[number] > 0.3 * found.areas[order[0]]]
    feet = [_measure(found.numbers == number, pose) for number in big]
    crumbs: Mask = np.isin(found.numbers, order[len(big) :])
    return feet, crumbs


def _side_distances(mask: Mask, pose: Pose) -> Distances:
    """float64[N, 2]: distance in pixels of every pixel of `mask` to the lower leg of each side."""
    points = mask_points(mask)
    return np.stack([polyline_distance(points, pose.lower_leg(s)) for s in Side], axis=1)


def _measure(mask: Mask, pose: Pose) -> _Foot:
    distances = _side_distances(mask, pose)
    lead = distances[:, Side.RIGHT] - distances[:, Side.LEFT]
    shares = [np.mean(lead > 0.02 * pose.unit), np.mean(lead < -0.02 * pose.unit)]
    return _Foot(mask, distances.mean(axis=0), bool(min(shares) > 0.2))


def _is_wide(mask: Mask, pose: Pose) -> bool:
    """Whether a piece is too wide to be one foot seen from the front."""
    columns = np.flatnonzero(mask.any(axis=0))
    return bool(np.ptp(columns) + 1 > 0.28 * pose.unit)


def _is_pair(shoes: list[_Foot], whole: _Foot, pose: Pose) -> bool:
    """Whether two feet touch with their bare skin or socks alone, so that shoes are apart."""
    return (
        len(shoes) == 2
        and (_is_wide(whole.mask, pose) or whole.shows_both)
        and not any(shoe.shows_both for shoe in shoes)
    )


def _label_pair(label_map: LabelMap, feet: list[_Foot]) -> None:
    """Match two feet to the two sides at the lowest total cost."""
    first, second = feet
    straight = first.costs[Side.LEFT] + second.costs[Side.RIGHT]
    crossed = first.costs[Side.RIGHT] + second.costs[Side.LEFT]
    sides = (Side.LEFT, Side.RIGHT) if straight <= crossed else (Side.RIGHT, Side.LEFT)
    for foot, side in zip(feet, sides, strict=True):
        label_map[foot.mask] = SHOES[side]


def _label_one(label_map: LabelMap, foot: _Foot, shoes: Mask, pose: Pose) -> None:
    """Label a single piece: one foot, two that touch, or two that cannot be told apart."""
    centres = [pose.foot(side).mean(axis=0) for side in Side]
    gap = float(np.linalg.norm(centres[0] - centres[1]))
    is_small = not _is_wide(foot.mask, pose) and foot.mask.sum() < _SMALL * pose.unit**2
    is_two = foot.shows_both and not is_small
    if (
        foot.costs.min() > 0.30 * pose.unit
        or (is_two and gap < 0.08 * pose.unit)
        or (not is_two and _is_wide(foot.mask, pose) and gap < 0.25 * pose.unit)
    ):
        label_map[foot.mask] = IGNORE_INDEX
    elif is_two:
        _cut(label_map, foot, shoes, pose)
    else:
        label_map[foot.mask] = SHOES[foot.costs.argmin()]


def _cut(label_map: LabelMap, foot: _Foot, shoes: Mask, pose: Pose) -> None:
    """Give every pixel of two touching feet to the nearer side; close calls are ignored."""
    distances = _side_distances(foot.mask, pose)
    labels: NDArray[np.uint8] = SHOES[distances.argmin(axis=1)]
    labels[np.ptp(distances, axis=1) < 0.02 * pose.unit] = IGNORE_INDEX
    label_map[foot.mask] = labels
    # A shoe, or a strap of one, that is a piece by itself is of one side.
    parts = pieces(shoes & foot.mask)
    for number in range(1, len(parts) + 1):
        part = parts.numbers == number
        votes = np.bincount(label_map[part], minlength=256)[SHOES]
        if votes.max() > 0.8 * votes.sum() and not _is_wide(part, pose):
            label_map[part] = SHOES[votes.argmax()]


def _label_crumbs(label_map: LabelMap, crumbs: Mask, pose: Pose) -> None:
    """Label every small piece as a whole.

    It takes the side it is clearly nearer to, or else the label of the nearest decided foot.
    """
    if not crumbs.any():
        return
    distance, (rows, columns) = ndimage.distance_transform_edt(label_map == 0, return_indices=True)
    found = pieces(crumbs)
    for number in range(1, len(found) + 1):
        crumb = found.numbers == number
        costs = _side_distances(crumb, pose).mean(axis=0)
        if np.ptp(costs) > 0.05 * pose.unit:
            label_map[crumb] = SHOES[costs.argmin()]
        else:
            nearest = np.argmin(np.where(crumb, distance, np.inf))
            label_map[crumb] = label_map[rows.flat[nearest], columns.flat[nearest]]
