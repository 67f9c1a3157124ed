"""How predictions in one label set are scored against truth in another."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limn.labels import ATR, IGNORE_INDEX, LIP, PPSS, LabelSet
from limn.metrics import Accuracy
from limn.taxonomy import taxonomy

_UNSCORED = {(LIP.name, ATR.name): ("belt", "bag")}
"""Truth that the prediction has no word for: left out (SSL fact sheet, section 6.4)."""

_UNAVERAGED = {(LIP.name, PPSS.name): ("shoes",)}
"""Scored, but no column of MMAN's table 3, whose averages are over the other seven."""


@dataclass(frozen=True)
class Comparison:
    """From label maps of a model and of a data set to accuracy in the data set's label set.

    Attributes:
        target: the data set's label set.
        table: uint8[256], from a predicted class index to one of `target`.
        unscored: true class indices that are treated as unknown.
        averaged: class indices that the means are over; all where there are none.
    """

    target: LabelSet
    table: NDArray[np.uint8]
    unscored: tuple[int, ...] = ()
    averaged: tuple[int, ...] = ()

    def known(self, truth: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Truth with 255 where it cannot be compared."""
        if not self.unscored:
            return truth
        return np.where(np.isin(truth, self.unscored), IGNORE_INDEX, truth).astype(np.uint8)

    def told(self, prediction: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A prediction in the words of the data set; merged after the choice, as MMAN's authors."""
        return self.table[prediction]

    def accuracy(self, matrix: NDArray[np.int64]) -> Accuracy:
        return Accuracy(matrix, self.averaged)


def comparison(source: LabelSet, target: LabelSet) -> Comparison:
    """Raises InvalidParameter, field `label_set`: the one cannot be told as the other."""
    names = source.name, target.name
    left_out = _UNAVERAGED.get(names, ())
    averaged = tuple(i for i, name in enumerate(target.classes) if name not in left_out)
    return Comparison(
        target,
        taxonomy(source, target),
        tuple(target.index(name) for name in _UNSCORED.get(names, ())),
        averaged if left_out else (),
    )
