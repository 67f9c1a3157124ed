import math

import numpy as np
import pytest

from limn.labels import ATR, LIP, PASCAL_PERSON_PART
from limn.metrics import Accuracy
from training.evaluation import Evaluation
from training.parts import as_numbers, figure_found, has_sides, parts_table, sides_right

HAT, FACE = LIP.index("hat"), LIP.index("face")
LEFT, RIGHT = LIP.index("left-arm"), LIP.index("right-arm")


def accuracy(*counts: tuple[int, int, int]) -> Accuracy:
    """Of (truth, prediction, pixels)."""
    matrix = np.zeros((20, 20), np.int64)
    for truth, prediction, pixels in counts:
        matrix[truth, prediction] = pixels
    return Accuracy(matrix)


def test_person_taken_for_background_is_not_found() -> None:
    found = figure_found(accuracy((0, HAT, 50), (HAT, 0, 10), (FACE, HAT, 30)))

    assert found == pytest.approx(0.75)


def test_sides_are_of_what_was_found_as_either() -> None:
    one = accuracy((LEFT, LEFT, 6), (LEFT, RIGHT, 2), (RIGHT, RIGHT, 1), (RIGHT, FACE, 90))

    assert sides_right(one, LIP) == pytest.approx(7 / 9)


def test_what_is_not_shown_has_no_figure() -> None:
    numbers = as_numbers(accuracy((0, 0, 5)), LIP)

    assert set(numbers.values()) == {None}
    assert math.isnan(sides_right(accuracy((HAT, HAT, 1)), LIP))


def test_table_has_a_row_per_condition() -> None:
    seen = accuracy((HAT, HAT, 10), (HAT, 0, 10), (FACE, FACE, 3), (FACE, HAT, 1))

    table = parts_table([Evaluation("photos", 2, seen)], LIP)

    assert table.splitlines() == [
        "| pictures | number | figure found | sides right | face found | hat IoU |",
        "|---|---:|---:|---:|---:|---:|",
        "| photos | 2 | 58.33 | - | 75.00 | 47.62 |",
    ]


def test_label_sets_without_these_parts_are_known() -> None:
    assert [has_sides(labels) for labels in (LIP, ATR, PASCAL_PERSON_PART)] == [True, True, False]
