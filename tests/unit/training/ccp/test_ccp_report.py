"""Counts, left-out photos, contact sheets."""

import numpy as np

from limn.labels import LIP
from training.ccp.report import Tally, count_pixels, readme
from training.ccp.selection import select
from training.ccp.sheets import contact_sheet


def test_tally_adds_up_pixels_and_images() -> None:
    counts = [count_pixels(np.array(rows, np.uint8)) for rows in ([[0, 0], [5, 255]], [[0, 5]])]

    tally = Tally.of(counts)

    assert tally.image_count == 2
    assert (tally.pixels[5], tally.images[5], tally.images[255]) == (2, 2, 1)
    assert tally.share(0) == 0.5


def test_readme_lists_classes_and_left_out_photos() -> None:
    tally = Tally.of([count_pixels(np.array([[0, 0, 0, 1]], np.uint8))])

    text = readme({"train": tally, "val": tally}, {"0536": "empty"})

    assert "- 0536: empty\n" in text
    assert "| 1 | hat | 25.000% | 25.000% | 1 | 1 |\n" in text
    assert "Apache License 2.0" in text


def test_broken_photos_and_training_twins_are_left_out() -> None:
    split = {"train": ("0001", "0536", "0722"), "val": ("0594", "0972")}

    kept, excluded = select(split)

    assert kept == {"train": ("0001",), "val": ("0594",)}
    assert list(excluded) == ["0536", "0722", "0972"]


def test_contact_sheet_shows_photo_and_palette_side_by_side() -> None:
    photo = np.full((400, 200, 3), 200, np.uint8)
    label_map = np.full((400, 200), LIP.index("face"), np.uint8)

    sheet = contact_sheet([("0001", photo, label_map)] * 5)

    legend_height = 3 * 24
    assert sheet.shape == (legend_height + 2 * 420, 4 * 840, 3)
    photo_pixel, label_pixel, blended_pixel = (
        sheet[legend_height + 200, x].tolist() for x in (100, 310, 520)
    )
    assert photo_pixel == [200, 200, 200]
    assert label_pixel == [255, 0, 0]  # blue, in BGR
    assert blended_pixel == [228, 100, 100]
