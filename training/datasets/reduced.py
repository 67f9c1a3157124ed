"""A data set made small once and kept in memory, for experiments on small canvases.

Reading a 550 x 830 JPEG takes longer there than a training step.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from training.datasets.dataset import ParsingDataset

Pair = tuple[NDArray[np.uint8], NDArray[np.uint8]]


@dataclass(frozen=True)
class ReducedDataset(ParsingDataset):
    """`pairs`: pictures uint8[H, W, 3] RGB with their label maps uint8[H, W], read-only."""

    pairs: Sequence[Pair] = ()

    def image(self, index: int) -> NDArray[np.uint8]:
        return self.pairs[index][0]

    def label_map(self, index: int) -> NDArray[np.uint8]:
        return self.pairs[index][1]


def reduced(dataset: ParsingDataset, longest_side: int) -> ParsingDataset:
    """Read everything once; a picture with a longer side in pixels is averaged down to it."""
    pairs = [_shrunk(dataset.pair(index), longest_side) for index in range(len(dataset))]
    return ReducedDataset(dataset.root, dataset.split, dataset.samples, dataset.label_set, pairs)


def _shrunk(pair: Pair, longest_side: int) -> Pair:
    image, label_map = pair
    scale = longest_side / max(label_map.shape)
    if scale < 1:
        height, width = (max(1, round(side * scale)) for side in label_map.shape)
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8)
        label_map = cv2.resize(
            label_map, (width, height), interpolation=cv2.INTER_NEAREST_EXACT
        ).astype(np.uint8)
    for array in (image, label_map):
        array.setflags(write=False)
    return image, label_map
