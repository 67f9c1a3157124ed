import json

import numpy as np

from limn.labels import LabelSet
from limn.metrics import Accuracy
from training.evaluation import Evaluation
from training.report import as_json, class_table, markdown, summary_table

LABELS = LabelSet("x", "X", ("background", "skin", "hat"), ((0, 0, 0),) * 3, "this test")

# IoU 6/8 and 2/4, recall 6/7 and 2/3, pixels 8/10; nobody has a hat.
SCORED = Accuracy(np.array([[6, 1, 0], [1, 2, 0], [0, 0, 0]]))
EMPTY = Accuracy(np.zeros((3, 3), np.int64))

PHOTOS = Evaluation("photos", 2, SCORED, [("0007", 0.25), ("0001", 0.9)])
NONE = Evaluation("grey", 0, EMPTY)


def test_every_class_has_a_row() -> None:
    assert class_table(SCORED, LABELS).splitlines() == [
        "| index | class | IoU | recall | share of pixels |",
        "|---:|---|---:|---:|---:|",
        "| 0 | background | 75.00 | 85.71 | 70.000 |",
        "| 1 | skin | 50.00 | 66.67 | 30.000 |",
        "| 2 | hat | - | - | 0.000 |",
    ]


def test_every_condition_has_a_row() -> None:
    assert summary_table([PHOTOS, NONE]).splitlines()[2:] == [
        # Seven and three of ten pixels: 0.7 * 75 + 0.3 * 50.
        "| photos | 2 | 62.50 | 80.00 | 76.19 | 67.50 |",
        "| grey | 0 | - | - | - | - |",
    ]


def test_page_holds_facts_tables_and_the_worst_pictures() -> None:
    page = markdown("Accuracy of x", ["Date: 2026-01-01"], [PHOTOS, NONE], LABELS)

    assert page.startswith("# Accuracy of x\n\n- Date: 2026-01-01\n\n| pictures |")
    assert "## Every class, photos\n\n| index |" in page
    assert page.endswith("Worst pictures by their own mIoU: 0007 (25.0), 0001 (90.0).\n")


def test_page_of_nothing_is_written_too() -> None:
    assert "| 0 | background | - | - | 0.000 |" in markdown("x", [], [NONE], LABELS)


def test_numbers_are_shares_and_what_is_unknown_is_null() -> None:
    photos, grey = json.loads(json.dumps(as_json([PHOTOS, NONE], LABELS), allow_nan=False))

    assert photos["pixel_accuracy"] == 0.8
    assert photos["mean_iou"] == 0.625
    assert photos["iou"] == {"background": 0.75, "skin": 0.5, "hat": None}
    assert (grey["condition"], grey["mean_iou"], grey["pixel_accuracy"]) == ("grey", None, None)
