"""How well boxes that were found fit the persons that are there."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limn.persons import overlaps

Boxes = NDArray[np.float32]
"""float32[N, 4]: x1, y1, x2, y2."""

ENOUGH = 0.5
"""Intersection over union from which on a person counts as found."""


@dataclass(frozen=True)
class Score:
    """Of some photos: persons, boxes, boxes that found a person, and the IoU of these, summed."""

    persons: int = 0
    boxes: int = 0
    hits: int = 0
    iou_sum: float = 0.0

    def __add__(self, other: "Score") -> "Score":
        return Score(
            self.persons + other.persons,
            self.boxes + other.boxes,
            self.hits + other.hits,
            self.iou_sum + other.iou_sum,
        )

    @property
    def recall(self) -> float:
        """Share of the persons that were found; nan where there are none."""
        return self.hits / self.persons if self.persons else float("nan")

    @property
    def precision(self) -> float:
        """Share of the boxes that are a person; nan where there are none."""
        return self.hits / self.boxes if self.boxes else float("nan")

    @property
    def mean_iou(self) -> float:
        """Of the persons found, with their boxes."""
        return self.iou_sum / self.hits if self.hits else float("nan")


def iou(one: Boxes, other: Boxes) -> NDArray[np.float32]:
    """float32[N, M]: intersection over union of every pair."""
    rows = [overlaps(box, other) for box in one]
    return np.array(rows, np.float32).reshape(len(one), len(other))


def matched(found: Boxes, truth: Boxes) -> list[float]:
    """For each found box, best first, its IoU with the person that it finds; 0 for nobody.

    A person is found once, by the first box that fits.
    """
    if not len(truth):
        return [0.0] * len(found)
    overlaps = iou(found, truth)
    taken = np.zeros(len(truth), np.bool_)
    fits = []
    for row in overlaps:
        free = np.where(taken, 0, row)
        best = int(free.argmax())
        hit = free[best] >= ENOUGH
        taken[best] |= hit
        fits.append(float(free[best]) if hit else 0.0)
    return fits


def score_of(found: Boxes, truth: Boxes) -> Score:
    """Of one photo; `found` is sorted, best first."""
    fits = [fit for fit in matched(found, truth) if fit > 0]
    return Score(len(truth), len(found), len(fits), sum(fits))


def average_precision(
    found: Sequence[tuple[Boxes, NDArray[np.float32]]], truths: Sequence[Boxes]
) -> float:
    """Area under precision over recall at IoU 0.5, of boxes with their scores, photo by photo."""
    hits, scores = [], []
    for (boxes, sure), truth in zip(found, truths, strict=True):
        hits += [fit > 0 for fit in matched(boxes, truth)]
        scores += sure.tolist()
    order = np.argsort(-np.array(scores), kind="stable")
    right = np.array(hits, np.float64)[order].cumsum()
    precision = right / np.arange(1, len(right) + 1)
    recall = right / max(1, sum(map(len, truths)))
    # At each recall, the best precision at that recall or above.
    best = np.maximum.accumulate(precision[::-1])[::-1]
    return float((np.diff(recall, prepend=0) * best).sum())
