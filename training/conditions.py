"""Accuracy by what a picture shows: the SSL paper's challenge factors, and object sizes.

The lists behind figure 5 and table 6 are not distributed, so ours follow from the truth (SSL fact
sheet, section 5); occlusion cannot be told from it. Counts differ from the papers'.
"""

from collections.abc import Callable, Sequence

import numpy as np

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
    """A measure: one confusion matrix per condition that a picture may fulfil, or several.

    Args:
        terms: how predictions are compared with the truth.
        names: every condition, in the order of the report.
        of: which of them a picture fulfils.
    """

    def __init__(
        self, terms: Comparison, names: Sequence[str], of: Callable[[Scored], Sequence[str]]
    ) -> None:
        self.terms = terms
        self.of = of
        classes = len(terms.target)
        self.matrices = {name: np.zeros((classes, classes), np.int64) for name in names}
        self.pictures = dict.fromkeys(names, 0)

    def add(self, scored: Scored) -> None:
        for name in self.of(scored):
            self.matrices[name] += scored.matrix
            self.pictures[name] += 1

    def evaluations(self) -> list[Evaluation]:
        """One per condition; a condition may have no pictures."""
        return [
            Evaluation(name, self.pictures[name], self.terms.accuracy(matrix))
            for name, matrix in self.matrices.items()
        ]


def by_what_is_shown(terms: Comparison) -> Conditions:
    """Challenge factors, where the label set is of one person, and sizes."""
    # PASCAL-Person-Part shows several persons, and has no word for a face.
    of_one_person = "face" in terms.target.classes

    def fulfilled(scored: Scored) -> list[str]:
        pixels = scored.matrix.sum(axis=1)
        shown = {terms.target.classes[index] for index in np.flatnonzero(pixels)}
        return [*(factors(shown) if of_one_person else ()), size(scored.truth.size)]

    return Conditions(terms, (FACTORS if of_one_person else ()) + SIZES, fulfilled)
