"""Persons cut out of annotated photos, and these photos, small enough to stay in memory."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from training.augment.view import bounds, figure
from training.datasets.dataset import ParsingDataset

Image = NDArray[np.uint8]
Mask = NDArray[np.bool_]

SMALLEST = 48
"""Pixels; a figure that is less high in its photo is no person worth showing."""


@dataclass(frozen=True)
class Cutout:
    """A person without surroundings.

    Attributes:
        image: uint8[h, w, 3] RGB, the smallest rectangle around the person.
        mask: bool[h, w], true on the person.
        reaches_bottom: whether the person is cut off by the lower border of the photo.
    """

    image: Image
    mask: Mask
    reaches_bottom: bool


@dataclass(frozen=True)
class Annotated:
    """A whole photo uint8[h, w, 3] and where its person is, bool[h, w]."""

    image: Image
    mask: Mask


def read_cutouts(datasets: Sequence[ParsingDataset], height: int) -> list[Cutout]:
    """The person of every picture, at most `height` pixels high."""
    found = []
    for dataset in datasets:
        for index in range(len(dataset)):
            cutout = cut_out(*dataset.pair(index), height)
            if cutout is not None:
                found.append(cutout)
    return found


def cut_out(image: Image, label_map: NDArray[np.uint8], height: int) -> Cutout | None:
    """The person of a picture; None where there is none, or a very small one."""
    mask = figure(label_map)
    box = bounds(mask)
    if box is None or box.height < SMALLEST:
        return None
    inside = slice(int(box.y1), int(box.y2)), slice(int(box.x1), int(box.x2))
    scale = min(1.0, height / box.height)
    return Cutout(
        reduced(image[inside], scale),
        reduced(mask[inside].astype(np.uint8) * np.uint8(255), scale) > 127,
        box.y2 >= image.shape[0] - 1,
    )


def read_photos(
    dataset: ParsingDataset, height: int, left_out: Collection[str] = ()
) -> list[Annotated]:
    """Every picture of a data set but those with these ids, at most `height` pixels high."""
    photos = []
    for index, sample in enumerate(dataset.samples):
        if sample.id in left_out:
            continue
        image, label_map = dataset.pair(index)
        scale = min(1.0, height / image.shape[0])
        mask = figure(label_map).astype(np.uint8) * np.uint8(255)
        photos.append(Annotated(reduced(image, scale), reduced(mask, scale) > 127))
    return photos


def reduced(picture: Image, scale: float) -> Image:
    """Averaged down; as it is where `scale` is 1."""
    if scale >= 1:
        return picture.copy()
    height, width = (max(1, round(side * scale)) for side in picture.shape[:2])
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8)
