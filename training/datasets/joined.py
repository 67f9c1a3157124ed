"""Data sets of one label set as one, their pictures numbered through."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from training.datasets.dataset import ParsingDataset
from training.errors import DatasetError


@dataclass(frozen=True)
class JoinedDataset(ParsingDataset):
    """`parts` in order; `root`, `split` and `label_set` are the first one's."""

    parts: Sequence[ParsingDataset] = ()

    def image(self, index: int) -> NDArray[np.uint8]:
        part, own = self._place(index)
        return part.image(own)

    def label_map(self, index: int) -> NDArray[np.uint8]:
        part, own = self._place(index)
        return part.label_map(own)

    def _place(self, index: int) -> tuple[ParsingDataset, int]:
        ends = list(accumulate(len(part) for part in self.parts))
        number = bisect_right(ends, index)
        return self.parts[number], index - (ends[number] - len(self.parts[number]))


def joined(parts: Sequence[ParsingDataset]) -> ParsingDataset:
    """One data set of several; one alone stays what it is.

    Raises:
        DatasetError: their label sets differ.
    """
    first, *others = parts
    if not others:
        return first
    for other in others:
        if other.label_set.name != first.label_set.name:
            raise DatasetError(
                f"{other.root} has {other.label_set.title} labels, {first.root}"
                f" {first.label_set.title}"
            )
    samples = [sample for part in parts for sample in part.samples]
    return JoinedDataset(first.root, first.split, samples, first.label_set, parts)
