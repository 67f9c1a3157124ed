import numpy as np
import pytest

from limn.labels import LIP
from limn.metrics import confusion
from training.comparison import comparison
from training.consistency import Consistency
from training.evaluation import Scored


def test_isolated_pixels_are_a_share_and_the_coarse_grid_is_sampled() -> None:
    truth = np.zeros((32, 32), np.uint8)
    prediction = truth.copy()
    # One pixel, under the middle of the second cell of the first row.
    prediction[8, 24] = 5
    measure = Consistency(lambda image: prediction, comparison(LIP, LIP), (32, 32))

    image = np.zeros((32, 32, 3), np.uint8)
    measure.add(Scored("one", image, truth, prediction, confusion(truth, prediction, 20)))

    assert measure.isolated_rates == {2: 1 / 1024, 64: 1 / 1024}
    # Three cells of four; class 5 is only predicted.
    assert measure.low_accuracy.pixel_accuracy == 0.75
    assert measure.low_accuracy.mean_iou == pytest.approx(0.75 / 2)
