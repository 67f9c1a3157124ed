"""Pictures harder than the data set's own, made from it with their exact truth."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from limn.labels import IGNORE_INDEX
from training.augment import compose, photometric
from training.augment.recipe import HEAD_NAMES
from training.augment.view import FILL, Rect, bounds, figure
from training.datasets.dataset import ParsingDataset

Pair = tuple[NDArray[np.uint8], NDArray[np.uint8]]
"""Photo uint8[H, W, 3] and label map uint8[H, W]."""

BLUR_SIGMA = 4.0
"""Pixels, on photos 550 wide."""

FAR_WIDTH = 64
TURN_DEGREES = 20.0


@dataclass(frozen=True)
class Stress:
    """One condition; `make` gives None where a picture cannot show it."""

    name: str
    make: Callable[[ParsingDataset, int], Pair | None]


def _crop(pair: Pair, rect: Rect) -> Pair | None:
    image, label_map = pair
    height, width = label_map.shape
    rows = slice(max(0, round(rect.y1)), min(height, round(rect.y2)))
    columns = slice(max(0, round(rect.x1)), min(width, round(rect.x2)))
    piece = image[rows, columns], label_map[rows, columns]
    return piece if min(piece[1].shape) >= 16 else None


def head_and_shoulders(dataset: ParsingDataset, index: int) -> Pair | None:
    """From just above the head to one head's height below the chin, two and a half heads wide."""
    names = dataset.label_set.classes
    if "face" not in names:
        return None
    pair = dataset.pair(index)
    heads = [i for i, name in enumerate(names) if name in HEAD_NAMES]
    face = bounds(pair[1] == names.index("face"))
    head = bounds(np.isin(pair[1], heads))
    if head is None or face is None or face.height > 1.5 * face.width + 40:
        return None
    top, chin = head.y1, face.y2
    side = chin - top
    middle = (face.x1 + face.x2) / 2
    left, right = middle - 1.25 * side, middle + 1.25 * side
    return _crop(pair, Rect(left, top - 0.15 * side, right, chin + side))


def _band(top: float, bottom: float) -> Callable[[ParsingDataset, int], Pair | None]:
    def make(dataset: ParsingDataset, index: int) -> Pair | None:
        pair = dataset.pair(index)
        person = bounds(figure(pair[1]))
        if person is None:
            return None
        rect = Rect(
            person.x1 - 0.1 * person.width,
            person.y1 + top * person.height,
            person.x2 + 0.1 * person.width,
            person.y1 + bottom * person.height,
        )
        return _crop(pair, rect)

    return make


def _camera(
    change: Callable[[NDArray[np.uint8]], NDArray[np.uint8]],
) -> Callable[[ParsingDataset, int], Pair | None]:
    def make(dataset: ParsingDataset, index: int) -> Pair | None:
        image, label_map = dataset.pair(index)
        return change(image), label_map

    return make


def far(dataset: ParsingDataset, index: int) -> Pair | None:
    """The whole photo 64 pixels wide, truth and all."""
    image, label_map = dataset.pair(index)
    size = FAR_WIDTH, round(image.shape[0] * FAR_WIDTH / image.shape[1])
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    truth = cv2.resize(label_map, size, interpolation=cv2.INTER_NEAREST_EXACT)
    return small.astype(np.uint8), truth.astype(np.uint8)


def turned(dataset: ParsingDataset, index: int) -> Pair | None:
    """Turned by 20 degrees about the middle, alternately to either side, grey beyond the edge."""
    image, label_map = dataset.pair(index)
    height, width = label_map.shape
    angle = TURN_DEGREES if index % 2 else -TURN_DEGREES
    matrix = cv2.getRotationMatrix2D((width / 2 - 0.5, height / 2 - 0.5), angle, 0.85)
    size = width, height
    rotated = cv2.warpAffine(image, matrix, size, borderValue=(FILL, FILL, FILL))
    truth = cv2.warpAffine(
        label_map, matrix, size, flags=cv2.INTER_NEAREST, borderValue=(IGNORE_INDEX,)
    )
    return rotated.astype(np.uint8), truth.astype(np.uint8)


def neighbour(dataset: ParsingDataset, index: int) -> Pair | None:
    """The person of another photo beside this one; only the one in the middle counts."""
    image, label_map = dataset.pair(index)
    person = bounds(figure(label_map))
    if person is None:
        return None
    rng = np.random.default_rng(index)
    other = dataset.pair((index + len(dataset) // 2) % len(dataset))
    identity = np.array([[1.0, 0, 0], [0, 1, 0]])
    return compose.add_neighbour(image, label_map, person, other, identity, rng)


STRESSES = (
    Stress("head and shoulders", head_and_shoulders),
    Stress("upper half", _band(-0.03, 0.5)),
    Stress("lower half", _band(0.5, 1.03)),
    Stress("grey", _camera(photometric.grey)),
    Stress("blur", _camera(lambda image: photometric.gaussian_blur(image, BLUR_SIGMA))),
    Stress("64 px wide", far),
    Stress("turned 20 degrees", turned),
    Stress("neighbour", neighbour),
)
