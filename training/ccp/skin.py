"""Tell face, arms and legs apart in CCP's single `skin` label.

Every body part is a set of thick line segments between landmarks. A pixel goes to the part whose
surface is nearest (distance to the segment less its radius). That alone confuses a hand with the
thigh it hangs beside, so each connected piece of skin is then denied the parts it cannot be, by
where it starts and ends and how close a hand is. Last, specks are absorbed. Neck and collar count
as face; the skin of chest and midriff, for which LIP has no class, is ignored.

Radii and tolerances are shares of the pose's unit (see `Pose`), y grows downwards.
"""

import numpy as np
from numpy.typing import NDArray

from limn.labels import IGNORE_INDEX, LIP
from training.ccp.geometry import (
    Distances,
    LabelMap,
    Mask,
    Point,
    Points,
    mask_points,
    segment_distance,
)
from training.ccp.landmarks import Joint, Pose, Side
from training.ccp.pieces import Pieces, grow, pieces

_PARTS = np.array(
    [
        LIP.index("face"),
        LIP.index("left-arm"),
        LIP.index("right-arm"),
        LIP.index("left-leg"),
        LIP.index("right-leg"),
        IGNORE_INDEX,
    ],
    dtype=np.uint8,
)
_FACE, _ARMS, _LEGS, _TORSO = 0, [1, 2], [3, 4], 5

_Segment = tuple[Point, Point, float]


def split_skin(skin: Mask, pose: Pose) -> LabelMap:
    """uint8[H, W]: face, left/right arm, left/right leg or 255 on `skin`; 0 elsewhere."""
    label_map = np.zeros(skin.shape, dtype=np.uint8)
    if not skin.any():
        return label_map
    points = mask_points(skin)
    found = pieces(skin)
    piece_of = found.numbers[skin]
    costs = _part_costs(points, pose)
    _forbid(costs, points, piece_of, found, pose)
    label_map[skin] = _PARTS[_settle_pieces(costs, piece_of, found, pose)]
    _absorb_islands(label_map, skin, 0.012 * pose.unit**2)
    return label_map


def _segments(pose: Pose) -> list[list[_Segment]]:
    """The segments (start, end, radius in pixels) of every part, in the order of `_PARTS`."""
    unit = pose.unit
    shoulders, hips = pose.middle(Joint.SHOULDER), pose.middle(Joint.HIP)
    face: list[_Segment] = [
        (pose.forehead, pose.chin, 0.15 * unit),
        (pose.joint(Joint.EAR, Side.LEFT), pose.joint(Joint.EAR, Side.RIGHT), 0.10 * unit),
        (pose.chin, shoulders, 0.09 * unit),
    ]
    chest = shoulders + np.array([0.0, 0.22 * unit])
    torso: list[_Segment] = [(chest, hips, 0.18 * pose.shoulder_width)]
    return [face, *(_arm(pose, s) for s in Side), *(_leg(pose, s) for s in Side), torso]


def _arm(pose: Pose, side: Side) -> list[_Segment]:
    joints = (Joint.SHOULDER, Joint.ELBOW, Joint.WRIST, Joint.THUMB)
    shoulder, elbow, wrist, thumb = (pose.joint(joint, side) for joint in joints)
    unit = pose.unit
    return [
        (shoulder, elbow, 0.09 * unit),
        (elbow, wrist, 0.08 * unit),
        (wrist, pose.hand_tip(side), 0.07 * unit),
        (wrist, thumb, 0.06 * unit),
    ]


def _leg(pose: Pose, side: Side) -> list[_Segment]:
    joints = (Joint.HIP, Joint.KNEE, Joint.ANKLE, Joint.HEEL, Joint.TOE)
    hip, knee, ankle, heel, toe = (pose.joint(joint, side) for joint in joints)
    unit = pose.unit
    return [
        (hip, knee, 0.13 * unit),
        (knee, ankle, 0.09 * unit),
        (ankle, heel, 0.06 * unit),
        (heel, toe, 0.06 * unit),
    ]


def _part_costs(points: Points, pose: Pose) -> Distances:
    """float64[N, 6]: how far, in pixels, each point lies outside each part (inside is negative)."""
    costs = [
        np.min([segment_distance(points, a, b) - radius for a, b, radius in segments], axis=0)
        for segments in _segments(pose)
    ]
    return np.stack(costs, axis=1)


