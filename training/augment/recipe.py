"""One training picture from a data set: view, mirror, surroundings, camera, in this order."""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from limn.labels import LabelSet
from training.augment import compose, photometric
from training.augment.view import (
    VIEW_SHARES,
    ViewKind,
    ViewSampler,
    bounds,
    cut_to,
    figure,
    place,
    warp,
)
from training.datasets.dataset import ParsingDataset

BACKGROUND_SHARE = 0.22
NEIGHBOUR_SHARE = 0.25
OCCLUDER_SHARE = 0.15

HEAD_NAMES = ("hat", "hair", "sunglasses", "face")


def mirrored(
    image: NDArray[np.uint8], label_map: NDArray[np.uint8], label_set: LabelSet
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Both as a mirror shows them: a left arm becomes a right one. 255 stays 255."""
    table = np.arange(256, dtype=np.uint8)
    table[: len(label_set)] = label_set.mirror
    return np.ascontiguousarray(image[:, ::-1]), table[label_map[:, ::-1]]


class Recipe:
    """Draws augmented pictures of a data set; equal generators draw equal pictures."""

    def __init__(
        self,
        dataset: ParsingDataset,
        rare_classes: NDArray[np.intp],
        view_shares: Mapping[ViewKind, float] = VIEW_SHARES,
    ) -> None:
        self.dataset = dataset
        heads = tuple(i for i, name in enumerate(dataset.label_set.classes) if name in HEAD_NAMES)
        self.views = ViewSampler(heads, rare_classes, view_shares)

    def draw(
        self, index: int, canvas: tuple[int, int], rng: np.random.Generator
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """uint8[h, w, 3] RGB and uint8[h, w] of class indices, 255 where nothing is known."""
        photo, truth = self.dataset.pair(index)
        if rng.random() < 0.5:
            photo, truth = mirrored(photo, truth, self.dataset.label_set)
        rect = self.views.rect(truth, rng)
        matrix = place(rect, canvas, rng)
        image, label_map = warp(photo, truth, matrix, canvas)
        if rng.random() < BACKGROUND_SHARE:
            scene = compose.backdrop(*self._another(rng), canvas, rng)
            image, label_map = compose.replace_background(image, label_map, scene, rng)
        person = bounds(figure(truth))
        if person is not None and rng.random() < NEIGHBOUR_SHARE:
            image, label_map = compose.add_neighbour(
                image, label_map, person, self._another(rng), matrix, rng
            )
        if rng.random() < OCCLUDER_SHARE:
            texture = compose.backdrop(*self._another(rng), canvas, rng)
            image, label_map = compose.add_occluder(image, label_map, texture, rng)
        image = photometric.camera(image, rng)
        cut_to(rect, matrix, image, label_map, rng)
        return np.ascontiguousarray(image), label_map

    def _another(self, rng: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        return self.dataset.pair(int(rng.integers(len(self.dataset))))


def scaled_canvas(canvas: tuple[int, int], scale: float, multiple: int) -> tuple[int, int]:
    """The canvas at a scale, its sides rounded to a multiple."""
    height, width = (
        max(multiple, math.floor(s * scale / multiple + 0.5) * multiple) for s in canvas
    )
    return height, width
