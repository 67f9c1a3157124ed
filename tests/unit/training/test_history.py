import csv
import math
from pathlib import Path

import cv2
import pytest

from training.history import EpochRecord, History


@pytest.fixture
def history() -> History:
    """Three epochs, the second one not validated."""
    return History(
        [
            EpochRecord(1, 2.0, 1e-3, 0.4, 0.8),
            EpochRecord(2, 1.5, 5e-4),
            EpochRecord(3, 1.25, 0.0, 0.3, 0.75),
        ]
    )


def test_table_has_a_row_per_epoch(history: History, tmp_path: Path) -> None:
    history.save(tmp_path)

    with (tmp_path / "history.csv").open() as file:
        rows = list(csv.reader(file))
    assert rows == [
        ["epoch", "loss", "learning_rate", "mean_iou", "pixel_accuracy"],
        ["1", "2.0", "0.001", "0.4", "0.8"],
        ["2", "1.5", "0.0005", "nan", "nan"],
        ["3", "1.25", "0.0", "0.3", "0.75"],
    ]


def test_curves_are_a_picture(history: History, tmp_path: Path) -> None:
    history.save(tmp_path)

    curves = cv2.imread(str(tmp_path / "curves.png"))
    assert curves is not None
    assert curves.shape == (324, 810, 3)
    assert curves.min() < 128


def test_curves_are_drawn_before_the_first_validation(tmp_path: Path) -> None:
    History([EpochRecord(1, 2.0, 1e-3)]).save(tmp_path)

    assert (tmp_path / "curves.png").stat().st_size > 0


def test_best_is_the_highest_that_is_known(history: History) -> None:
    assert history.best_mean_iou == 0.4
    assert History().best_mean_iou == -math.inf
    assert History([EpochRecord(1, 2.0, 1e-3)]).best_mean_iou == -math.inf


def test_rows_become_the_same_history(history: History) -> None:
    again = History.of(history.rows())

    assert again.records[0] == history.records[0]
    assert math.isnan(again.records[1].mean_iou)
    assert again.best_mean_iou == 0.4


def test_summary_is_of_the_newest_epoch(history: History) -> None:
    assert history.summary() == "epoch 3: loss 1.2500, val mIoU 30.00%, pixels 75.00%"

    history.add(EpochRecord(4, 1.0, 0.0))

    assert history.summary() == "epoch 4: loss 1.0000"


def test_scalars_leave_out_what_was_not_measured(history: History) -> None:
    assert history.records[1].scalars() == {"epoch": 2, "loss": 1.5, "learning_rate": 5e-4}


def test_figures_have_columns_of_their_own(tmp_path: Path) -> None:
    history = History(
        [
            EpochRecord(1, 2.0, 1e-3, figures={"ce_high": 0.5}),
            EpochRecord(2, 1.5, 1e-3, figures={"ce_high": 0.25, "d_macro_real": 0.75}),
        ]
    )

    history.save(tmp_path)

    with (tmp_path / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["ce_high"] for row in rows] == ["0.5", "0.25"]
    assert [row["d_macro_real"] for row in rows] == ["nan", "0.75"]
    assert history.records[1].scalars()["d_macro_real"] == 0.75


def test_balance_of_discriminators_has_a_panel(tmp_path: Path) -> None:
    figures = {"d_macro_real": 0.7, "d_macro_fake": 0.3}
    History([EpochRecord(1, 2.0, 1e-3, figures=figures)]).save(tmp_path)

    curves = cv2.imread(str(tmp_path / "curves.png"))
    assert curves is not None
    assert curves.shape == (324, 1215, 3)
