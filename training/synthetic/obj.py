"""Wavefront OBJ files as triangles with texture coordinates."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from training.synthetic.arrays import CornerUvs, Triangles, Vertices
from training.synthetic.errors import SynthesisError


@dataclass(frozen=True)
class ObjMesh:
    """One mesh in the file's own axes and unit.

    Attributes:
        vertices: float32[V, 3].
        triangles: int32[F, 3]; a polygon of n corners is a fan of n - 2 of them.
        uvs: float32[F, 3, 2]; zero where the file has none.
        groups: for each name of a group, the rows of `triangles` that belong to it, int[...].
    """

    vertices: Vertices
    triangles: Triangles
    uvs: CornerUvs
    groups: dict[str, Triangles]


def read_obj(path: Path) -> ObjMesh:
    """Read vertices, texture coordinates, faces and groups; all else is passed over.

    Raises:
        SynthesisError: the file is missing or has no face.
    """
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise SynthesisError(f"{path}: cannot be read ({error.strerror})") from error
    vertices: list[list[float]] = []
    coordinates: list[list[float]] = [[0.0, 0.0]]
    corners: list[tuple[int, int]] = []
    rows: dict[str, list[int]] = {}
    group = rows.setdefault("", [])
    for words in map(str.split, lines):
        match words:
            case ["v", x, y, z, *_]:
                vertices.append([float(x), float(y), float(z)])
            case ["vt", u, v, *_]:
                coordinates.append([float(u), float(v)])
            case ["g", name, *_]:
                group = rows.setdefault(name, [])
            case ["f", *polygon]:
                fan = _fan([_corner(word) for word in polygon])
                group.extend(range(len(corners) // 3, (len(corners) + len(fan)) // 3))
                corners.extend(fan)
    if not corners:
        raise SynthesisError(f"{path}: no face in it")
    table = np.array(corners, dtype=np.int32).reshape(-1, 3, 2)
    return ObjMesh(
        np.array(vertices, dtype=np.float32),
        np.ascontiguousarray(table[..., 0]),
        np.array(coordinates, dtype=np.float32)[table[..., 1]],
        {name: np.array(row, dtype=np.int32) for name, row in rows.items()},
    )


def _corner(word: str) -> tuple[int, int]:
    """Index of the vertex, and of the texture coordinate where 0 is none."""
    vertex, _, rest = word.partition("/")
    coordinate = rest.partition("/")[0]
    return int(vertex) - 1, int(coordinate) if coordinate else 0


def _fan(polygon: list[tuple[int, int]]) -> list[tuple[int, int]]:
    return [
        corner for second, third in pairwise(polygon[1:]) for corner in (polygon[0], second, third)
    ]
