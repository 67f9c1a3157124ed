"""What clothes hide: inner layers lose what lies under outer ones, and never poke through.

All of it happens on the body at rest; what is dropped there cannot show in any pose.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from training.synthetic.arrays import Triangles, Vertices, as_float
from training.synthetic.mesh import nearest_few, nearest_points, vertex_normals

_Mesh = tuple[Vertices, Triangles]

# From what pokes through to cloth that hangs far off.
_POKE_M, _REACH_M = 0.04, 0.12
_HEM_M = 0.03
_GAP_M = 0.006
_CANDIDATES = 12
_SIDEWAYS_M = 0.01

# What of a shirt is seen is more than this across; less shows through a coat by mistake.
_SPECK_M = 0.06
_SLACK = 0.05


@dataclass(frozen=True)
class Covered:
    """An inner layer under its outer ones.

    Attributes:
        vertices: float32[V, 3], pushed in where they came too close to the outer layer.
        keep: bool[F], triangles that may still be seen.
    """

    vertices: Vertices
    keep: NDArray[np.bool_]


def tuck(
    inner: Vertices,
    triangles: Triangles,
    outwards: NDArray[np.float32],
    outer: list[_Mesh],
    is_cloth: bool = False,
    is_under_coat: bool = False,
) -> Covered:
    """Drop what `outer` covers by more than a hem, and push in the rest of what it covers.

    Args:
        inner, triangles: float32[V, 3] and int32[F, 3].
        outwards: float32[V, 3], away from the body; normals of cloth are not, at its hems.
        outer: meshes worn over it.
        is_cloth: whether it also counts that the outer layer is near, since a gap in cloth
            is less of a fault than cloth that pokes through.
        is_under_coat: whether small gaps in what is covered do not count: what is seen there
            pokes through, while a trouser leg may show a little below another cloth.
    """
    above = np.concatenate([vertices[faces] for vertices, faces in outer])
    height = _height_above(inner, outwards, above)
    if is_cloth:
        height = np.minimum(height, _height_of_nearest(inner, outwards, above))
    covered = np.isfinite(height)
    if is_under_coat:
        covered |= _specks(inner, triangles, np.logical_not(covered))
    if not covered.any():
        return Covered(inner, np.ones(len(triangles), dtype=bool))
    deep = covered.copy()
    if not covered.all():
        bare, _ = nearest_points(inner[~covered], inner[covered], np.inf)
        deep[covered] = bare > _HEM_M
    push = np.where(covered, np.maximum(_GAP_M - height, 0), 0).astype(np.float32)
    return Covered(inner - outwards * push[:, None], np.logical_not(deep[triangles].all(axis=1)))


def lift(inner: Vertices, movable: NDArray[np.bool_], below: list[_Mesh], gap_m: float) -> Vertices:
    """Move some vertices of what lies on cloth out of it, along the normals of the cloth.

    Args:
        inner: float32[V, 3], such as hair on a coat.
        movable: bool[V].
        below: meshes that it lies on.
        gap_m: how far off it shall lie.
    """
    points = np.concatenate([vertices for vertices, _ in below])
    normals = np.concatenate([vertex_normals(*mesh) for mesh in below])
    rows = np.flatnonzero(movable)
    distance, nearest = nearest_points(points, inner[rows], _REACH_M)
    rows, nearest = rows[np.isfinite(distance)], nearest[np.isfinite(distance)]
    height = np.einsum("vi,vi->v", inner[rows] - points[nearest], normals[nearest])
    lifted = inner.copy()
    lifted[rows] += normals[nearest] * np.maximum(gap_m - height, 0)[:, None].astype(np.float32)
    return lifted


def _specks(points: Vertices, triangles: Triangles, bare: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """bool[V]: bare vertices whose connected part is too small to be meant to be seen.

    A part with nothing covered next to it is a button or a knot, and stays.
    """
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    within = edges[bare[edges].all(axis=1)]
    graph = coo_array((np.ones(len(within), dtype=bool), within.T), shape=(len(points),) * 2)
    count, part = connected_components(graph, directed=False)
    least, most = np.full((count, 3), np.inf), np.full((count, 3), -np.inf)
    np.minimum.at(least, part, points)
    np.maximum.at(most, part, points)
    at_rim = edges[bare[edges].any(axis=1) & ~bare[edges].all(axis=1)]
    is_speck = np.zeros(count, dtype=bool)
    is_speck[part[at_rim.ravel()]] = True
    is_speck &= (most - least).max(axis=1) < _SPECK_M
    specks: NDArray[np.bool_] = bare & is_speck[part]
    return specks


def _height_above(
    points: Vertices, normals: NDArray[np.float32], above: NDArray[np.float32]
) -> NDArray[np.float32]:
    """float32[V]: how far along its normal each point meets a triangle, infinite for none.

    Args:
        points, normals: float32[V, 3].
        above: float32[F, 3, 3], corners of triangles; the nearest few of each point are tried.
    """
    near = nearest_few(above.mean(axis=1), points, _CANDIDATES)
    corners = above[near]
    first, second = corners[:, :, 1] - corners[:, :, 0], corners[:, :, 2] - corners[:, :, 0]
    ray = np.broadcast_to(normals[:, None], first.shape)
    cross = np.cross(ray, second)
    area = np.einsum("vki,vki->vk", first, cross)
    area = np.where(np.abs(area) < 1e-12, np.nan, area)
    offset = points[:, None] - corners[:, :, 0]
    of_first = np.einsum("vki,vki->vk", offset, cross) / area
    turned = np.cross(offset, first)
    of_second = np.einsum("vki,vki->vk", ray, turned) / area
    height = np.einsum("vki,vki->vk", second, turned) / area
    meets = (
        (of_first > -_SLACK)
        & (of_second > -_SLACK)
        & (of_first + of_second < 1 + _SLACK)
        & (height > -_POKE_M)
        & (height < _REACH_M)
    )
    return as_float(np.where(meets, height, np.inf).min(axis=1))


def _height_of_nearest(
    points: Vertices, normals: NDArray[np.float32], above: NDArray[np.float32]
) -> NDArray[np.float32]:
    """float32[V]: how far along its normal the nearest cloth is, infinite where none is over it."""
    samples = np.concatenate([above.reshape(-1, 3), above.mean(axis=1)])
    distance, nearest = nearest_points(samples, points, _REACH_M)
    found = np.isfinite(distance)
    offset = samples[np.where(found, nearest, 0)] - points
    height = np.einsum("vi,vi->v", offset, normals)
    sideways = np.sqrt(np.maximum(distance.clip(0, 1) ** 2 - height**2, 0))
    # What hangs further off is above a larger part of what is below it.
    allowed = np.maximum(_SIDEWAYS_M, 0.25 * height)
    is_over = found & (height > -_POKE_M) & (sideways < allowed)
    return as_float(np.where(is_over, height, np.inf))
