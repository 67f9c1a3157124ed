"""From a finder's boxes to persons of the photo."""

import numpy as np
import pytest
from numpy.typing import NDArray

from limn.geometry import Box, Letterbox
from limn.persons import FoundPerson, in_photo, overlaps, persons_in, with_margin

WIDE = Letterbox.fit((100, 200), (64, 64))
"""Content of 64x32 pixels from row 16 on: 3.125 photo pixels to one of the canvas."""


def array(*rows: tuple[float, ...]) -> NDArray[np.float32]:
    return np.array(rows, np.float32).reshape(-1, 4)


def find(
    boxes: NDArray[np.float32], scores: list[float], most: int = 10, overlap: float = 0.7
) -> tuple[FoundPerson, ...]:
    # A canvas that is the photo itself.
    placed = Letterbox.fit((100, 100), (100, 100))
    return persons_in(boxes, np.array(scores, np.float32), placed, 0.5, overlap, most)


def test_box_on_the_canvas_is_put_where_the_photo_was_before() -> None:
    box = in_photo(np.array([16, 24, 48, 48], np.float32), WIDE)

    assert box == Box(50, 25, 150, 100)


def test_box_over_the_padding_ends_with_the_photo() -> None:
    box = in_photo(np.array([-8, 0, 32, 64], np.float32), WIDE)

    assert box == Box(0, 0, 100, 100)


@pytest.mark.parametrize(
    "box",
    [
        pytest.param([0, 0, 64, 15], id="in the padding"),
        pytest.param([10, 30, 10, 40], id="of no width"),
        pytest.param([40, 30, 10, 40], id="the wrong way round"),
        pytest.param([float("nan"), 20, 40, 40], id="no number"),
        pytest.param([0, 20, float("inf"), 40], id="endless"),
    ],
)
def test_box_that_shows_nothing_of_the_photo_is_none(box: list[float]) -> None:
    assert in_photo(np.array(box, np.float32), WIDE) is None


def test_persons_come_from_left_to_right() -> None:
    found = find(array((60, 0, 90, 50), (0, 0, 20, 50), (30, 0, 50, 50)), [0.9, 0.6, 0.7])

    assert [person.box.x1 for person in found] == [0, 30, 60]
    assert [person.score for person in found] == pytest.approx([0.6, 0.7, 0.9])


def test_scores_below_the_threshold_and_those_that_are_no_numbers_are_nobody() -> None:
    boxes = array((0, 0, 20, 50), (30, 0, 50, 50), (60, 0, 80, 50))

    found = find(boxes, [0.49, float("nan"), 0.5])

    assert [person.box.x1 for person in found] == [60]


def test_of_two_boxes_around_the_same_person_the_surer_one_stays() -> None:
    # 40 of 50 columns are shared: 2000 of 2500 pixels, an overlap of 0.8.
    boxes = array((0, 0, 45, 50), (5, 0, 50, 50))

    assert [person.box.x1 for person in find(boxes, [0.6, 0.8])] == [5]
    assert len(find(boxes, [0.6, 0.8], overlap=0.81)) == 2


def test_of_too_many_persons_the_surest_stay() -> None:
    boxes = array((0, 0, 20, 50), (30, 0, 50, 50), (60, 0, 80, 50))

    found = find(boxes, [0.9, 0.6, 0.8], most=2)

    assert [person.box.x1 for person in found] == [0, 60]


def test_nobody_is_found_among_no_boxes() -> None:
    assert find(array(), []) == ()


def test_margin_is_a_tenth_of_each_side_and_ends_with_the_photo() -> None:
    assert with_margin(Box(40, 50, 60, 90), (100, 100)) == Box(38, 46, 62, 94)
    assert with_margin(Box(1, 0, 99, 100), (100, 100)) == Box(0, 0, 100, 100)


def test_overlap_is_what_is_shared_of_what_both_cover() -> None:
    found = overlaps(
        np.array([0, 0, 10, 10], np.float32),
        array((0, 0, 10, 10), (5, 0, 15, 10), (10, 0, 20, 10), (30, 30, 30, 30)),
    )

    assert found == pytest.approx([1, 50 / 150, 0, 0])
