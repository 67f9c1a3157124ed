"""Clothes made from the body itself: a part of its surface, or of its helpers, moved outwards.

The body mesh brings helpers, which are closed clothes-like surfaces: tights all over the body
and a skirt down to the ankles. They bend with the body, so what is cut from them does.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limn.labels import LIP
from training.synthetic.bodies import BodyModel
from training.synthetic.headgear import HEADGEAR
from training.synthetic.landmarks import Landmarks
from training.synthetic.piece import Piece, joined
from training.synthetic.regions import part_of_bone
from training.synthetic.scarf import scarf
from training.synthetic.shape import RestBody
from training.synthetic.wardrobe import ITEMS

_TIGHTS, _SKIRT, _SKIN = "helper-tights", "helper-skirt", "body"


@dataclass(frozen=True)
class _Cutter:
    """Cuts surfaces out of one body."""

    model: BodyModel
    rest: RestBody
    marks: Landmarks

    @property
    def heights(self) -> NDArray[np.float32]:
        """float32[N], of each vertex of the body at rest."""
        return self.rest.vertices[:, 2]

    def between(self, group: str, low_z: float, high_z: float, among: NDArray[np.bool_]) -> Piece:
        """The triangles of a group among bool[N] that lie between two heights, at least in part.

        Corners beyond a height are moved to it, so that hems are straight.
        """
        z = self.heights
        is_free = self.marks.along_arm == 0
        part = self.cut(group, among & (~is_free | (z > low_z - 0.1) & (z < high_z + 0.1)))
        vertices = part.vertices.copy()
        part_z = vertices[:, 2]
        on_arm = part.weights @ self._arm_bones > 0.5
        inside = on_arm | ((part_z > low_z) & (part_z < high_z))
        vertices[:, 2] = np.where(on_arm, part_z, part_z.clip(low_z, high_z))
        seen = np.asarray(inside[part.triangles].any(axis=1))
        return part.with_vertices(vertices).only(seen)

    @property
    def _arm_bones(self) -> NDArray[np.float32]:
        """float32[B]: 1 for the bones of the arms."""
        parts = [part_of_bone(bone) for bone in self.model.bones]
        return np.array([part.endswith("arm") for part in parts], dtype=np.float32)

    def cut(self, group: str, keep: NDArray[np.bool_]) -> Piece:
        """The triangles of a group whose corners are all in `keep`, bool[N]."""
        rows = self.model.groups[group]
        triangles = self.model.triangles[rows]
        whole = Piece(
            self.rest.vertices,
            triangles,
            self.model.uvs[rows],
            self.model.dense_weights,
            np.zeros(len(rows), dtype=np.uint8),
        )
        return whole.only(np.asarray(keep[triangles].all(axis=1)))

    def trunk(self, hem_z: float, neck_z: float, sleeve: float) -> Piece:
        """Torso and arms of the tights, between two heights; sleeves are 0 none to 1 whole."""
        return self.between(_TIGHTS, hem_z, neck_z, self.marks.along_arm < sleeve)

    def legs(self, group: str, waist_z: float, hem_z: float) -> Piece:
        """All of a group but the arms, between two heights."""
        return self.between(group, hem_z, waist_z, self.marks.along_arm == 0)

    def skirt(self, waist_z: float, hem_z: float) -> Piece:
        """The skirt, between two heights."""
        return self.between(_SKIRT, hem_z, waist_z, np.ones(len(self.heights), dtype=bool))


def make_shell(name: str, model: BodyModel, rest: RestBody, length: float) -> Piece:
    """The shell of this name on this body.

    Args:
        length: 0 to 1, from its shortest to its longest cut.
    """
    marks = Landmarks.of(model, rest)
    if name in HEADGEAR:
        piece = HEADGEAR[name](model, marks, length)
    elif name == "scarf":
        piece = scarf(model, rest, marks, length)
    else:
        piece = _SHELLS[name](_Cutter(model, rest, marks), length)
    (label,) = ITEMS[name].labels.values()
    labels = np.full(len(piece.triangles), LIP.index(label), dtype=np.uint8)
    return Piece(piece.vertices, piece.triangles, piece.uvs, piece.weights, labels)


def _between(low: float, high: float, share: float) -> float:
    return low + share * (high - low)


def _turtleneck(cut: _Cutter, length: float) -> Piece:
    hem = _between(cut.marks.waist_z, cut.marks.hip_z, length)
    return cut.trunk(hem, cut.marks.chin_z - 0.02, 1.0).inflated(0.006)


def _long_sleeves(cut: _Cutter, length: float) -> Piece:
    hem = _between(cut.marks.waist_z, cut.marks.hip_z, length)
    return cut.trunk(hem, cut.marks.neck_z, 1.0).inflated(0.006)


def _loose_shirt(cut: _Cutter, length: float) -> Piece:
    hem = _between(cut.marks.hip_z + 0.03, cut.marks.crotch_z + 0.04, length)
    return cut.trunk(hem, cut.marks.neck_z, _between(0.3, 1.0, length)).inflated(0.02)


def _short_jacket(cut: _Cutter, length: float) -> Piece:
    hem = _between(cut.marks.hip_z + 0.03, cut.marks.crotch_z + 0.04, length)
    return cut.trunk(hem, cut.marks.neck_z + 0.03, 1.0).inflated(0.028)


def _skirted(cut: _Cutter, hem_z: float, neck_z: float, sleeve: float, thick: float) -> Piece:
    """A trunk down to the waist with a skirt below it, which reaches a little under it."""
    top = cut.trunk(cut.marks.waist_z - 0.05, neck_z, sleeve).inflated(thick)
    return joined([top, cut.skirt(cut.marks.waist_z + 0.03, hem_z).inflated(thick * 0.7)])


def _long_coat(cut: _Cutter, length: float) -> Piece:
    hem = _between(cut.marks.knee_z + 0.1, cut.marks.ankle_z + 0.15, length)
    return _skirted(cut, hem, cut.marks.neck_z + 0.03, 1.0, 0.028)


def _long_dress(cut: _Cutter, length: float) -> Piece:
    hem = _between(cut.marks.knee_z, cut.marks.ankle_z + 0.05, length)
    return _skirted(cut, hem, cut.marks.neck_z - 0.02, _between(0.15, 1.0, length), 0.008)


def _long_skirt(cut: _Cutter, length: float) -> Piece:
    hem = _between(cut.marks.knee_z - 0.15, cut.marks.ankle_z, length)
    return cut.skirt(cut.marks.waist_z, hem)


def _midi_skirt(cut: _Cutter, length: float) -> Piece:
    hem = _between(cut.marks.knee_z + 0.1, cut.marks.knee_z - 0.15, length)
    return cut.skirt(cut.marks.waist_z, hem)


def _leggings(cut: _Cutter, length: float) -> Piece:
    hem = _between(cut.marks.knee_z - 0.1, cut.marks.ankle_z, length)
    return cut.legs(_TIGHTS, cut.marks.waist_z, hem).inflated(0.004)


def _shorts(cut: _Cutter, length: float) -> Piece:
    hem = _between(cut.marks.crotch_z - 0.12, cut.marks.knee_z, length)
    return cut.legs(_TIGHTS, cut.marks.waist_z, hem).inflated(0.022)


def _jumpsuit(cut: _Cutter, length: float) -> Piece:
    trunk = cut.trunk(cut.marks.ankle_z, cut.marks.neck_z, _between(0.25, 1.0, length))
    return trunk.inflated(0.012)


def _tights(cut: _Cutter, length: float) -> Piece:
    # As thin as they are, they must not lie in the skin.
    return cut.legs(_SKIN, cut.marks.hip_z, -np.inf).inflated(0.002 + 0.001 * length)


def _knee_socks(cut: _Cutter, length: float) -> Piece:
    top = _between(cut.marks.ankle_z + 0.08, cut.marks.knee_z - 0.05, length)
    return cut.legs(_SKIN, top, -np.inf).inflated(0.004)


def _gloves(cut: _Cutter, length: float) -> Piece:
    start = 1.0 - _between(0.02, 0.18, length)
    return cut.cut(_SKIN, cut.marks.along_arm > start).inflated(0.004)


_SHELLS: dict[str, Callable[[_Cutter, float], Piece]] = {
    "turtleneck": _turtleneck,
    "long_sleeves": _long_sleeves,
    "loose_shirt": _loose_shirt,
    "short_jacket": _short_jacket,
    "long_coat": _long_coat,
    "long_dress": _long_dress,
    "long_skirt": _long_skirt,
    "midi_skirt": _midi_skirt,
    "leggings": _leggings,
    "shorts": _shorts,
    "jumpsuit": _jumpsuit,
    "tights": _tights,
    "knee_socks": _knee_socks,
    "gloves": _gloves,
}
