"""What MMAN's table 4 shows beside mIoU: isolated pixels, and accuracy on the coarse grid."""

import numpy as np

from limn.geometry import Size
from limn.isolated import AREAS, isolated_pixels
from limn.metrics import Accuracy, confusion
from training.comparison import Comparison
from training.evaluation import Parse, Scored
from training.low_resolution import cell_labels
from training.parser import TorchParser


class Consistency:
    """A measure: isolated pixels of the predictions, and accuracy of the low-resolution head.

    A parser without such a head is scored on the same grid of its full-size labels.
    """

    def __init__(self, parse: Parse, terms: Comparison, canvas: Size) -> None:
        self.low = parse.low if isinstance(parse, TorchParser) else lambda _: None
        self.terms = terms
        self.canvas = canvas
        self.isolated = np.zeros(len(AREAS), np.int64)
        self.pixels = 0
        self.matrix = np.zeros((len(terms.target), len(terms.target)), np.int64)

    def add(self, scored: Scored) -> None:
        self.isolated += isolated_pixels(scored.prediction)
        self.pixels += scored.prediction.size
        low = self.low(np.ascontiguousarray(scored.image))
        cells = cell_labels(scored.prediction, self.canvas) if low is None else self.terms.told(low)
        truth = cell_labels(scored.truth, self.canvas)
        self.matrix += confusion(truth, cells, len(self.terms.target))

    @property
    def isolated_rates(self) -> dict[int, float]:
        """Share of all predicted pixels, by the bound on an island's area in pixels."""
        return {
            area: int(count) / max(1, self.pixels)
            for area, count in zip(AREAS, self.isolated, strict=True)
        }

    @property
    def low_accuracy(self) -> Accuracy:
        return self.terms.accuracy(self.matrix)
