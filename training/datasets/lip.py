"""The LIP layout on disk: pictures, label maps and id lists of a split.

As LIP itself is distributed (`TrainVal_images/train_images`, `TrainVal_parsing_annotations/
train_segmentations`, ...) or flat (`train_images`, `train_segmentations`, `train_id.txt`), which
is what `limn prepare` writes. A doubled top folder, as some archives unpack to, is accepted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from limn.labels import IGNORE_INDEX, LIP, LabelSet
from training.errors import DatasetError

Split = Literal["train", "val"]


@dataclass(frozen=True)
class Sample:
    """One picture with its truth, by the places they lie at."""

    id: str
    image: Path
    labels: Path


@dataclass(frozen=True)
class LipDataset:
    """A split of a data set in the LIP layout."""

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
        label_map = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        if label_map is None or label_map.ndim != 2 or label_map.dtype != np.uint8:
            raise DatasetError(f"{path} is not an 8-bit single-channel picture of class indices")
        unknown = (label_map >= len(self.label_set)) & (label_map != IGNORE_INDEX)
        if unknown.any():
            raise DatasetError(
                f"{path} holds {np.unique(label_map[unknown]).tolist()}; {self.label_set.name}"
                f" has 0 to {len(self.label_set) - 1}, and {IGNORE_INDEX} to ignore"
            )
        return label_map.astype(np.uint8, copy=False)

    def pair(self, index: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Picture and label map, checked to be of one size."""
        image, label_map = self.image(index), self.label_map(index)
        if image.shape[:2] != label_map.shape:
            raise DatasetError(
                f"{self.samples[index].id}: the picture is {image.shape[:2]}, its label map"
                f" {label_map.shape}"
            )
        return image, label_map


def open_lip(root: Path, split: Split) -> LipDataset:
    """Find a split under `root`, in either layout.

    Raises:
        DatasetError: a folder, the id list or a file that the list names is missing.
    """
    if not root.is_dir():
        raise DatasetError(f"there is no folder {root}")
    ids_file = _first(root, f"{split}_id.txt", f"TrainVal_images/{split}_id.txt")
    images = _first(root, f"{split}_images", f"TrainVal_images/{split}_images")
    labels = _first(
        root,
        f"{split}_segmentations",
        f"TrainVal_parsing_annotations/{split}_segmentations",
        f"TrainVal_parsing_annotations/TrainVal_parsing_annotations/{split}_segmentations",
    )
    ids = [line.strip() for line in ids_file.read_text().splitlines() if line.strip()]
    if not ids:
        raise DatasetError(f"{ids_file} names no picture")
    samples = [Sample(name, images / f"{name}.jpg", labels / f"{name}.png") for name in ids]
    for sample in samples:
        for path in (sample.image, sample.labels):
            if not path.is_file():
                raise DatasetError(f"{ids_file} names {sample.id}, but there is no {path}")
    return LipDataset(root, split, samples)


def _first(root: Path, *candidates: str) -> Path:
    places = [place for name in candidates for place in (root / name, root / root.name / name)]
    for place in places:
        if place.exists():
            return place
    raise DatasetError(f"{root} has no {candidates[0]} (nor {', '.join(candidates[1:])})")
