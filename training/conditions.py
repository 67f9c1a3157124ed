"""Accuracy by what a picture shows: the SSL paper's challenge factors, and object sizes.

The lists behind figure 5 and table 6 are not distributed, so ours follow from the truth (SSL fact
sheet, section 5); occlusion cannot be told from it. Counts differ from the papers'.
"""

import numpy as np

from limn.labels import LabelSet
from limn.metrics import Accuracy
from training.comparison import Comparison
from training.evaluation import Evaluation, Scored

SMALL, LARGE = 153**2, 321**2
"""Bounds on the area of a picture, width times height in pixels."""

FACTORS = ("head-missed", "upper-body", "lower-body", "full-body", "back-view")
SIZES = ("small", "medium", "large")

_HEAD = {"hat", "hair", "sunglasses", "face"}
_LOWER = {"socks", "pants", "skirt", "left-leg", "right-leg", "left-shoe", "right-shoe"}
_LOWER |= {"lower-clothes", "legs", "shoes"}
_FEET = _LOWER - {"pants", "skirt", "lower-clothes"}


def factors(shown: set[str]) -> list[str]:
    """Challenge factors of a picture of one person that shows these classes."""
    head, lower = bool(shown & _HEAD), bool(shown & _LOWER)
    holds = {
        "head-missed": not head,
        "upper-body": head and not lower,
        "lower-body": lower and not head,
        "full-body": head and bool(shown & _FEET),
        "back-view": bool(shown & {"hat", "hair"}) and "face" not in shown,
    }
    return [name for name in FACTORS if holds[name]]


def size(area: int) -> str:
    """`area` in pixels of the whole picture, which in LIP is cut to the person."""
    return "small" if area < SMALL else "medium" if area < LARGE else "large"


class Conditions:
    """A measure: one confusion matrix per factor and size."""

    def __init__(self, terms: Comparison) -> None:
        self.terms = terms
        classes = len(terms.target)
        names = (FACTORS if _of_one_person(terms.target) else ()) + SIZES
        self.matrices = {name: np.zeros((classes, classes), np.int64) for name in names}
        self.pictures = dict.fromkeys(names, 0)

    def add(self, scored: Scored) -> None:
        pixels = scored.matrix.sum(axis=1)
        shown = {self.terms.target.classes[index] for index in np.flatnonzero(pixels)}
        for name in [*factors(shown), size(scored.truth.size)]:
            if name in self.matrices:
                self.matrices[name] += scored.matrix
                self.pictures[name] += 1

    def evaluations(self) -> list[Evaluation]:
        """One per condition, factors first; a condition may have no pictures."""
        return [
            Evaluation(name, self.pictures[name], self._accuracy(name)) for name in self.matrices
        ]

    def _accuracy(self, name: str) -> Accuracy:
        return self.terms.accuracy(self.matrices[name])


def _of_one_person(label_set: LabelSet) -> bool:
    """PASCAL-Person-Part shows several persons, and has no word for a face."""
    return "face" in label_set.classes
