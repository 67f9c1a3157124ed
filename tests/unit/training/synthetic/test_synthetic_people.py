"""Drawn people, dressed and posed: all but the rendering."""

import json
from typing import get_args

import numpy as np
import pytest

from limn.labels import IGNORE_INDEX, LIP
from training.synthetic.description import Description, Prop, PropKind, Side
from training.synthetic.drawing.choice import Dice
from training.synthetic.drawing.picture import draw
from training.synthetic.drawing.views import draw_view
from training.synthetic.errors import SynthesisError
from training.synthetic.figure import body_of, figure_of
from training.synthetic.invariants import mirrored, mirrored_labels
from training.synthetic.mesh import face_normals, nearest_points
from training.synthetic.piece import Piece
from training.synthetic.props import prop_surface
from training.synthetic.raster import rasterised
from training.synthetic.regions import SkinLabels, refined
from training.synthetic.scene import build
from training.synthetic.shells import make_shell
from training.synthetic.studio import Studio
from training.synthetic.wardrobe import ASSETS, ITEMS

FILES = [item for item in ITEMS.values() if item.file]
NPM = [item for item in FILES if item.source != ASSETS]


@pytest.fixture(scope="module")
def drawn(studio: Studio) -> list[Description]:
    """A few pictures."""
    return [draw(studio, 3, index) for index in range(8)]


@pytest.mark.parametrize("item", FILES, ids=lambda item: item.name)
def test_every_file_of_the_wardrobe_can_be_worn(
    studio: Studio, drawn: list[Description], item: object
) -> None:
    name = getattr(item, "name", "")
    rest = body_of(studio, drawn[0].person.body)

    piece = studio.closet.hang(name, studio.model, rest)

    assert len(piece.triangles) > 20
    assert piece.weights.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert set(piece.labels.tolist()) <= set(range(1, len(LIP)))


@pytest.mark.parametrize("length", [0.0, 1.0])
@pytest.mark.parametrize("name", [item.name for item in ITEMS.values() if not item.file])
def test_every_shell_of_the_wardrobe_can_be_worn(
    studio: Studio, drawn: list[Description], name: str, length: float
) -> None:
    rest = body_of(studio, drawn[1].person.body)

    piece = make_shell(name, studio.model, rest, length)

    assert len(piece.triangles) > 20
    assert np.isfinite(piece.vertices).all()
    assert piece.weights.sum(axis=1) == pytest.approx(1, abs=1e-4)
    assert set(piece.labels.tolist()) == {LIP.index(label) for label in ITEMS[name].labels.values()}


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("kind", get_args(PropKind))
def test_props_are_background_and_near_who_has_them(
    studio: Studio, drawn: list[Description], kind: PropKind, side: Side
) -> None:
    figure = figure_of(studio, drawn[1].person)
    prop = Prop(kind=kind, side=side, size_m=0.4, color=(0.1, 0.1, 0.1))

    surface = prop_surface(prop, studio.model, figure.transforms, figure.rest.heads, 0.5)

    assert (surface.labels == 0).all()
    assert np.isfinite(surface.vertices).all()
    distance, _ = nearest_points(figure.body, surface.vertices, np.inf)
    assert distance.min() < 0.15


def test_shoes_are_labelled_by_the_side_they_are_on(
    studio: Studio, drawn: list[Description]
) -> None:
    rest = body_of(studio, drawn[0].person.body)
    piece = studio.closet.hang("shoes03", studio.model, rest)

    x = piece.vertices[piece.triangles].mean(axis=1)[:, 0]

    assert (x[piece.labels == LIP.index("left-shoe")] > 0).all()
    assert (x[piece.labels == LIP.index("right-shoe")] < 0).all()


@pytest.mark.parametrize("item", NPM, ids=lambda item: item.name)
def test_items_of_the_npm_package_are_free(studio: Studio, item: object) -> None:
    path = studio.closet.path(getattr(item, "name", ""))

    licence = json.loads(path.read_text())["metadata"]["license"]

    assert licence["license"].startswith(("CC BY", "CCBY", "CC0"))


