"""A described person as layers on the body at rest: skin, clothes, hair, hat."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limn.labels import IGNORE_INDEX
from training.synthetic.arrays import Vertices, as_float
from training.synthetic.bodies import BodyModel
from training.synthetic.closet import Closet
from training.synthetic.cover import lift, tuck
from training.synthetic.description import Person, Pose, Worn
from training.synthetic.mesh import nearest_points, vertex_normals
from training.synthetic.piece import Piece
from training.synthetic.posing import pocketed_sides
from training.synthetic.shape import RestBody
from training.synthetic.shells import make_shell
from training.synthetic.wardrobe import ITEMS, Slot

# From the skin outwards.
ORDER: tuple[Slot, ...] = (
    "tights", "socks", "bottom", "shoes", "top", "dress", "outer", "gloves", "scarf",
)  # fmt: skip
_ON_HEAD: tuple[Slot, ...] = ("eyes", "brows", "lashes", "hair", "glasses", "hat")

# What rests on the body without hiding it, or is not cloth.
_UNTUCKED: tuple[Slot, ...] = ("scarf", *_ON_HEAD)

_BELOW_KNEE = ("lowerleg01", "lowerleg02")
_BELOW_ELBOW = ("lowerarm01", "lowerarm02")
_UNDER_HAIR: tuple[Slot, ...] = ("top", "dress", "outer", "scarf")
_HAIR_GAP_M = 0.012

# Between hat and hair, and between hair and scalp.
_HAT_M, _SCALP_M, _ROOM = 0.014, 0.003, 1.09

# Distance of directions of length 1, about 11 degrees.
_ALIGNED = 0.2
_FINGERS = ("finger", "metacarpal")


@dataclass(frozen=True)
class Layer:
    """What lies on the body, at rest; `worn` is none for the skin itself."""

    piece: Piece
    worn: Worn | None


def dress(model: BodyModel, closet: Closet, rest: RestBody, person: Person) -> list[Layer]:
    """Layers from the skin outwards; what cannot be seen in any pose is left out.

    The skin comes without labels: where its parts meet is finer than its triangles.
    """
    skin_rows = model.groups["body"]
    skin = Piece(
        rest.vertices,
        model.triangles[skin_rows],
        model.uvs[skin_rows],
        model.dense_weights,
        np.full(len(skin_rows), IGNORE_INDEX, dtype=np.uint8),
    )
    worn = sorted(person.worn, key=lambda one: _rank(ITEMS[one.item].slot, person.worn))
    layers = [Layer(_barefoot(skin, closet, worn), None)]
    layers += [Layer(_on_body(model, closet, rest, one), one) for one in worn]
    whole = skin.only(np.ones(len(skin.triangles), dtype=bool))
    layers = _tucked(whole, _in_pockets(model, person.pose, layers))
    return _under_hat(_over_shoulders(layers))


def _rank(slot: Slot, worn: Sequence[Worn]) -> float:
    """Boots go over trousers; all else is in order."""
    order = (*ORDER, *_ON_HEAD)
    if slot == "shoes" and any(one.item == "winterboots" for one in worn):
        return order.index("bottom") + 0.5
    if slot == "shoes":
        return order.index("bottom") - 0.5
    return order.index(slot)


def _on_body(model: BodyModel, closet: Closet, rest: RestBody, worn: Worn) -> Piece:
    item = ITEMS[worn.item]
    if item.file:
        piece = closet.hang(worn.item, model, rest)
        if item.slot == "hat":
            piece = _roomier(piece)
    else:
        piece = make_shell(worn.item, model, rest, worn.length)
    if worn.loose_m > 0:
        piece = piece.inflated(worn.loose_m)
    if worn.flare > 0:
        piece = _flared(model, rest, piece, worn.flare)
    return piece


def _roomier(hat: Piece) -> Piece:
    """A hat with room for hair, which hats of files are not made with."""
    middle = (hat.vertices.min(axis=0) + hat.vertices.max(axis=0)) / 2
    middle[2] = hat.vertices[:, 2].min()
    return hat.with_vertices(middle + (hat.vertices - middle) * np.float32(_ROOM))


def _flared(model: BodyModel, rest: RestBody, piece: Piece, flare: float) -> Piece:
    """Trouser legs and sleeves widened towards their ends, around the bones in them."""
    vertices = piece.vertices.copy()
    for side in "LR":
        for names, end in ((_BELOW_KNEE, "foot"), (_BELOW_ELBOW, "wrist")):
            bones = [model.bone_index[f"{name}.{side}"] for name in names]
            share = piece.weights[:, bones].sum(axis=1)
            start = rest.heads[bones[0]]
            axis = rest.heads[model.bone_index[f"{end}.{side}"]] - start
            along = ((vertices - start) @ axis / (axis @ axis)).clip(0, 1)
            away = vertices - (start + along[:, None] * axis)
            vertices += away * (flare * share * along)[:, None]
    return piece.with_vertices(vertices)


def _barefoot(skin: Piece, closet: Closet, worn: Sequence[Worn]) -> Piece:
    """The skin less what its shoes say they hide: toes are where a shoe is not modelled."""
    gone = np.zeros(len(skin.vertices), dtype=bool)
    for one in worn:
        if ITEMS[one.item].slot == "shoes":
            gone[closet.garment(one.item).hides] = True
    return skin.only(np.logical_not(gone[skin.triangles].any(axis=1)))


def _in_pockets(model: BodyModel, pose: Pose, layers: list[Layer]) -> list[Layer]:
    """Layers less the fingers that are in a pocket, which would come out through the trousers."""
    gone = pocketed_sides(pose)
    if not gone:
        return layers
    is_gone = [
        bone.startswith(_FINGERS) and bone[-1] in gone and bone[-2] == "." for bone in model.bones
    ]
    return [
        Layer(
            piece.only(piece.weights[:, is_gone].sum(axis=1)[piece.triangles].max(axis=1) < 0.5),
            worn,
        )
        for piece, worn in ((layer.piece, layer.worn) for layer in layers)
    ]


def _tucked(skin: Piece, layers: list[Layer]) -> list[Layer]:
    """Layers less what others cover; `skin` is all of it."""
    normals = vertex_normals(skin.vertices, skin.triangles)
    result = []
    for index, layer in enumerate(layers):
        piece, worn = layer.piece, layer.worn
        over = [
            (other.piece, ITEMS[other.worn.item].slot)
            for other in layers[index + 1 :]
            if other.worn is not None and ITEMS[other.worn.item].slot not in _UNTUCKED
        ]
        outer = [(other.vertices, other.triangles) for other, _ in over]
        if outer and (worn is None or ITEMS[worn.item].slot not in _UNTUCKED):
            _, nearest = nearest_points(skin.vertices, piece.vertices, np.inf)
            covered = tuck(
                piece.vertices,
                piece.triangles,
                normals[nearest],
                outer,
                is_cloth=worn is not None,
                is_under_coat=worn is not None and any(slot == "outer" for _, slot in over),
            )
            piece = piece.with_vertices(covered.vertices).only(covered.keep)
        if len(piece.triangles):
            result.append(Layer(piece, worn))
    return result


def _over_shoulders(layers: list[Layer]) -> list[Layer]:
    """Scarf and long hair on the cloth that they fall on, not in it."""
    result: list[Layer] = []
    for layer in layers:
        slot = None if layer.worn is None else ITEMS[layer.worn.item].slot
        cloth = [
            (below.piece.vertices, below.piece.triangles)
            for below in result
            if below.worn is not None and ITEMS[below.worn.item].slot in _UNDER_HAIR
        ]
        if slot in ("scarf", "hair") and cloth:
            top = max(float(vertices[:, 2].max()) for vertices, _ in cloth)
            vertices = layer.piece.vertices
            lifted = lift(vertices, np.less(vertices[:, 2], top), cloth, _HAIR_GAP_M)
            layer = Layer(layer.piece.with_vertices(lifted), layer.worn)
        result.append(layer)
    return result


def _under_hat(layers: list[Layer]) -> list[Layer]:
    """Hair less what a hat has no room for, and pressed to what room there is."""
    hats = [layer.piece for layer in layers if layer.worn and ITEMS[layer.worn.item].slot == "hat"]
    if not hats:
        return layers
    skin = layers[0].piece
    return [
        Layer(_pressed(layer.piece, hats[0], skin), layer.worn)
        if layer.worn and ITEMS[layer.worn.item].slot == "hair"
        else layer
        for layer in layers
    ]


def _pressed(hair: Piece, hat: Piece, skin: Piece) -> Piece:
    """Hair pulled to what room a hat leaves, less what it leaves no room for at all."""
    middle = (hat.vertices.min(axis=0) + hat.vertices.max(axis=0)) / 2
    middle[2] = hat.vertices[:, 2].min()
    room, off_hat = _seen_from(middle, hat.vertices, hair.vertices)
    of_scalp = skin.vertices[skin.vertices[:, 2] > middle[2]]
    least = _seen_from(middle, of_scalp, hair.vertices)[0] + _SCALP_M
    has = np.linalg.norm(hair.vertices - middle, axis=1)
    # Hair in the scalp would be a bald head below the brim.
    allowed = np.maximum(room - _HAT_M, least)
    is_in = (off_hat < _ALIGNED) & (has > allowed)
    scale = np.where(is_in, allowed / has, 1.0).astype(np.float32)
    return hair.with_vertices(middle + (hair.vertices - middle) * scale[:, None])


def _seen_from(
    middle: NDArray[np.float32], points: Vertices, towards: Vertices
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """How far the point is that is nearest in each direction, and how far off it in angle."""
    offsets, own = points - middle, towards - middle
    distances = np.linalg.norm(offsets, axis=1)
    own = own / np.linalg.norm(own, axis=1, keepdims=True)
    gap, nearest = nearest_points(offsets / distances[:, None], own, np.inf)
    return as_float(distances[nearest]), as_float(gap)
