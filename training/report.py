"""Evaluations as tables to read and as numbers to compute with."""

import math
from collections.abc import Sequence
from typing import Any

from limn.labels import LabelSet
from limn.metrics import Accuracy
from training.evaluation import Evaluation


def percent(share: float) -> str:
    """To two digits; `-` where there is none."""
    return "-" if math.isnan(share) else f"{100 * share:.2f}"


def known(share: float) -> float | None:
    """None for nan, which JSON has no word for."""
    return None if math.isnan(share) else share


def class_table(accuracy: Accuracy, label_set: LabelSet) -> str:
    """Markdown: IoU and recall of every class, in percent."""
    pixels = accuracy.matrix.sum(axis=1)
    total = max(1, int(pixels.sum()))
    rows = [
        f"| {index} | {name} | {percent(accuracy.iou[index])} |"
        f" {percent(accuracy.recall[index])} | {100 * pixels[index] / total:.3f} |"
        for index, name in enumerate(label_set.classes)
    ]
    head = ["| index | class | IoU | recall | share of pixels |", "|---:|---|---:|---:|---:|"]
    return "\n".join(head + rows)


def summary_table(evaluations: Sequence[Evaluation]) -> str:
    """Markdown: one row per condition, in percent."""
    rows = [
        f"| {e.name} | {e.pictures} | {percent(e.accuracy.mean_iou)} |"
        f" {percent(e.accuracy.pixel_accuracy)} | {percent(e.accuracy.mean_accuracy)} |"
        f" {percent(e.accuracy.frequency_weighted_iou)} |"
        for e in evaluations
    ]
    head = [
        "| pictures | number | mIoU | pixel accuracy | mean accuracy | frequency-weighted IoU |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    return "\n".join(head + rows)


def markdown(
    title: str,
    facts: Sequence[str],
    evaluations: Sequence[Evaluation],
    label_set: LabelSet,
    sections: Sequence[str] = (),
) -> str:
    """A page: what was measured, all conditions, every class of the first one, more sections."""
    first = evaluations[0]
    worst = ", ".join(f"{name} ({100 * iou:.1f})" for name, iou in first.worst[:8])
    parts = [
        f"# {title}",
        "\n".join(f"- {fact}" for fact in facts),
        summary_table(evaluations),
        f"## Every class, {first.name}",
        class_table(first.accuracy, label_set),
        *sections,
        f"Worst pictures by their own mIoU: {worst}.",
    ]
    return "\n\n".join(parts) + "\n"


def as_json(evaluations: Sequence[Evaluation], label_set: LabelSet) -> list[dict[str, Any]]:
    """Shares from 0 to 1; None where a class or a condition does not occur."""
    return [
        {
            "condition": e.name,
            "pictures": e.pictures,
            "mean_iou": known(e.accuracy.mean_iou),
            "pixel_accuracy": known(e.accuracy.pixel_accuracy),
            "mean_accuracy": known(e.accuracy.mean_accuracy),
            "frequency_weighted_iou": known(e.accuracy.frequency_weighted_iou),
            "iou": {
                name: known(iou)
                for name, iou in zip(label_set.classes, e.accuracy.iou.tolist(), strict=True)
            },
        }
        for e in evaluations
    ]
