"""Accuracy of any parser over a data set, at the photos' own resolution, and under stress."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from limn.metrics import Accuracy, confusion
from training.comparison import Comparison, comparison
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


class Scored(NamedTuple):
    """One parsed picture, in the label set of the data set.

    Attributes:
        picture: its id in the data set.
        image: uint8[H, W, 3] RGB.
        truth: uint8[H, W], 255 where nothing is known.
        prediction: uint8[H, W].
        matrix: int64[K, K], rows truth, columns prediction.
    """

    picture: str
    image: NDArray[np.uint8]
    truth: NDArray[np.uint8]
    prediction: NDArray[np.uint8]
    matrix: NDArray[np.int64]


class Measure(Protocol):
    """Something else to find out about the same pictures."""

    def add(self, scored: Scored) -> None: ...


def evaluate(
    dataset: ParsingDataset,
    parse: Parse,
    on_picture: Callable[[], None],
    terms: Comparison | None = None,
    measures: Sequence[Measure] = (),
) -> Evaluation:
    """The data set as it is.

    Args:
        terms: how the parser's labels are compared with the truth; as they are, if not given.
        measures: each is shown every picture.
    """
    pairs = ((dataset.samples[i].id, dataset.pair(i)) for i in range(len(dataset)))
    terms = terms or comparison(dataset.label_set, dataset.label_set)
    return _score("photos", pairs, parse, terms, on_picture, measures)


def evaluate_stress(
    dataset: ParsingDataset,
    parse: Parse,
    on_picture: Callable[[], None],
    terms: Comparison | None = None,
) -> list[Evaluation]:
    """One evaluation per condition of `training.stress`; `terms` as of `evaluate`."""
    terms = terms or comparison(dataset.label_set, dataset.label_set)

    def pictures(make: Callable[[ParsingDataset, int], Pair | None]) -> Iterator[tuple[str, Pair]]:
        for index in range(len(dataset)):
            pair = make(dataset, index)
            if pair is not None:
                yield dataset.samples[index].id, pair

    return [
        _score(stress.name, pictures(stress.make), parse, terms, on_picture) for stress in STRESSES
    ]


def _score(
    name: str,
    pairs: Iterator[tuple[str, Pair]],
    parse: Parse,
    terms: Comparison,
    on_picture: Callable[[], None],
    measures: Sequence[Measure] = (),
) -> Evaluation:
    classes = len(terms.target)
    total = np.zeros((classes, classes), np.int64)
    single = []
    for picture, (image, labels) in pairs:
        truth, prediction = terms.known(labels), terms.told(parse(np.ascontiguousarray(image)))
        matrix = confusion(truth, prediction, classes)
        total += matrix
        if matrix.any():
            single.append((picture, terms.accuracy(matrix).mean_iou))
            for measure in measures:
                measure.add(Scored(picture, image, truth, prediction, matrix))
        on_picture()
    single.sort(key=lambda item: item[1])
    return Evaluation(name, len(single), terms.accuracy(total), single)
