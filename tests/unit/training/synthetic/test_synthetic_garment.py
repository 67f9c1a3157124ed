"""Meshes bound to a body: both kinds of files, written by hand."""

import json
from pathlib import Path

import numpy as np
import pytest

from training.synthetic.errors import SynthesisError
from training.synthetic.garment import connected_pieces, read_garment
from training.synthetic.obj import read_obj

OBJ = """
v 0 0 0
v 1 0 0
v 1 1 0
v 0 1 0
vt 0 0
vt 1 0
vt 1 1
g shirt
f 1/1 2/2 3/3 4/1
g button
f 1/1/9 2/2/9 3/3/9
"""

BINDING = """# a comment
name shirt
obj_file shirt.obj
x_scale 0 1 2.0
z_scale 0 2 4.0
y_scale 0 3 1.0
verts 0
0 1 2 1.0 0.0 0.0 1.0 2.0 3.0
0 1 2 0.5 0.5 0.0 0 0 0
3

0 1 2 0 0 1 0 0 0
delete_verts
1 3 - 5
"""

# Ours: x to the left, y to the back, z up; metres.
BODY = np.array([[0, 0, 0], [0.4, 0, 0], [0, 0.4, 0], [0, 0, 0.2]], dtype=np.float32)


@pytest.fixture
def shirt(tmp_path: Path) -> Path:
    """A binding file beside its mesh."""
    (tmp_path / "shirt.obj").write_text(OBJ)
    (tmp_path / "shirt.mhclo").write_text(BINDING)
    return tmp_path / "shirt.mhclo"


def test_a_polygon_becomes_a_fan_of_its_group(tmp_path: Path) -> None:
    (tmp_path / "shirt.obj").write_text(OBJ)

    mesh = read_obj(tmp_path / "shirt.obj")

    assert mesh.triangles.tolist() == [[0, 1, 2], [0, 2, 3], [0, 1, 2]]
    assert mesh.groups["shirt"].tolist() == [0, 1]
    assert mesh.groups["button"].tolist() == [2]
    assert mesh.uvs[1].tolist() == [[0, 0], [1, 1], [0, 0]]


def test_a_mesh_without_faces_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.obj").write_text("v 0 0 0\n")

    with pytest.raises(SynthesisError, match="no face"):
        read_obj(tmp_path / "empty.obj")


def test_vertices_hang_on_the_body_and_offsets_grow_with_it(shirt: Path) -> None:
    fitted = read_garment(shirt).fit(BODY)

    # Offsets of 1, 2 and 3 dm, whose y is our z and whose z our -y. The body is 4 dm wide where
    # the file says 2, 4 dm deep where it says 4, and 2 dm high where it says 1.
    assert fitted[0] == pytest.approx([0.2, -0.3, 0.4])
    assert fitted[1] == pytest.approx([0.2, 0, 0])
    assert fitted[2] == pytest.approx(BODY[3])


def test_what_it_hides_is_read_with_ranges(shirt: Path) -> None:
    assert read_garment(shirt).hides.tolist() == [1, 3, 4, 5]


def test_weights_of_bones_are_blended_and_add_up_to_one(shirt: Path) -> None:
    of_body = np.array([[1, 0], [0, 1], [0, 1], [1, 0]], dtype=np.float32)

    weights = read_garment(shirt).bone_weights(of_body)

    assert weights.tolist() == [[1, 0], [0.5, 0.5], [1, 0], [0, 1]]


def test_pieces_are_numbered_by_their_lowest_vertex() -> None:
    triangles = np.array([[5, 4, 3], [0, 1, 2], [3, 5, 6]], dtype=np.int32)

    assert connected_pieces(triangles, 7).tolist() == [1, 0, 1]


def test_the_npm_format_has_quads_with_materials(tmp_path: Path) -> None:
    document = {
        # A quad with material and uvs (1 + 2 + 8), and a triangle with uvs (8).
        "faces": [11, 0, 1, 2, 3, 0, 0, 1, 2, 0, 8, 0, 1, 2, 2, 1, 0],
        "uvs": [[0, 0, 1, 0, 1, 1]],
        "metadata": {
            "ref_vIdxs": [[0, 1, 2]] * 4,
            "weights": [[1, 0, 0]] * 4,
            "offsets": [[0, 0, 0]] * 4,
            "deleteVerts": [0, 0, 1],
        },
    }
    (tmp_path / "hat.json").write_text(json.dumps(document))

    garment = read_garment(tmp_path / "hat.json")

    assert garment.triangles.tolist() == [[0, 1, 2], [0, 2, 3], [0, 1, 2]]
    assert garment.uvs[2].tolist() == [[1, 1], [1, 0], [0, 0]]
    assert garment.hides.tolist() == [2]


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "hat.json").write_text("{}")

    with pytest.raises(SynthesisError, match="not a garment"):
        read_garment(tmp_path / "hat.json")
