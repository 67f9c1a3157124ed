"""One layer that a person wears, on the body at rest."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from training.synthetic.arrays import CornerUvs, Triangles, Vertices
from training.synthetic.mesh import vertex_normals


@dataclass(frozen=True)
class Piece:
    """A mesh, its labels, and what moves it.

    Attributes:
        vertices, triangles, uvs: float32[V, 3], int32[F, 3], float32[F, 3, 2].
        weights: float32[V, B], shares of the bones.
        labels: uint8[F], class indices of LIP.
    """

    vertices: Vertices
    triangles: Triangles
    uvs: CornerUvs
    weights: NDArray[np.float32]
    labels: NDArray[np.uint8]

    def with_vertices(self, vertices: Vertices) -> "Piece":
        """The same mesh elsewhere."""
        return replace(self, vertices=vertices)

    def only(self, keep: NDArray[np.bool_]) -> "Piece":
        """Some of the triangles bool[F], and no vertex that none of them has."""
        used, triangles = np.unique(self.triangles[keep], return_inverse=True)
        return Piece(
            self.vertices[used],
            triangles.reshape(-1, 3).astype(np.int32),
            self.uvs[keep],
            self.weights[used],
            self.labels[keep],
        )

    def inflated(self, thickness_m: float | NDArray[np.float32]) -> "Piece":
        """Every vertex moved outwards along its normal."""
        normals = vertex_normals(self.vertices, self.triangles)
        amount = np.broadcast_to(np.asarray(thickness_m, np.float32), len(normals))
        return self.with_vertices(self.vertices + normals * amount[:, None])


def joined(pieces: list[Piece]) -> Piece:
    """Several pieces as one mesh, not connected."""
    starts = np.cumsum([0] + [len(piece.vertices) for piece in pieces[:-1]])
    return Piece(
        np.concatenate([piece.vertices for piece in pieces]),
        np.concatenate(
            [piece.triangles + start for piece, start in zip(pieces, starts, strict=True)]
        ).astype(np.int32),
        np.concatenate([piece.uvs for piece in pieces]),
        np.concatenate([piece.weights for piece in pieces]),
        np.concatenate([piece.labels for piece in pieces]),
    )
