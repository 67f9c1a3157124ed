import numpy as np
import pytest

from limn.errors import InvalidParameter
from limn.labels import ATR, LIP, PASCAL_PERSON_PART, PPSS
from training.comparison import comparison


def test_one_label_set_is_compared_as_it_is() -> None:
    terms = comparison(LIP, LIP)
    labels = np.array([[0, 19, 255]], np.uint8)

    assert terms.known(labels).tolist() == terms.told(labels).tolist() == [[0, 19, 255]]
    assert terms.accuracy(np.eye(20, dtype=np.int64)).mean_iou == 1


def test_atr_is_scored_over_the_16_classes_that_lip_has() -> None:
    terms = comparison(LIP, ATR)
    truth = np.array([[ATR.index("belt"), ATR.index("bag"), ATR.index("dress")]], np.uint8)
    jumpsuit = np.array([[LIP.index("jumpsuits")]], np.uint8)

    assert terms.known(truth).tolist() == [[255, 255, 7]]
    assert terms.told(jumpsuit).tolist() == [[ATR.index("dress")]]
    reached = {int(index) for index in terms.table[: len(LIP)]}
    assert len(reached) == 16


def test_ppss_averages_leave_shoes_out() -> None:
    terms = comparison(LIP, PPSS)
    # Everything is right but the shoes, which are taken for legs: 7 shoes, 7 legs.
    matrix = np.diag([7] * 8)
    matrix[7, 7], matrix[7, 6] = 0, 7

    accuracy = terms.accuracy(matrix)

    assert accuracy.iou.tolist() == [1, 1, 1, 1, 1, 1, 0.5, 0]
    assert accuracy.mean_iou == pytest.approx(6.5 / 7)
    assert accuracy.mean_accuracy == 1
    assert accuracy.pixel_accuracy == pytest.approx(7 / 8)


def test_what_cannot_be_told_is_refused() -> None:
    with pytest.raises(InvalidParameter, match="ppss cannot be told as pascal-person-part"):
        comparison(PPSS, PASCAL_PERSON_PART)
