"""`limn prepare check` over drawn data sets."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from cli.prepare import app
from tests.fixtures.datasets import write_atr, write_pascal, write_ppss
from tests.fixtures.lip_dataset import write_lip_dataset


@pytest.mark.parametrize(
    ("layout", "write", "lines"),
    [
        pytest.param(
            "lip",
            write_lip_dataset,
            ["train: 6 pictures", "  1  hat                  1 pictures", "val: 3 pictures"],
            id="lip",
        ),
        pytest.param(
            "pascal-person-part",
            write_pascal,
            ["train: 2 pictures", "  6  lower-legs           2 pictures", "val: 2 pictures"],
            id="pascal",
        ),
        pytest.param(
            "atr",
            write_atr,
            ["train: 18 pictures", "val: 1 pictures", "test: 1 pictures"],
            id="atr",
        ),
        pytest.param(
            "ppss",
            write_ppss,
            ["train: 3 pictures", "  7  shoes                3 pictures", "test: 2 pictures"],
            id="ppss",
        ),
    ],
)
def test_all_splits_are_read_and_counted(
    tmp_path: Path, layout: str, write: Callable[[Path], Path], lines: list[str]
) -> None:
    result = CliRunner().invoke(app, ["check", str(write(tmp_path)), "--layout", layout])

    assert result.exit_code == 0, result.output
    for line in lines:
        assert line in result.output


def test_shares_are_percent_of_the_pixels(tmp_path: Path) -> None:
    root = write_lip_dataset(tmp_path, train=1, val=1)
    labels = np.zeros((96, 64), np.uint8)
    labels[:24], labels[95] = 5, 255
    cv2.imwrite(str(root / "val_segmentations/v0.png"), labels)

    result = CliRunner().invoke(app, ["check", str(root)])

    # 24 of 95 known rows.
    assert "  5  upper-clothes        1 pictures   25.263 %" in result.output


def test_picture_of_another_size_than_its_labels_ends_the_check(tmp_path: Path) -> None:
    root = write_lip_dataset(tmp_path)
    cv2.imwrite(str(root / "val_segmentations/v2.png"), np.zeros((95, 64), np.uint8))

    result = CliRunner().invoke(app, ["check", str(root)])

    assert result.exit_code == 1
    assert "v2: the picture is (96, 64), its label map (95, 64)" in result.output
