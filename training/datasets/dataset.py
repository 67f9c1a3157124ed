"""A split of an annotated data set: photos and label maps, read and checked one by one."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from limn.labels import IGNORE_INDEX, LIP, LabelSet
from training.errors import DatasetError

Split = Literal["train", "val", "test"]


@dataclass(frozen=True)
class Sample:
    """One picture with its truth, by the places they lie at."""

    id: str
    image: Path
    labels: Path


@dataclass(frozen=True)
class ParsingDataset:
    """A split of a data set, whatever its layout: photos with their label maps."""

    root: Path
    split: Split
    samples: Sequence[Sample]
    label_set: LabelSet = LIP

    def __len__(self) -> int:
        return len(self.samples)

    def image(self, index: int) -> NDArray[np.uint8]:
        """uint8[H, W, 3] RGB."""
        path = self.samples[index].image
        image = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
        if image is None:
            raise DatasetError(f"{path} is not a picture that can be read")
        return image.astype(np.uint8, copy=False)

    def label_map(self, index: int) -> NDArray[np.uint8]:
        """uint8[H, W] of class indices and 255, the size of `image(index)`."""
        path = self.samples[index].labels
        label_map = _indices(path)
        unknown = (label_map >= len(self.label_set)) & (label_map != IGNORE_INDEX)
        if unknown.any():
            raise DatasetError(
                f"{path} holds {np.unique(label_map[unknown]).tolist()}; {self.label_set.name}"
                f" has 0 to {len(self.label_set) - 1}, and {IGNORE_INDEX} to ignore"
            )
        return label_map

    def pair(self, index: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Picture and label map, checked to be of one size."""
        image, label_map = self.image(index), self.label_map(index)
        if image.shape[:2] != label_map.shape:
            raise DatasetError(
                f"{self.samples[index].id}: the picture is {image.shape[:2]}, its label map"
                f" {label_map.shape}"
            )
        return image, label_map


def _indices(path: Path) -> NDArray[np.uint8]:
    """Pixel values of an 8-bit grey or palette picture, both of which data sets come in."""
    try:
        with Image.open(path) as picture:
            if picture.mode in ("L", "P"):
                return np.array(picture, dtype=np.uint8)
    except OSError as exc:
        raise DatasetError(f"{path} is not a picture that can be read") from exc
    raise DatasetError(f"{path} is not an 8-bit single-channel picture of class indices")