@pytest.fixture(scope="module")
def skin(studio: Studio, drawn: list[Description]) -> tuple[Piece, SkinLabels]:
    """The bare skin of a body at rest, and what labels it."""
    model = studio.model
    rest = body_of(studio, drawn[0].person.body)
    rows = model.groups["body"]
    blank = np.zeros(len(rows), dtype=np.uint8)
    piece = Piece(rest.vertices, model.triangles[rows], model.uvs[rows], model.dense_weights, blank)
    return piece.only(np.ones(len(rows), dtype=bool)), SkinLabels(model, rest)


def test_the_skin_of_the_body_is_as_large_left_as_right(skin: tuple[Piece, SkinLabels]) -> None:
    piece, labels = skin
    x = piece.vertices[piece.triangles].mean(axis=1)[:, 0]

    of_triangles = labels.of(piece)

    counts = np.bincount(of_triangles, minlength=256)
    for left, right in ((14, 15), (16, 17)):
        assert counts[left] == pytest.approx(counts[right], rel=0.02)
        assert (x[of_triangles == left] > 0).all()
    assert counts[IGNORE_INDEX] > 0
    assert counts[LIP.index("face")] > 0


def test_borders_between_parts_are_finer_than_triangles(skin: tuple[Piece, SkinLabels]) -> None:
    piece, labels = skin

    finer, posed = refined(piece, piece.vertices, labels)

    def area(mesh: Piece) -> float:
        return float(np.linalg.norm(face_normals(mesh.vertices, mesh.triangles), axis=1).sum())

    assert (posed == finer.vertices).all()
    assert len(finer.triangles) > len(piece.triangles)
    assert area(finer) == pytest.approx(area(piece), rel=1e-5)
    assert set(finer.labels.tolist()) == {13, 14, 15, 16, 17, IGNORE_INDEX}


def test_a_picture_depends_on_its_seed_and_index_alone(
    studio: Studio, drawn: list[Description]
) -> None:
    assert draw(studio, 3, 5) == drawn[5]
    assert draw(studio, 4, 5) != drawn[5]


def test_a_description_survives_its_json(drawn: list[Description]) -> None:
    for description in drawn:
        assert Description.model_validate_json(description.model_dump_json()) == description


def test_everything_worn_from_a_file_is_credited(drawn: list[Description]) -> None:
    for description in drawn:
        files = {ITEMS[worn.item].file for worn in description.person.worn} - {""}

        assert files <= {credit.name for credit in description.credits}


def test_drawn_poses_put_no_limb_through_the_body(studio: Studio, drawn: list[Description]) -> None:
    for description in drawn:
        person = description.person
        rest = body_of(studio, person.body)
        rotations = studio.poser.rotations(person.pose, rest)
        in_pockets = person.pose.name == "pockets"

        assert studio.collisions.deepest(rest, rotations, in_pockets) < 0.04


def test_a_person_stands_on_the_ground(studio: Studio, drawn: list[Description]) -> None:
    figure = figure_of(studio, drawn[1].person)

    lowest = min(surface.vertices[:, 2].min() for surface in figure.surfaces)
    assert lowest == pytest.approx(0, abs=1e-5)


def test_a_mirrored_scene_has_the_mirrored_labels(studio: Studio, drawn: list[Description]) -> None:
    scene = build(studio, drawn[2])

    labels = rasterised(scene.surfaces, scene.camera)
    other = rasterised(mirrored(scene.surfaces), scene.camera.mirrored())

    assert (labels > 0).sum() > 1000
    assert (mirrored_labels(other[:, ::-1]) == labels).mean() > 0.999


def test_half_are_seen_from_behind_or_the_side_and_a_quarter_are_heads() -> None:
    views = [draw_view(Dice(0, index)) for index in range(2000)]

    off_front = [abs((view.azimuth + 180) % 360 - 180) for view in views]

    assert np.mean([angle > 50 for angle in off_front]) == pytest.approx(0.54, abs=0.05)
    assert np.mean([view.framing == "head" for view in views]) == pytest.approx(0.25, abs=0.04)
    assert {view.elevation > 15 for view in views} == {True, False}


def test_a_missing_folder_of_parts_is_named(studio: Studio, tmp_path: object) -> None:
    from pathlib import Path

    from training.synthetic.closet import Closet

    with pytest.raises(SynthesisError, match="no such folder"):
        Closet(Path(str(tmp_path)), Path(str(tmp_path)))
