"""Accuracy of label maps, all of it from one confusion matrix (rows truth, columns prediction)."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


def confusion(
    truth: NDArray[np.uint8], prediction: NDArray[np.uint8], classes: int
) -> NDArray[np.int64]:
    """int64[K, K] counts of two label maps of one size; truth outside 0 to K-1 is not scored.

    Raises:
        ValueError: the sizes differ, or the prediction holds an index that is no class.
    """
    if truth.shape != prediction.shape:
        raise ValueError(f"truth is {truth.shape}, the prediction {prediction.shape}")
    scored = truth < classes
    predicted = prediction[scored]
    if predicted.size and int(predicted.max()) >= classes:
        raise ValueError(f"the prediction holds {int(predicted.max())}, not a class index")
    pairs = truth[scored].astype(np.intp) * classes + predicted
    counts = np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)
    return counts.astype(np.int64)


@dataclass(frozen=True)
class Accuracy:
    """The field's figures of one confusion matrix; shares from 0 to 1.

    A class that neither truth nor prediction holds is nan and left out of the means (SSL paper,
    section 4.1; the release's evaluation). Where no pixel was scored, every figure is nan.

    Attributes:
        matrix: int64[K, K], rows truth, columns prediction.
        averaged: class indices that the means are over; all where none are given.
    """

    matrix: NDArray[np.int64]
    averaged: tuple[int, ...] = ()

    @property
    def iou(self) -> NDArray[np.float64]:
        """float64[K]: intersection over union per class."""
        hits = np.diag(self.matrix).astype(np.float64)
        union = self.matrix.sum(0) + self.matrix.sum(1) - hits
        return _ratio(hits, union)

    @property
    def recall(self) -> NDArray[np.float64]:
        """float64[K]: share of each class's true pixels that were found."""
        hits = np.diag(self.matrix).astype(np.float64)
        actual = self.matrix.sum(1)
        return _ratio(hits, actual)

    @property
    def mean_iou(self) -> float:
        return _mean(self._of_means(self.iou))

    @property
    def mean_accuracy(self) -> float:
        return _mean(self._of_means(self.recall))

    @property
    def frequency_weighted_iou(self) -> float:
        """IoU weighted by the true pixels of each class."""
        pixels, iou = self.matrix.sum(1), self.iou
        total = int(pixels.sum())
        return float(pixels[pixels > 0] @ iou[pixels > 0]) / total if total else math.nan

    @property
    def pixel_accuracy(self) -> float:
        total = int(self.matrix.sum())
        return int(np.trace(self.matrix)) / total if total else math.nan

    def _of_means(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        return values[list(self.averaged)] if self.averaged else values


def _mean(values: NDArray[np.float64]) -> float:
    """Mean of what is known."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else math.nan


def _ratio(part: NDArray[np.float64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
    """`part / whole`, nan where the whole is nothing."""
    result = np.full(part.shape, np.nan)
    np.divide(part, whole, out=result, where=whole > 0)
    return result
