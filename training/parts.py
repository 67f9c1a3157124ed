"""Figures that name single failures of a parser: lost people, sides, faces and hats."""

import math
from collections.abc import Sequence

import numpy as np

from limn.labels import LabelSet
from limn.metrics import Accuracy
from training.evaluation import Evaluation
from training.report import known, percent


def has_sides(label_set: LabelSet) -> bool:
    """Whether the label set has all that these figures are about."""
    return bool(label_set.left_right_pairs) and {"face", "hat"} <= set(label_set.classes)


def figure_found(accuracy: Accuracy) -> float:
    """Share of the person's pixels that are not taken for background; nan where there are none."""
    person = accuracy.matrix[1:]
    return _share(int(person[:, 1:].sum()), int(person.sum()))


def sides_right(accuracy: Accuracy, label_set: LabelSet) -> float:
    """Of pixels of paired parts that are found as either of the pair, the share on its own side."""
    right = both = 0
    for pair in label_set.left_right_pairs:
        block = accuracy.matrix[np.ix_(pair, pair)]
        right += int(np.trace(block))
        both += int(block.sum())
    return _share(right, both)


def as_numbers(accuracy: Accuracy, label_set: LabelSet) -> dict[str, float | None]:
    """Shares from 0 to 1, by name."""
    return {name: known(value) for name, value in _figures(accuracy, label_set).items()}


def parts_table(evaluations: Sequence[Evaluation], label_set: LabelSet) -> str:
    """Markdown: one row per condition, in percent."""
    rows, names = [], list[str]()
    for evaluation in evaluations:
        figures = _figures(evaluation.accuracy, label_set)
        names = list(figures)
        values = " | ".join(percent(value) for value in figures.values())
        rows.append(f"| {evaluation.name} | {evaluation.pictures} | {values} |")
    head = [
        f"| pictures | number | {' | '.join(names)} |",
        "|---" + "|---:" * (len(names) + 1) + "|",
    ]
    return "\n".join(head + rows)


def _figures(accuracy: Accuracy, label_set: LabelSet) -> dict[str, float]:
    return {
        "figure found": figure_found(accuracy),
        "sides right": sides_right(accuracy, label_set),
        "face found": float(accuracy.recall[label_set.index("face")]),
        "hat IoU": float(accuracy.iou[label_set.index("hat")]),
    }


def _share(part: int, whole: int) -> float:
    return part / whole if whole else math.nan
