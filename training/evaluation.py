"""Accuracy of any parser over a data set, at the photos' own resolution, and under stress."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from limn.metrics import Accuracy, confusion
from training.datasets.dataset import ParsingDataset
from training.stress import STRESSES, Pair

Parse = Callable[[NDArray[np.uint8]], NDArray[np.uint8]]
"""Photo uint8[H, W, 3] RGB of one person to class indices uint8[H, W]."""


@dataclass(frozen=True)
class Evaluation:
    """What a parser is worth on one set of pictures.

    Attributes:
        name: of the condition; `photos` for the data set as it is.
        pictures: how many were scored; one whose truth is all unknown is not.
        accuracy: over all their pixels together.
        worst: picture ids with their own mIoU, worst first.
    """

    name: str
    pictures: int
    accuracy: Accuracy
    worst: list[tuple[str, float]] = field(default_factory=list)


def evaluate(dataset: ParsingDataset, parse: Parse, on_picture: Callable[[], None]) -> Evaluation:
    """The data set as it is."""
    pairs = ((dataset.samples[i].id, dataset.pair(i)) for i in range(len(dataset)))
    return _score("photos", pairs, parse, len(dataset.label_set), on_picture)


def evaluate_stress(
    dataset: ParsingDataset, parse: Parse, on_picture: Callable[[], None]
) -> list[Evaluation]:
    """One evaluation per condition of `training.stress`."""
    classes = len(dataset.label_set)

    def pictures(make: Callable[[ParsingDataset, int], Pair | None]) -> Iterator[tuple[str, Pair]]:
        for index in range(len(dataset)):
            pair = make(dataset, index)
            if pair is not None:
                yield dataset.samples[index].id, pair

    return [
        _score(stress.name, pictures(stress.make), parse, classes, on_picture)
        for stress in STRESSES
    ]


def _score(
    name: str,
    pairs: Iterator[tuple[str, Pair]],
    parse: Parse,
    classes: int,
    on_picture: Callable[[], None],
) -> Evaluation:
    total = np.zeros((classes, classes), np.int64)
    single = []
    for picture, (image, truth) in pairs:
        matrix = confusion(truth, parse(np.ascontiguousarray(image)), classes)
        total += matrix
        if matrix.any():
            single.append((picture, Accuracy(matrix).mean_iou))
        on_picture()
    single.sort(key=lambda item: item[1])
    return Evaluation(name, len(single), Accuracy(total), single)
