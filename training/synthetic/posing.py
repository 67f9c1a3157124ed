"""From a described pose to a rotation of every bone of one body."""

from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.synthetic.bodies import BodyModel
from training.synthetic.bvh import read_pose
from training.synthetic.description import Joints, Limb, Pose
from training.synthetic.limbs import reach
from training.synthetic.shape import RestBody
from training.synthetic.skeleton import Rotations, euler

_SPINE = ("spine05", "spine04", "spine03", "spine02", "spine01")
_NECK = ("neck01", "neck02", "neck03", "head")
_FORWARD = np.array([0.0, -1.0, 0.0])
# Between the elbows of hands in pockets and of arms that hang.
_POCKET_ELBOW = 0.65

_MIRROR = np.diag([-1.0, 1.0, 1.0])


class Poser:
    """Turns bones; pose files lie in one folder."""

    def __init__(self, model: BodyModel, folder: Path) -> None:
        self._model = model
        self._folder = folder
        self._file = lru_cache(maxsize=None)(self._read)

    def rotations(self, pose: Pose, rest: RestBody) -> Rotations:
        """float64[B, 3, 3], relative to the parent."""
        if pose.files:
            turns = self._mixture(pose.files)
            self._spread(turns, _NECK, pose.joints.head)
        else:
            turns = self._from_joints(pose.joints, rest)
        return self._mirrored(turns) if pose.mirrored else turns

    def _read(self, name: str) -> Rotations:
        return read_pose(self._folder / f"{name}.bvh", self._model.bones)

    def _mixture(self, files: dict[str, float]) -> Rotations:
        """The nearest rotations to the weighted mean of several."""
        mean = sum(share * self._file(name) for name, share in files.items())
        left, _, right = np.linalg.svd(mean)
        turns: Rotations = left @ right
        flipped = np.linalg.det(turns) < 0
        left[flipped, :, 2] *= -1
        return np.where(flipped[:, None, None], left @ right, turns)

    def _mirrored(self, turns: Rotations) -> Rotations:
        swap = {".L": ".R", ".R": ".L"}
        names = [
            name[:-2] + swap[name[-2:]] if name[-2:] in swap else name for name in self._model.bones
        ]
        order = [self._model.bone_index[name] for name in names]
        mirrored: Rotations = _MIRROR @ turns[order] @ _MIRROR
        return mirrored

    def _spread(self, turns: Rotations, bones: tuple[str, ...], degrees: tuple[float, ...]) -> None:
        """Share a rotation among a chain of bones, on top of what they have."""
        part = euler(np.array(degrees) / len(bones), "zyx")
        for name in bones:
            index = self._model.bone_index[name]
            turns[index] = turns[index] @ part

    def _from_joints(self, joints: Joints, rest: RestBody) -> Rotations:
        turns = np.tile(np.eye(3), (len(self._model.bones), 1, 1))
        turns[self._model.bone_index["root"]] = euler(np.array(joints.root), "zyx")
        self._spread(turns, _SPINE, joints.spine)
        self._spread(turns, _NECK, joints.head)
        for side, limb in zip("LR", joints.arms, strict=True):
            self._arm(turns, rest, side, limb)
            self._bend_fingers(turns, rest, side, joints.fingers)
        for side, limb in zip("LR", joints.legs, strict=True):
            self._leg(turns, rest, side, limb)
        return turns

    def _head(self, rest: RestBody, name: str) -> NDArray[np.float64]:
        head: NDArray[np.float64] = rest.heads[self._model.bone_index[name]].astype(np.float64)
        return head

    def _arm(self, turns: Rotations, rest: RestBody, side: str, limb: Limb) -> None:
        sign = 1.0 if side == "L" else -1.0
        target = np.array(limb.target) * [sign, 1, 1]
        # The collarbone follows an arm that goes up.
        lift = np.clip(target[2] + 0.2, 0, 1) * 25
        clavicle = euler(np.array([0.0, -sign * lift, 0.0]))
        turns[self._model.bone_index[f"clavicle.{side}"]] = clavicle
        joints = tuple(
            self._head(rest, f"{bone}.{side}") for bone in ("upperarm01", "lowerarm01", "wrist")
        )
        hinge = np.cross(joints[2] - joints[0], _FORWARD)
        length = sum(np.linalg.norm(np.diff(np.stack(joints), axis=0), axis=1))
        upper, lower = reach(
            (joints[0], joints[1], joints[2]),
            hinge / np.linalg.norm(hinge),
            clavicle.T @ target * length,
            clavicle.T @ (np.array(limb.pole) * [sign, 1, 1]),
        )
        turns[self._model.bone_index[f"upperarm01.{side}"]] = upper
        turns[self._model.bone_index[f"lowerarm01.{side}"]] = lower
        axis = joints[2] - joints[1]
        turn = _about(axis, sign * limb.turn)
        turns[self._model.bone_index[f"lowerarm02.{side}"]] = turn

    def _bend_fingers(self, turns: Rotations, rest: RestBody, side: str, degrees: float) -> None:
        # Across the hand, from the little finger to the first.
        across = self._head(rest, f"finger2-1.{side}") - self._head(rest, f"finger5-1.{side}")
        sign = 1.0 if side == "L" else -1.0
        for finger in range(2, 6):
            for joint in range(1, 4):
                turn = _about(across, sign * degrees * (0.6 + 0.1 * finger))
                turns[self._model.bone_index[f"finger{finger}-{joint}.{side}"]] = turn

    def _leg(self, turns: Rotations, rest: RestBody, side: str, limb: Limb) -> None:
        sign = 1.0 if side == "L" else -1.0
        joints = tuple(
            self._head(rest, f"{bone}.{side}") for bone in ("upperleg01", "lowerleg01", "foot")
        )
        hinge = np.cross(joints[2] - joints[0], -_FORWARD)
        length = sum(np.linalg.norm(np.diff(np.stack(joints), axis=0), axis=1))
        upper, lower = reach(
            (joints[0], joints[1], joints[2]),
            hinge / np.linalg.norm(hinge),
            np.array(limb.target) * [sign, 1, 1] * length,
            np.array(limb.pole) * [sign, 1, 1],
        )
        turns[self._model.bone_index[f"upperleg01.{side}"]] = upper
        turns[self._model.bone_index[f"lowerleg01.{side}"]] = lower
        # A foot keeps its sole down as far as an ankle lets it.
        shin = turns[self._model.bone_index["root"]] @ upper @ lower
        level = shin.T @ euler(np.array([0.0, 0.0, sign * limb.turn]))
        turns[self._model.bone_index[f"foot.{side}"]] = _limited(level, 50.0)


def _about(axis: NDArray[np.float64], degrees: float) -> NDArray[np.float64]:
    """Rotation about an axis, float64[3, 3]."""
    x, y, z = axis / np.linalg.norm(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    angle = np.radians(degrees)
    turn: NDArray[np.float64] = (
        np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    )
    return turn


def _limited(turn: NDArray[np.float64], most_degrees: float) -> NDArray[np.float64]:
    """The same rotation, or one about the same axis by as much as is allowed."""
    angle = np.degrees(np.arccos(np.clip((np.trace(turn) - 1) / 2, -1, 1)))
    if angle <= most_degrees:
        return turn
    axis = np.array([turn[2, 1] - turn[1, 2], turn[0, 2] - turn[2, 0], turn[1, 0] - turn[0, 1]])
    return _about(axis, most_degrees)


def pocketed_sides(pose: Pose) -> set[str]:
    """`L` and `R` of the hands that are in a pocket: whose elbows stand out."""
    if pose.name != "pockets":
        return set()
    sides = "RL" if pose.mirrored else "LR"
    return {
        side
        for side, arm in zip(sides, pose.joints.arms, strict=True)
        if arm.pole[0] > _POCKET_ELBOW
    }
