"""A described person as surfaces: dressed at rest, then posed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.synthetic.arrays import Vertices
from training.synthetic.cloth import fold_texture, pattern_texture, strand_texture
from training.synthetic.description import Body, Person, Worn
from training.synthetic.dressing import Layer, dress
from training.synthetic.mesh import bale_uvs
from training.synthetic.regions import SkinLabels, refined
from training.synthetic.shape import ORIGINS, RestBody, rest_body
from training.synthetic.skeleton import Transforms, forward, skin
from training.synthetic.studio import Studio
from training.synthetic.surface import Material, Surface
from training.synthetic.wardrobe import ITEMS

_PHENOTYPES = (
    "gender", "age", "muscle", "weight", "height", "proportions", "cupsize", "firmness", *ORIGINS,
)  # fmt: skip


@dataclass(frozen=True)
class Figure:
    """A posed person.

    Attributes:
        surfaces: what is seen of them.
        body: float32[N, 3], all vertices of the body, posed; hidden ones too.
        rest: the body before.
        transforms: float64[B, 3, 4], of the bones.
    """

    surfaces: list[Surface]
    body: Vertices
    rest: RestBody
    transforms: Transforms


def body_of(studio: Studio, body: Body) -> RestBody:
    """The body at rest."""
    phenotypes = {name: float(getattr(body, name)) for name in _PHENOTYPES}
    return rest_body(studio.model, phenotypes, body.expression)


def figure_of(studio: Studio, person: Person) -> Figure:
    """Dress and pose a person, hips over the origin and lowest point on the ground, z = 0."""
    model = studio.model
    rest = body_of(studio, person.body)
    rotations = studio.poser.rotations(person.pose, rest)
    transforms = forward(rest.heads, model.parents, rotations)
    layers = dress(model, studio.closet, rest, person)
    posed = [skin(layer.piece.vertices, layer.piece.weights, transforms) for layer in layers]
    hips = transforms[model.bone_index["root"]]
    place = hips[:, :3] @ rest.heads[model.bone_index["root"]] + hips[:, 3]
    place[2] = min(vertices[:, 2].min() for vertices in posed)
    transforms[:, :, 3] -= place
    if layers[0].worn is None:
        piece, posed[0] = refined(layers[0].piece, posed[0], SkinLabels(model, rest))
        layers[0] = Layer(piece, None)
    surfaces = [
        _surface(studio, person, layer, vertices - place.astype(np.float32))
        for layer, vertices in zip(layers, posed, strict=True)
    ]
    body = skin(rest.vertices, model.dense_weights, transforms)
    return Figure(surfaces, body, rest, transforms)


def _surface(studio: Studio, person: Person, layer: Layer, vertices: Vertices) -> Surface:
    piece, worn = layer.piece, layer.worn
    repeat, turn = (1.0, 0.0) if worn is None else (worn.cloth.repeat_m, worn.cloth.turn)
    return Surface(
        vertices,
        piece.triangles,
        piece.uvs,
        bale_uvs(piece.vertices, piece.triangles, repeat, turn),
        piece.labels,
        _material(studio, person, worn),
    )


def _material(studio: Studio, person: Person, worn: Worn | None) -> Material:
    if worn is None:
        return Material(
            texture=studio.painter.paint(person.complexion), roughness=0.5, specular=0.35
        )
    item = ITEMS[worn.item]
    texture = studio.closet.texture(worn.item)
    match item.slot:
        case "eyes":
            eyes = studio.closet.eye_texture(person.complexion.eyes)
            return Material(texture=eyes, roughness=0.15, specular=0.5)
        case "hair" if texture is None:
            return Material(color=person.hair, roughness=0.55, specular=0.3)
        case "hair" | "brows" | "lashes":
            shade = 1.0 if item.slot == "hair" else 0.6
            color = (person.hair[0] * shade, person.hair[1] * shade, person.hair[2] * shade)
            assert texture is not None
            return Material(texture=strand_texture(texture, color), roughness=0.5, specular=0.3)
        case "glasses":
            return Material(color=worn.cloth.color, roughness=0.12, specular=0.6)
        case _:
            return _cloth_material(studio, worn, texture)


def _cloth_material(studio: Studio, worn: Worn, texture: NDArray[np.uint8] | None) -> Material:
    cloth = worn.cloth
    patch = None
    if cloth.pattern == "photo" and cloth.photo is not None:
        patch = studio.places.cloth(cloth.photo, cloth.seed)
    pattern = pattern_texture(cloth, patch)
    return Material(
        color=cloth.color if pattern is None else (1.0, 1.0, 1.0),
        texture=None if texture is None else fold_texture(texture),
        pattern=pattern,
        roughness=0.92 - 0.65 * cloth.shine,
        specular=0.1 + 0.4 * cloth.shine,
        sheen=0.2 * (1 - cloth.shine),
    )
