"""The sections of a report that the two papers' tables ask for."""

from collections.abc import Iterable
from typing import Any

from limn.labels import ATR, LIP, LabelSet
from limn.metrics import Accuracy
from training.consistency import Consistency
from training.datasets.layout import Layout
from training.examination import Examination
from training.parts import as_numbers, has_sides, parts_table
from training.published import (
    COMMON,
    LOW_MEAN_IOU,
    MEAN_ACCURACY,
    MEAN_IOU,
    OVERALL_ACCURACY,
    PICTURES,
    PUBLISHED,
    PublishedTable,
)
from training.report import as_json, known, percent, summary_table

OURS, OURS_ON_OTHERS = "ours", "ours, other pictures"

_COMMON = tuple(index for index, name in enumerate(LIP.classes) if name in ATR.classes)


def sections(found: Examination, layout: Layout, label_set: LabelSet) -> list[str]:
    """Markdown, a section each; one that has nothing to say is left out."""
    photos = found.evaluations[0]
    parts = [
        "## Isolated pixels and the coarse grid",
        consistency_table(found.consistency, photos.accuracy),
        "## What the pictures show",
        "Told from the truth, so the counts are not the papers'; small is fewer than 153 x 153"
        " pixels of the whole picture, large at least 321 x 321.",
        summary_table(found.conditions),
    ]
    if has_sides(label_set):
        parts += [
            "## Figure, sides, faces, hats",
            "In percent of pixels: of the person, those not taken for background; of paired parts"
            " found, those on the right side; of the face, those found; of hats, the IoU.",
            parts_table([*found.evaluations, *found.rendered], label_set),
        ]
    if found.views:
        parts += ["## Seen in other ways", summary_table(found.views)]
    tables = [table for table in PUBLISHED if table.layout == layout]
    if tables:
        ours = our_values(found, label_set)
        name, note = OURS, f"In percent, of {PICTURES[layout]:,} pictures"
        if photos.pictures != PICTURES[layout]:
            name = OURS_ON_OTHERS
            note += (
                f"; ours are {photos.pictures:,} others, which no row above them was measured on"
            )
        parts += ["## The papers' numbers", f"{note}."]
        parts += [published_table(table, ours, name) for table in tables]
    return parts


def consistency_table(consistency: Consistency, high: Accuracy) -> str:
    """Markdown: the columns of MMAN's table 4, isolated pixels by two bounds."""
    rates = consistency.isolated_rates
    names = [*(f"IPR_{area}" for area in rates), "mIoU, low resolution", "mIoU"]
    values = [*rates.values(), consistency.low_accuracy.mean_iou, high.mean_iou]
    return "\n".join([_row(names), "|" + "---:|" * len(names), _row(map(percent, values))])


def our_values(found: Examination, label_set: LabelSet) -> dict[str, float]:
    """Shares from 0 to 1 by the names of the papers' columns."""
    accuracy = found.evaluations[0].accuracy
    classes = dict(zip(label_set.classes, accuracy.iou.tolist(), strict=True))
    others = {e.name: e.accuracy.mean_iou for e in [*found.conditions, *found.views]}
    values = {
        OVERALL_ACCURACY: accuracy.pixel_accuracy,
        MEAN_ACCURACY: accuracy.mean_accuracy,
        MEAN_IOU: accuracy.mean_iou,
        LOW_MEAN_IOU: found.consistency.low_accuracy.mean_iou,
    }
    if label_set.name == LIP.name:
        values[COMMON] = Accuracy(accuracy.matrix, _COMMON).mean_iou
    return classes | others | values


def published_table(table: PublishedTable, ours: dict[str, float], name: str) -> str:
    """Markdown: a table of a paper, with a row `name` of ours where its truth is public."""
    rows = [
        f"| {method} " + _row("-" if v is None else f"{v:.2f}" for v in table.values(method))
        for method in table.rows
    ]
    if table.truth_is_public:
        values = (percent(ours.get(name, float("nan"))) for name in table.columns)
        rows.append(f"| **{name}** " + _row(values))
    head = ["| method " + _row(table.columns), "|---|" + "---:|" * len(table.columns)]
    title = f"{table.paper}, table {table.number}: {table.title}."
    return title + "\n\n" + "\n".join([*head, *rows])


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def details(found: Examination, label_set: LabelSet) -> dict[str, Any]:
    """What the sections say of the photos, for JSON; shares from 0 to 1."""
    return {
        "isolated": {str(area): rate for area, rate in found.consistency.isolated_rates.items()},
        "low_resolution_mean_iou": known(found.consistency.low_accuracy.mean_iou),
        "confusion": found.evaluations[0].accuracy.matrix.tolist(),
        "conditions": as_json(found.conditions, label_set),
        "views": as_json(found.views, label_set),
        "rendered": [
            numbers | as_numbers(evaluation.accuracy, label_set)
            for numbers, evaluation in zip(
                as_json(found.rendered, label_set), found.rendered, strict=True
            )
        ],
    }
