"""Which part of the body bare skin belongs to, by the bones that move it."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from limn.labels import IGNORE_INDEX, LIP
from training.synthetic.arrays import Vertices, as_bytes
from training.synthetic.bodies import BodyModel
from training.synthetic.piece import Piece
from training.synthetic.shape import RestBody

_ARM = ("shoulder01", "upperarm", "lowerarm", "wrist", "finger", "metacarpal")
_LEG = ("upperleg", "lowerleg", "foot", "toe")
_TORSO = ("root", "pelvis", "spine", "breast", "clavicle")

# The skin that a collar shows belongs to the face in LIP; what lies deeper has no label there.
_COLLAR_DEPTH_M = 0.10


def part_of_bone(bone: str) -> str:
    """`face`, `torso`, `left-arm`, `right-arm`, `left-leg` or `right-leg`."""
    stem, _, side = bone.partition(".")
    word = {"L": "left", "R": "right"}.get(side, "")
    if stem.startswith(_ARM):
        return f"{word}-arm"
    if stem.startswith(_LEG):
        return f"{word}-leg"
    return "torso" if stem.startswith(_TORSO) else "face"


def part_weights(model: BodyModel, weights: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """For each part, float32[V]: its share in each vertex of float32[V, B]."""
    parts = np.array([part_of_bone(bone) for bone in model.bones])
    return {part: weights[:, parts == part].sum(axis=1) for part in np.unique(parts).tolist()}


class SkinLabels:
    """LIP's class of bare skin anywhere on one body at rest; 255 for the torso."""

    def __init__(self, model: BodyModel, rest: RestBody) -> None:
        self._model = model
        shoulders = rest.heads[[model.bone_index[f"upperarm01.{side}"] for side in "LR"]]
        self._collar_z = float(shoulders[:, 2].mean()) - _COLLAR_DEPTH_M
        self._collar_x = 0.7 * float(np.abs(shoulders[:, 0]).mean())

    def at(self, points: Vertices, weights: NDArray[np.float32]) -> NDArray[np.uint8]:
        """uint8[V] of places float32[V, 3] at rest, with their shares of bones float32[V, B]."""
        shares = part_weights(self._model, weights)
        table = [IGNORE_INDEX if name == "torso" else LIP.index(name) for name in shares]
        largest = np.stack(list(shares.values())).argmax(axis=0)
        labels = np.array(table, dtype=np.uint8)[largest]
        is_collar = (points[:, 2] > self._collar_z) & (np.abs(points[:, 0]) < self._collar_x)
        is_face = (labels == IGNORE_INDEX) & is_collar
        return as_bytes(np.where(is_face, LIP.index("face"), labels))

    def of(self, skin: Piece) -> NDArray[np.uint8]:
        """uint8[F], by the middles of triangles."""
        middles = skin.vertices[skin.triangles].mean(axis=1)
        return self.at(middles, skin.weights[skin.triangles].mean(axis=1))


def refined(
    skin: Piece, posed: Vertices, labels: SkinLabels, levels: int = 2
) -> tuple[Piece, Vertices]:
    """Triangles that lie on a border between classes split in four, so that it is smooth.

    Args:
        skin: bare skin at rest.
        posed: float32[V, 3], where its vertices are; new ones are in the middle of edges, so
            that no cracks open.
        labels: of this body.
        levels: how often to split.
    """
    for _ in range(levels):
        at_corners = labels.at(skin.vertices, skin.weights)[skin.triangles]
        mixed = (at_corners != at_corners[:, :1]).any(axis=1)
        skin, posed = _split(skin, posed, mixed)
    return replace(skin, labels=labels.of(skin)), posed


def _split(skin: Piece, posed: Vertices, chosen: NDArray[np.bool_]) -> tuple[Piece, Vertices]:
    """Chosen triangles bool[F] split at the middles of their edges."""
    triangles, uvs = skin.triangles[chosen], skin.uvs[chosen]
    edges = np.sort(np.stack([triangles, np.roll(triangles, -1, axis=1)], axis=-1), axis=-1)
    ends, index = np.unique(edges.reshape(-1, 2), axis=0, return_inverse=True)
    middle = len(posed) + index.reshape(-1, 3)
    uv_middle = (uvs + np.roll(uvs, -1, axis=1)) / 2
    corners = np.concatenate([triangles, middle], axis=1)
    uv_corners = np.concatenate([uvs, uv_middle], axis=1)
    quarters = corners[:, _QUARTERS].reshape(-1, 3)
    uv_quarters = uv_corners[:, _QUARTERS].reshape(-1, 3, 2)
    kept = np.logical_not(chosen)

    def with_middles(values: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.concatenate([values, values[ends].mean(axis=1)])

    finer = Piece(
        with_middles(skin.vertices),
        np.concatenate([skin.triangles[kept], quarters]).astype(np.int32),
        np.concatenate([skin.uvs[kept], uv_quarters]),
        with_middles(skin.weights),
        np.zeros(int(kept.sum()) + len(quarters), dtype=np.uint8),
    )
    return finer, with_middles(posed)


# Of corners 0 to 2, and the middles 3 to 5 of the edges that begin at them.
_QUARTERS = np.array([[0, 3, 5], [3, 1, 4], [5, 4, 2], [3, 4, 5]])
