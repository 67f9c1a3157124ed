"""How often each class occurs in a data set, and what that means for sampling and for the loss."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limn.labels import IGNORE_INDEX
from training.datasets.dataset import ParsingDataset
from training.datasets.sides import SideTally

REPEAT_THRESHOLD = 0.25
"""A class in a smaller share of the pictures than this has its pictures drawn more often."""

MAX_REPEAT = 5.0
WEIGHT_BOUNDS = (0.6, 2.5)


@dataclass(frozen=True)
class ClassStatistics:
    """`pixels` int64[N, K]: how many pixels of picture n show class k."""

    pixels: NDArray[np.int64]

    def repeat_factors(self) -> NDArray[np.float64]:
        """float64[N], at least 1: how often each picture is drawn, relative to a common one.

        Repeat-factor sampling (Gupta et al., LVIS, CVPR 2019, section 4.1): a class in a share f of
        the pictures asks for sqrt(threshold / f), a picture follows its rarest class.
        """
        present = self.pixels > 0
        share = np.maximum(present.mean(axis=0), 1 / len(present))
        wanted = np.clip(np.sqrt(REPEAT_THRESHOLD / share), 1.0, MAX_REPEAT)
        factors: NDArray[np.float64] = np.where(present, wanted, 1.0).max(axis=1)
        return factors

    def class_weights(self, power: float) -> NDArray[np.float32]:
        """float32[K]: weights of the cross-entropy, (median share / share) ^ power, bounded."""
        share = np.maximum(self.pixels.sum(axis=0), 1) / max(1, self.pixels.sum())
        weights = (np.median(share) / share) ** power
        bounded: NDArray[np.float32] = weights.clip(*WEIGHT_BOUNDS).astype(np.float32)
        return bounded

    def rare_classes(self) -> NDArray[np.intp]:
        """Class indices, background aside, that fewer than a quarter of the pictures show."""
        share = (self.pixels > 0).mean(axis=0)
        return np.flatnonzero((share > 0) & (share < REPEAT_THRESHOLD))


def count_classes(dataset: ParsingDataset) -> ClassStatistics:
    """Read every label map once.

    Raises:
        DatasetError: a label map holds other values, or left and right look swapped.
    """
    classes = len(dataset.label_set)
    rows, sides = [], SideTally(dataset.label_set)
    for index in range(len(dataset)):
        label_map = dataset.label_map(index)
        rows.append(np.bincount(label_map.ravel(), minlength=IGNORE_INDEX + 1)[:classes])
        sides.add(label_map)
    sides.check()
    return ClassStatistics(np.stack(rows).astype(np.int64))
