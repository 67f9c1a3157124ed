"""Caps, helmets and hoods, shaped around the skull."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from training.synthetic.bodies import BodyModel
from training.synthetic.landmarks import Landmarks
from training.synthetic.piece import Piece, joined

_Grid = NDArray[np.float64]


def _rigid(points: _Grid, model: BodyModel, closed: bool = True) -> Piece:
    """float64[rows, columns, 3] as a mesh that moves with the head; columns close in a ring."""
    rows, columns = points.shape[:2]
    index = np.arange(rows * columns).reshape(rows, columns)
    if closed:
        index = np.concatenate([index, index[:, :1]], axis=1)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    triangles = np.concatenate(
        [np.stack(corner, axis=-1).reshape(-1, 3) for corner in ((a, b, c), (a, c, d))]
    ).astype(np.int32)
    weights = np.zeros((rows * columns, len(model.bones)), dtype=np.float32)
    weights[:, model.bone_index["head"]] = 1
    return Piece(
        points.reshape(-1, 3).astype(np.float32),
        triangles,
        np.zeros((len(triangles), 3, 2), dtype=np.float32),
        weights,
        np.zeros(len(triangles), dtype=np.uint8),
    )


def _dome(
    marks: Landmarks,
    margin_m: float,
    brim: _Grid | float,
    top: float = 1.0,
    ridges: float = 0.0,
    rows: int = 14,
    columns: int = 48,
) -> _Grid:
    """A cap around the skull from its top down to the elevation `brim`.

    Args:
        margin_m: distance from the skull.
        brim: lowest elevation in degrees above the middle of the skull, one or per column.
        top: factor of the height.
        ridges: depth of grooves from front to back, as a share of the radius.
    """
    around = np.linspace(0, 2 * np.pi, columns, endpoint=False)
    lowest = np.radians(np.broadcast_to(brim, columns))
    share = np.linspace(0, 1, rows)[:, None]
    elevation = np.pi / 2 - share * (np.pi / 2 - lowest)
    radii = marks.radii + margin_m
    groove = 1 - ridges * (0.5 + 0.5 * np.cos(6 * np.sin(around) * np.cos(elevation) * np.pi))
    x = radii[0] * np.cos(elevation) * np.sin(around) * groove
    y = -radii[1] * np.cos(elevation) * np.cos(around) * groove
    z = radii[2] * np.sin(elevation) * top * groove
    dome: _Grid = marks.skull + np.stack([x, y, z], axis=-1)
    return dome


def _brim(edge: _Grid, width_m: _Grid | float, drop_m: _Grid | float, rows: int = 5) -> _Grid:
    """A brim float64[rows, columns, 3] outwards from an edge float64[columns, 3]."""
    middle = edge.mean(axis=0)
    outwards = (edge - middle) * [1, 1, 0]
    outwards /= np.linalg.norm(outwards, axis=1, keepdims=True)
    share = np.linspace(0, 1, rows)[:, None, None]
    width = np.broadcast_to(width_m, len(edge))[:, None]
    drop = np.broadcast_to(drop_m, len(edge))[:, None] * [0, 0, -1]
    brim: _Grid = edge + share * outwards * width + share**2 * drop
    return brim


def _beanie(model: BodyModel, marks: Landmarks, length: float) -> Piece:
    around = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    brim = 12 - 30 * (0.5 - 0.5 * np.cos(around)) ** 0.7
    dome = _rigid(_dome(marks, 0.012, brim, 1.05 + 0.25 * length), model)
    cuff = _dome(marks, 0.02, brim, 1.0)[-4:]
    return joined([dome, _rigid(cuff, model)])


def _cap(model: BodyModel, marks: Landmarks, length: float) -> Piece:
    around = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    crown = _dome(marks, 0.014, 14 - 16 * (0.5 - 0.5 * np.cos(around)), 1.08)
    front = np.cos(around)
    width = np.maximum(front - 0.35, 0) ** 0.5 * (0.075 + 0.03 * length)
    drop = 0.02 + 0.03 * np.sin(around) ** 2
    visor = _brim(crown[-1], width + 0.001, drop * (width > 0.001))
    return joined([_rigid(crown, model), _rigid(visor, model)])


def _hard_hat(model: BodyModel, marks: Landmarks, length: float) -> Piece:
    around = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    crown = _dome(marks, 0.028, 12.0, 1.08, ridges=0.03 * length)
    width = 0.018 + 0.03 * np.maximum(np.cos(around), 0)
    return joined([_rigid(crown, model), _rigid(_brim(crown[-1], width, 0.008), model)])


def _sun_hat(model: BodyModel, marks: Landmarks, length: float) -> Piece:
    crown = _dome(marks, 0.014, 8.0, 1.15)
    return joined(
        [
            _rigid(crown, model),
            _rigid(_brim(crown[-1], 0.05 + 0.09 * length, 0.01 + 0.04 * length), model),
        ]
    )


def _cycle_helmet(model: BodyModel, marks: Landmarks, length: float) -> Piece:
    around = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    brim = 20 - 18 * (0.5 - 0.5 * np.cos(around))
    crown = _dome(marks, 0.035, brim, 1.05, ridges=0.05 + 0.07 * length, rows=24, columns=48)
    back = np.maximum(-np.cos(around), 0)[None, :, None] * [0.0, 0.02, 0.0]
    return _rigid(crown + back, model)


def _motor_helmet(model: BodyModel, marks: Landmarks, length: float) -> Piece:
    """All around the head; length opens the window of the face."""
    shell = _dome(marks, 0.04, -62.0, 1.03, rows=90, columns=180)
    piece = _rigid(shell, model)
    middle = piece.vertices[piece.triangles].mean(axis=1) - marks.skull
    window = (
        (middle[:, 1] < -0.3 * marks.radii[1])
        & (middle[:, 2] < 0.035)
        & (middle[:, 2] > -0.045 - 0.05 * length)
    )
    return piece.only(~window)


def _hood(model: BodyModel, marks: Landmarks, length: float) -> Piece:
    """Rings around the axis of sight, from the back of the head to the edge at the face."""
    rings, columns = 24, 64
    around = np.linspace(0, 2 * np.pi, columns, endpoint=False)
    opening = np.radians(48 + 14 * length)
    angle = np.linspace(0.02, np.pi - opening, rings)[:, None]
    radii = marks.radii + 0.028 + 0.015 * length
    x = radii[0] * np.sin(angle) * np.sin(around) * 1.05
    z = radii[2] * np.sin(angle) * np.cos(around)
    # Below the skull it hangs down to the shoulders.
    z = np.where(z < 0, z * 1.75, z) - 0.01
    y = radii[1] * np.cos(angle) * (1 + 0.1 * np.cos(around))
    return _rigid(marks.skull + np.stack(np.broadcast_arrays(x, y, z), axis=-1), model)


HEADGEAR: dict[str, Callable[[BodyModel, Landmarks, float], Piece]] = {
    "beanie": _beanie,
    "cap": _cap,
    "hard_hat": _hard_hat,
    "sun_hat": _sun_hat,
    "cycle_helmet": _cycle_helmet,
    "motor_helmet": _motor_helmet,
    "hood": _hood,
    "coat_hood": _hood,
}