def _forbid(
    costs: Distances, points: Points, piece_of: NDArray[np.int32], found: Pieces, pose: Pose
) -> None:
    """Set the cost of impossible parts to infinity, in place."""
    hip_line = pose.middle(Joint.HIP)[1]
    is_face = np.argmin(costs, axis=1) == _FACE
    hand_distance = np.min(
        [segment_distance(points, pose.joint(Joint.WRIST, s), pose.hand_tip(s)) for s in Side],
        axis=0,
    )
    above_hips = points[:, 1] < hip_line - 0.05 * pose.unit
    for number in range(1, len(found) + 1):
        inside = np.flatnonzero(piece_of == number)
        forbidden = _forbidden_parts(
            points[inside], float(hand_distance[inside].min()), bool(is_face[inside].any()), pose
        )
        costs[np.ix_(inside, np.flatnonzero(forbidden))] = np.inf
    costs[np.ix_(np.flatnonzero(above_hips), np.array(_LEGS))] = np.inf


def _forbidden_parts(
    points: Points, hand_distance: float, has_face: bool, pose: Pose
) -> NDArray[np.bool_]:
    """bool[6]: the parts that one piece of skin, made of `points`, cannot be."""
    unit = pose.unit
    top, bottom = points[:, 1].min(), points[:, 1].max()
    shoulders, hips, knees = (
        pose.middle(joint)[1] for joint in (Joint.SHOULDER, Joint.HIP, Joint.KNEE)
    )
    forbidden = np.zeros(len(_PARTS), dtype=np.bool_)
    is_hand = hand_distance < 0.35 * unit and bottom < hips + 0.8 * (knees - hips)
    if is_hand or bottom < hips:
        forbidden[_LEGS] = True
    if top > knees:
        forbidden[[_FACE, *_ARMS]] = True
    if not has_face and hand_distance < 0.30 * unit:
        forbidden[_TORSO] = True
    if top > shoulders + 0.15 * unit:
        forbidden[_FACE] = True
    if hand_distance > 0.35 * unit and _is_collar(points, pose):
        forbidden[_ARMS] = True
    return forbidden


def _is_collar(points: Points, pose: Pose) -> bool:
    """Whether a piece of skin is small and lies on the body's axis, between chin and chest."""
    unit = pose.unit
    x, y = points.mean(axis=0)
    axis_x, shoulder_line = pose.middle(Joint.SHOULDER)
    return bool(
        len(points) < (0.35 * unit) ** 2
        and abs(x - axis_x) < max(0.25 * pose.shoulder_width, 0.08 * unit)
        and pose.chin[1] - 0.10 * unit < y < shoulder_line + 0.35 * unit
    )


def _settle_pieces(
    costs: Distances, piece_of: NDArray[np.int32], found: Pieces, pose: Pose
) -> NDArray[np.intp]:
    """intp[N]: part of every point; nearly uniform and small pieces become one part."""
    parts: NDArray[np.intp] = np.argmin(costs, axis=1)
    parts[np.isinf(costs).all(axis=1)] = _TORSO
    for number in range(1, len(found) + 1):
        inside = np.flatnonzero(piece_of == number)
        votes = np.bincount(parts[inside], minlength=len(_PARTS))
        if votes.max() > 0.85 * len(inside):
            parts[inside] = votes.argmax()
        elif len(inside) < (0.10 * pose.unit) ** 2:
            mean_costs = costs[inside].mean(axis=0)
            parts[inside] = votes.argmax() if np.isinf(mean_costs).all() else mean_costs.argmin()
    return parts


def _absorb_islands(label_map: LabelMap, skin: Mask, area: float) -> None:
    """Give one-part islands under `area` pixels to the part that surrounds them, in place."""
    for part in _PARTS:
        islands = pieces((label_map == part) & skin)
        for number in range(1, len(islands) + 1):
            if islands.areas[number] >= area:
                continue
            window = islands.window(number, margin=1)
            island = islands.numbers[window] == number
            around = grow(island, 1) & ~island & skin[window]
            if around.any():
                label_map[window][island] = np.bincount(label_map[window][around]).argmax()
