"""PPSS on disk: photos of pedestrians by video, with masks in the colours of MATLAB's jet.

`data/<video>/<name>.jpg` with `<name>_m.png` beside it, maybe under `pedestrian_parsing_dataset`
(MMAN fact sheet, section 6). The first 100 of 171 videos are train, the others test.
"""

import logging
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from limn.labels import PPSS
from training.datasets.dataset import ParsingDataset, Sample, Split
from training.datasets.listing import find_part
from training.errors import DatasetError

VIDEOS, TRAIN_VIDEOS = 171, 100
PICTURES: dict[Split, int] = {"train": 1_781, "test": 1_892}

logger = logging.getLogger("limn.datasets")


@dataclass(frozen=True)
class PpssDataset(ParsingDataset):
    """Colours instead of class indices, and masks that need not have the photo's size."""

    def label_map(self, index: int) -> NDArray[np.uint8]:
        """uint8[H, W] of class indices, brought to the photo's size by the nearest pixel."""
        sample = self.samples[index]
        try:
            with Image.open(sample.labels) as mask, Image.open(sample.image) as photo:
                colors, size = np.asarray(mask.convert("RGB"), dtype=np.uint8), photo.size
        except OSError as exc:
            raise DatasetError(f"{sample.labels} or its photo cannot be read: {exc}") from exc
        labels = _classes(colors, sample.labels)
        resized = cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST_EXACT)
        return np.asarray(resized, dtype=np.uint8)


def open_ppss(root: Path, split: Split) -> ParsingDataset:
    """Of fewer videos than the papers', the same share trains.

    Raises:
        DatasetError: a folder is missing, a photo has no mask, or PPSS has no such split.
    """
    if split not in PICTURES:
        raise DatasetError(f"PPSS has train and test, but no {split}")
    folder = find_part(root, "pedestrian_parsing_dataset/data", "data")
    videos = sorted(
        (path for path in folder.iterdir() if path.name.isdecimal()), key=lambda p: int(p.name)
    )
    first = round(len(videos) * TRAIN_VIDEOS / VIDEOS)
    chosen = videos[:first] if split == "train" else videos[first:]
    samples = [_sample(photo) for video in chosen for photo in sorted(video.glob("*.jpg"))]
    if not samples:
        raise DatasetError(f"{folder} has no pictures for {split}")
    if len(samples) != PICTURES[split]:
        logger.warning(
            "PPSS %s has %d pictures, in the papers %d", split, len(samples), PICTURES[split]
        )
    return PpssDataset(root, split, samples, PPSS)


def _sample(photo: Path) -> Sample:
    mask = photo.with_name(f"{photo.stem}_m.png")
    if not mask.is_file():
        raise DatasetError(f"{photo} has no mask {mask.name} beside it")
    return Sample(f"{photo.parent.name}/{photo.stem}", photo, mask)


def _packed(colors: NDArray[np.uint8]) -> NDArray[np.int64]:
    """uint8[..., 3] as one number per colour."""
    packed: NDArray[np.int64] = colors.astype(np.int64) @ np.array([65536, 256, 1])
    return packed


def _classes(colors: NDArray[np.uint8], path: Path) -> NDArray[np.uint8]:
    """uint8[H, W] of class indices from uint8[H, W, 3]; DatasetError names an unknown colour."""
    found, where = np.unique(_packed(colors), return_inverse=True)
    known = _packed(PPSS.palette[: len(PPSS)]).tolist()
    indices = np.zeros(len(found), np.uint8)
    for number, color in enumerate(found.tolist()):
        if color not in known:
            rgb = color >> 16, color >> 8 & 255, color & 255
            raise DatasetError(f"{path} holds the colour {rgb}, which is no class of PPSS")
        indices[number] = known.index(color)
    return indices[where].reshape(colors.shape[:2])
