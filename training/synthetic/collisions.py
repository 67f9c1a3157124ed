"""Whether a limb goes through the body in a pose."""

import numpy as np
from numpy.typing import NDArray

from training.synthetic.bodies import BodyModel
from training.synthetic.mesh import nearest_points, vertex_normals
from training.synthetic.regions import part_weights
from training.synthetic.shape import RestBody
from training.synthetic.skeleton import Rotations, forward, skin

_DEPTH_M = 0.012
_NEAR_M = 0.12


class CollisionTest:
    """Compares the skin of arms and legs with that of all else, in any pose."""

    def __init__(self, model: BodyModel) -> None:
        self._model = model
        rows = model.triangles[model.groups["body"]]
        self._rows, inverse = np.unique(rows, return_inverse=True)
        self._triangles = inverse.reshape(-1, 3).astype(np.int32)
        self._weights = model.dense_weights[self._rows]
        shares = part_weights(model, self._weights)
        self._parts = {name: share > 0.5 for name, share in shares.items()}
        self._lower = {
            side: self._share(side, ("lowerarm", "wrist", "finger", "metacarpal")) > 0.6
            for side in ("left", "right")
        }
        self._hand = {
            side: self._share(side, ("wrist", "finger", "metacarpal")) > 0.3
            for side in ("left", "right")
        }

    def _share(self, side: str, stems: tuple[str, ...]) -> NDArray[np.float32]:
        end = {"left": ".L", "right": ".R"}[side]
        chosen = [bone.startswith(stems) and bone.endswith(end) for bone in self._model.bones]
        share: NDArray[np.float32] = self._weights[:, chosen].sum(axis=1)
        return share

    def deepest(self, rest: RestBody, rotations: Rotations, hands_hidden: bool) -> float:
        """Share of the worst limb's skin that lies inside another part of the body.

        Args:
            hands_hidden: whether hands are allowed to be inside, as they are in pockets.
        """
        transforms = forward(rest.heads, self._model.parents, rotations)
        vertices = skin(rest.vertices[self._rows], self._weights, transforms)
        normals = vertex_normals(vertices, self._triangles)
        worst = 0.0
        for side, other in (("left", "right"), ("right", "left")):
            arm = self._lower[side] & ~(self._hand[side] & hands_hidden)
            rest_of_body = ~self._parts[f"{side}-arm"]
            worst = max(worst, _inside(vertices, normals, arm, rest_of_body))
            leg, other_leg = self._parts[f"{side}-leg"], self._parts[f"{other}-leg"]
            worst = max(worst, _inside(vertices, normals, leg, other_leg))
        return worst


def _inside(
    vertices: NDArray[np.float32],
    normals: NDArray[np.float32],
    limb: NDArray[np.bool_],
    body: NDArray[np.bool_],
) -> float:
    """Share of `limb` that is deep behind the nearest skin of `body`; thighs touch unpunished."""
    points = vertices[limb]
    distance, nearest = nearest_points(vertices[body], points, _NEAR_M)
    found = np.isfinite(distance)
    offset = points[found] - vertices[body][nearest[found]]
    depth = -np.einsum("vi,vi->v", offset, normals[body][nearest[found]])
    return float((depth > _DEPTH_M).sum() / max(len(points), 1))
