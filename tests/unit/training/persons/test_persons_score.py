"""How boxes are judged, worked by hand."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from training.persons.compose import Composed
from training.persons.examine import row_of, table
from training.persons.score import Score, average_precision, score_of


def boxes(*left: float) -> NDArray[np.float32]:
    """Squares of 10 pixels, by their left edge."""
    return np.array([(x, 0, x + 10, 10) for x in left], np.float32).reshape(-1, 4)


def test_person_is_found_by_a_box_that_covers_enough() -> None:
    # Moved by 2 of 10 pixels: 80 of 120 are shared.
    score = score_of(boxes(2, 100), boxes(0, 50))

    assert (score.persons, score.boxes, score.hits) == (2, 2, 1)
    assert score.mean_iou == pytest.approx(80 / 120)
    assert (score.recall, score.precision) == (0.5, 0.5)


def test_person_is_found_once() -> None:
    score = score_of(boxes(0, 1), boxes(0))

    assert (score.hits, score.precision) == (1, 0.5)


def test_each_box_finds_a_person_who_is_not_yet_found() -> None:
    # The second box fits the first person better, but that one is taken.
    assert score_of(boxes(0, 1), boxes(0, 3)).hits == 2


def test_box_that_covers_too_little_finds_nobody() -> None:
    # Moved by 4 of 10 pixels: 60 of 140 are shared.
    assert score_of(boxes(4), boxes(0)).hits == 0


def test_scores_add_up() -> None:
    both = Score(2, 2, 1, 0.8) + Score(1, 0, 0, 0)

    assert (both.recall, both.precision, both.mean_iou) == (1 / 3, 0.5, 0.8)
    assert math.isnan(Score(0, 1, 0, 0).recall)


def test_average_precision_is_the_area_under_the_best_precision() -> None:
    sure = [np.array([0.9, 0.8, 0.7], np.float32)]

    # Right, wrong, right of two persons: half the recall at 1, half at two thirds.
    assert average_precision([(boxes(0, 90, 50), sure[0])], [boxes(0, 50)]) == pytest.approx(
        0.5 + 0.5 * 2 / 3
    )
    assert average_precision([(boxes(), np.empty(0, np.float32))], [boxes(0)]) == 0


def test_table_says_what_was_found() -> None:
    photos = [Composed(np.zeros((4, 4, 3), np.uint8), boxes(0, 50)) for _ in range(4)]

    row = row_of("two", photos, lambda _: (boxes(0), np.ones(1, np.float32)))

    assert table([row]).splitlines()[-1] == ("| two | 4 | 8 | 50.0 % | 100.0 % | 100.0 % | 0.0 % |")
