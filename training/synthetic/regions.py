"""Which part of the body each of its triangles belongs to, by the bones that move it."""

import numpy as np
from numpy.typing import NDArray

from limn.labels import IGNORE_INDEX, LIP
from training.synthetic.arrays import as_bytes
from training.synthetic.bodies import BodyModel
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


def body_labels(
    model: BodyModel, rest: RestBody, weights: NDArray[np.float32]
) -> NDArray[np.uint8]:
    """uint8[F]: LIP's class of the bare skin of every triangle of the body; 255 for the torso."""
    shares = part_weights(model, weights)
    names = list(shares)
    per_face = np.stack([shares[name][model.triangles].sum(axis=1) for name in names])
    table = [IGNORE_INDEX if name == "torso" else LIP.index(name) for name in names]
    labels = np.array(table, dtype=np.uint8)[per_face.argmax(axis=0)]
    shoulders = rest.heads[[model.bone_index[f"upperarm01.{side}"] for side in "LR"]]
    middle = rest.vertices[model.triangles].mean(axis=1)
    is_collar = (middle[:, 2] > shoulders[:, 2].mean() - _COLLAR_DEPTH_M) & (
        np.abs(middle[:, 0]) < 0.7 * np.abs(shoulders[:, 0]).mean()
    )
    is_face = (labels == IGNORE_INDEX) & is_collar
    return as_bytes(np.where(is_face, LIP.index("face"), labels))
