"""A scarf: a thick ring around the neck, with an end that hangs down in front."""

import numpy as np
from scipy.spatial import cKDTree

from training.synthetic.arrays import Vertices, as_float
from training.synthetic.bodies import BodyModel
from training.synthetic.landmarks import Landmarks
from training.synthetic.piece import Piece
from training.synthetic.shape import RestBody

_AROUND, _THICK = 48, 14


def scarf(model: BodyModel, rest: RestBody, marks: Landmarks, length: float) -> Piece:
    """Moves with the skin below it; `length` is that of the hanging end and the thickness."""
    ring = _ring(marks, 0.02 + 0.012 * length)
    end = _end(model, rest, marks, 0.1 + 0.3 * length)
    points = np.concatenate([ring, end])
    triangles = np.concatenate(
        [_grid(_THICK, _AROUND, True), len(ring) + _grid(len(end) // 6, 6, False)]
    )
    skin = np.unique(model.triangles[model.groups["body"]])
    _, nearest = cKDTree(rest.vertices[skin]).query(points, k=6)
    weights = model.dense_weights[skin][nearest].mean(axis=1)
    return Piece(
        points,
        triangles,
        np.zeros((len(triangles), 3, 2), dtype=np.float32),
        weights,
        np.zeros(len(triangles), dtype=np.uint8),
    )


def _ring(marks: Landmarks, thickness_m: float) -> Vertices:
    around = np.linspace(0, 2 * np.pi, _AROUND, endpoint=False)[None, :]
    across = np.linspace(0, 2 * np.pi, _THICK, endpoint=False)[:, None]
    radius = marks.neck_radius + thickness_m * 0.6
    folds = 1 + 0.18 * np.sin(7 * around + 2 * across)
    out = radius + thickness_m * np.cos(across) * folds
    x = out * np.sin(around)
    y = -out * np.cos(around) * 1.05
    z = thickness_m * 1.4 * np.sin(across) * folds + 0.018 * -np.cos(around)
    middle = marks.neck + np.array([0.0, 0.0, 0.01])
    ring = np.stack(np.broadcast_arrays(x, y, z), axis=-1).reshape(-1, 3)
    return as_float(middle + ring)


def _end(model: BodyModel, rest: RestBody, marks: Landmarks, length_m: float) -> Vertices:
    """A strip on the chest, float32[rows * 6, 3]."""
    rows = 12
    down, across = np.meshgrid(np.linspace(0, 1, rows), np.linspace(-1, 1, 6), indexing="ij")
    skin = rest.vertices[np.unique(model.triangles[model.groups["body"]])]
    x = marks.neck[0] + 0.04 + 0.05 * across
    z = marks.neck[2] - 0.03 - length_m * down
    front = skin[skin[:, 1] < marks.neck[1]]
    _, nearest = cKDTree(front[:, [0, 2]]).query(np.stack([x, z], axis=-1), k=8)
    y = front[nearest, 1].min(axis=-1) - 0.035 + 0.006 * np.cos(5 * across)
    # It hangs straight from where the body stands out most.
    y = np.minimum.accumulate(y, axis=0)
    return np.stack([x, y, z], axis=-1).reshape(-1, 3).astype(np.float32)


def _grid(rows: int, columns: int, closed: bool) -> np.ndarray[tuple[int, int], np.dtype[np.int32]]:
    """Triangles int32[F, 3] of a sheet, or of a ring whose both directions close."""
    index = np.arange(rows * columns).reshape(rows, columns)
    if closed:
        index = np.pad(index, ((0, 1), (0, 1)), mode="wrap")
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    quads = [np.stack(corner, axis=-1).reshape(-1, 3) for corner in ((a, c, b), (a, d, c))]
    return np.concatenate(quads).astype(np.int32)
