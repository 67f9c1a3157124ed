import math

import numpy as np
import pytest

from limn.metrics import Accuracy, confusion


def test_confusion_counts_truth_in_rows_and_prediction_in_columns() -> None:
    truth = np.array([[0, 0], [1, 1]], np.uint8)
    prediction = np.array([[0, 1], [1, 1]], np.uint8)

    matrix = confusion(truth, prediction, 2)

    assert matrix.tolist() == [[1, 1], [0, 2]]
    assert matrix.dtype == np.int64


def test_figures_of_four_pixels() -> None:
    accuracy = Accuracy(np.array([[1, 1], [0, 2]]))

    # Class 0: one hit of two that are either; class 1: two hits of three.
    assert accuracy.iou.tolist() == pytest.approx([1 / 2, 2 / 3])
    assert accuracy.recall.tolist() == [0.5, 1.0]
    assert accuracy.mean_iou == pytest.approx(7 / 12)
    assert accuracy.mean_accuracy == 0.75
    assert accuracy.pixel_accuracy == 0.75
    assert accuracy.frequency_weighted_iou == pytest.approx(0.5 * 1 / 2 + 0.5 * 2 / 3)


def test_means_are_over_the_classes_they_are_asked_for() -> None:
    accuracy = Accuracy(np.array([[1, 1, 0], [0, 2, 0], [0, 0, 5]]), averaged=(0, 1))

    assert accuracy.mean_iou == pytest.approx(7 / 12)
    assert accuracy.mean_accuracy == 0.75
    assert accuracy.pixel_accuracy == pytest.approx(8 / 9)


def test_frequency_weights_know_nothing_of_absent_classes() -> None:
    accuracy = Accuracy(np.array([[3, 1], [0, 0]]))

    assert accuracy.frequency_weighted_iou == 0.75


def test_ignored_truth_is_not_scored_whatever_was_predicted() -> None:
    truth = np.array([[0, 255], [255, 1]], np.uint8)
    prediction = np.array([[0, 1], [200, 1]], np.uint8)

    assert confusion(truth, prediction, 2).tolist() == [[1, 0], [0, 1]]


def test_absent_class_is_nan_and_left_out_of_the_means() -> None:
    accuracy = Accuracy(np.array([[1, 1, 0], [0, 2, 0], [0, 0, 0]]))

    assert math.isnan(accuracy.iou[2])
    assert math.isnan(accuracy.recall[2])
    assert accuracy.mean_iou == pytest.approx(7 / 12)
    assert accuracy.mean_accuracy == 0.75


def test_class_that_was_only_predicted_counts_as_missed() -> None:
    accuracy = Accuracy(np.array([[3, 1], [0, 0]]))

    assert accuracy.iou.tolist() == [0.75, 0.0]
    assert accuracy.mean_iou == 0.375
    # Of a class without true pixels no share can be found.
    assert math.isnan(accuracy.recall[1])
    assert accuracy.mean_accuracy == 0.75


def test_nothing_scored_is_nan_without_a_warning() -> None:
    accuracy = Accuracy(confusion(np.full((2, 2), 255, np.uint8), np.zeros((2, 2), np.uint8), 3))

    assert math.isnan(accuracy.mean_iou)
    assert math.isnan(accuracy.mean_accuracy)
    assert math.isnan(accuracy.pixel_accuracy)
    assert math.isnan(accuracy.frequency_weighted_iou)


def test_label_maps_of_two_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"truth is \(2, 2\), the prediction \(2, 3\)"):
        confusion(np.zeros((2, 2), np.uint8), np.zeros((2, 3), np.uint8), 2)


def test_prediction_that_is_no_class_is_refused() -> None:
    with pytest.raises(ValueError, match="holds 2, not a class index"):
        confusion(np.zeros((1, 2), np.uint8), np.array([[0, 2]], np.uint8), 2)
