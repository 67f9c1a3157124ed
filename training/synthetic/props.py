"""Bags, things held and a box to sit on: no part of the person, so background."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from training.synthetic.arrays import Triangles, Vertices
from training.synthetic.bodies import BodyModel
from training.synthetic.description import Prop
from training.synthetic.mesh import bale_uvs
from training.synthetic.surface import Material, Surface

_Place = tuple[Vertices, Triangles]


def prop_surface(
    prop: Prop,
    model: BodyModel,
    transforms: NDArray[np.float64],
    heads: NDArray[np.float32],
    seat_z: float,
) -> Surface:
    """A prop where a posed person holds or wears it.

    Args:
        prop: what it is.
        model: whose bones are meant.
        transforms: float64[B, 3, 4], of the pose.
        heads: float32[B, 3], where bones begin at rest.
        seat_z: height of what is sat on.
    """
    vertices, triangles = _MADE[prop.kind](prop, _Grip(prop, model, transforms, heads), seat_z)
    uvs = bale_uvs(vertices, triangles, 1.0, 0.0)
    return Surface(
        vertices.astype(np.float32),
        triangles,
        uvs,
        uvs,
        np.zeros(len(triangles), dtype=np.uint8),
        Material(color=prop.color, roughness=0.55, specular=0.4),
    )


class _Grip:
    """Places on a posed body."""

    def __init__(
        self,
        prop: Prop,
        model: BodyModel,
        transforms: NDArray[np.float64],
        heads: NDArray[np.float32],
    ) -> None:
        self._side = "L" if prop.side == "left" else "R"
        self._model, self._transforms, self._heads = model, transforms, heads

    def move(self, bone: str, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points at rest, moved with a bone."""
        transform = self._transforms[self._model.bone_index[bone]]
        moved: NDArray[np.float64] = points @ transform[:, :3].T + transform[:, 3]
        return moved

    def head(self, bone: str) -> NDArray[np.float64]:
        """Where a bone begins at rest."""
        head: NDArray[np.float64] = self._heads[self._model.bone_index[bone]].astype(np.float64)
        return head

    def palm(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Posed middle of the palm, and axes float64[3, 3]: along, across, out of the palm."""
        names = [f"finger{n}-1.{self._side}" for n in (2, 5)]
        wrist = self.head(f"wrist.{self._side}")
        first, last = (self.head(name) for name in names)
        along = (first + last) / 2 - wrist
        across = first - last
        out = np.cross(along, across) * (1 if self._side == "L" else -1)
        middle = wrist + along * 1.3
        axes = np.stack([axis / np.linalg.norm(axis) for axis in (along, across, out)])
        turn = self._transforms[self._model.bone_index[f"wrist.{self._side}"]][:, :3]
        moved = self.move(f"wrist.{self._side}", (middle + axes[2] * 0.025)[None])[0]
        return moved, axes @ turn.T


def _box(sizes: tuple[float, float, float], round_share: float = 0.12) -> _Place:
    """A box around the origin with bevelled edges."""
    steps = np.array([-1, -1 + round_share, 1 - round_share, 1])
    points: list[NDArray[np.float64]] = []
    triangles: list[NDArray[np.int64]] = []
    for axis in range(3):
        for sign in (-1, 1):
            u, v = np.meshgrid(steps, steps, indexing="ij")
            face = np.zeros((4, 4, 3))
            face[..., axis], face[..., (axis + 1) % 3], face[..., (axis + 2) % 3] = sign, u, v
            index = np.arange(16).reshape(4, 4) + len(points) * 16
            a, b, c, d = index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]
            quads = [(a, b, c), (a, c, d)] if sign > 0 else [(a, c, b), (a, d, c)]
            triangles += [np.stack(quad, axis=-1).reshape(-1, 3) for quad in quads]
            points.append(face.reshape(-1, 3))
    cube = np.concatenate(points)
    rounded = cube / np.maximum(np.linalg.norm(cube, axis=1, keepdims=True) / 1.45, 1)
    return (rounded * np.array(sizes) / 2).astype(np.float32), np.concatenate(triangles).astype(
        np.int32
    )


def _tube(path: NDArray[np.float64], radius: float) -> _Place:
    """A round tube along float64[rows, 3]."""
    columns = 10
    around = np.linspace(0, 2 * np.pi, columns, endpoint=False)
    ahead = np.gradient(path, axis=0)
    ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
    side = np.cross(ahead, [0.37, 0.81, 0.45])
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    other = np.cross(ahead, side)
    ring = (
        path[:, None]
        + radius * np.cos(around)[None, :, None] * side[:, None]
        + radius * np.sin(around)[None, :, None] * other[:, None]
    )
    index = np.arange(ring.shape[0] * columns).reshape(-1, columns)
    index = np.concatenate([index, index[:, :1]], axis=1)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    triangles = [np.stack(corner, axis=-1).reshape(-1, 3) for corner in ((a, b, c), (a, c, d))]
    return ring.reshape(-1, 3).astype(np.float32), np.concatenate(triangles).astype(np.int32)


def _together(*things: _Place) -> _Place:
    starts = np.cumsum([0] + [len(thing[0]) for thing in things[:-1]])
    return (
        np.concatenate([thing[0] for thing in things]),
        np.concatenate(
            [thing[1] + start for thing, start in zip(things, starts, strict=True)]
        ).astype(np.int32),
    )


def _seat(prop: Prop, grip: _Grip, seat_z: float) -> _Place:
    points, triangles = _box((prop.size_m, prop.size_m * 0.8, seat_z), 0.03)
    pelvis = grip.move("root", grip.head("spine05")[None])[0]
    middle = np.array([pelvis[0], pelvis[1] - 0.04, seat_z / 2])
    return (points + middle).astype(np.float32), triangles


def _handbag(prop: Prop, grip: _Grip, seat_z: float) -> _Place:
    """Hangs straight down from the hand, whatever the pose."""
    palm, axes = grip.palm()
    size = prop.size_m
    points, triangles = _box((0.35 * size, size, 0.75 * size))
    turn = np.arctan2(axes[1][1], axes[1][0]) + np.pi / 2
    cos, sin = np.cos(turn), np.sin(turn)
    spin = np.array([[cos, sin, 0], [-sin, cos, 0], [0, 0, 1]])
    below = palm - [0, 0, 0.55 * size + 0.12]
    arc = np.linspace(0, np.pi, 16)[:, None]
    handle = (
        palm
        - [0, 0, 0.15]
        + spin[1] * np.cos(arc) * 0.3 * size
        + np.array([0, 0, 0.16]) * np.sin(arc)
    )
    return _together(
        (((points @ spin) + below).astype(np.float32), triangles), _tube(handle, 0.008)
    )


def _backpack(prop: Prop, grip: _Grip, seat_z: float) -> _Place:
    shoulders = (grip.head("upperarm01.L") + grip.head("upperarm01.R")) / 2
    back = grip.head("spine02")
    size = prop.size_m
    points, triangles = _box((0.72 * size, 0.36 * size, size), 0.3)
    middle = np.array(
        [0, max(back[1], shoulders[1]) + 0.13 + 0.18 * size, shoulders[2] - 0.45 * size]
    )
    pack = (points + middle).astype(np.float32)
    straps = []
    half = abs(float(shoulders[0] - grip.head("upperarm01.L")[0])) * 0.62
    for x in (-half, half):
        angle = np.linspace(-0.25 * np.pi, 1.1 * np.pi, 24)[:, None]
        depth = 0.145
        straps.append(
            _tube(
                np.array([x, shoulders[1], shoulders[2] - 0.085])
                + np.array([0, depth, 0]) * np.cos(angle)
                + np.array([0, 0, 0.165]) * np.sin(angle),
                0.02,
            )
        )
    points, triangles = _together((pack, triangles), *straps)
    return grip.move("spine01", points.astype(np.float64)).astype(np.float32), triangles


def _held(sizes: tuple[float, float, float]) -> Callable[[Prop, _Grip, float], _Place]:
    """A box in the palm: along the hand, across it, and thick."""

    def make(prop: Prop, grip: _Grip, seat_z: float) -> _Place:
        palm, axes = grip.palm()
        points, triangles = _box(
            (sizes[0] * prop.size_m, sizes[1] * prop.size_m, sizes[2] * prop.size_m)
        )
        return (points @ axes + palm).astype(np.float32), triangles

    return make


def _stick(prop: Prop, grip: _Grip, seat_z: float) -> _Place:
    """Upright in the hand: a stick, an umbrella, a bottle."""
    palm, _ = grip.palm()
    ends = np.linspace(-0.75, 0.25, 12)[:, None] * [0.0, 0.0, prop.size_m]
    return _tube(palm + ends, 0.012 + 0.01 * prop.size_m)


def _cup(prop: Prop, grip: _Grip, seat_z: float) -> _Place:
    palm, _ = grip.palm()
    ends = np.linspace(-0.5, 0.5, 6)[:, None] * [0.0, 0.0, prop.size_m]
    return _tube(palm + ends, 0.3 * prop.size_m)


_MADE: dict[str, Callable[[Prop, _Grip, float], _Place]] = {
    "seat": _seat,
    "handbag": _handbag,
    "backpack": _backpack,
    "phone": _held((0.95, 0.5, 0.06)),
    "book": _held((1.0, 0.7, 0.12)),
    "cup": _cup,
    "stick": _stick,
}
