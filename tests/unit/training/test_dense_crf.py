import numpy as np
import pytest

from training.dense_crf import choose_with_crf

pytest.importorskip("pydensecrf", reason="needs pip install '.[crf]'")


def test_noise_is_drawn_along_the_edge_of_two_colours() -> None:
    rng = np.random.default_rng(0)
    image = np.full((40, 60, 3), 30, np.uint8)
    image[:, 30:] = (220, 180, 60)
    truth = (np.arange(60) >= 30).astype(np.uint8) * np.ones((40, 1), np.uint8)
    # One pixel in five is believed to be of the other side, nobody believes in class 2.
    believed = truth ^ (rng.random(truth.shape) < 0.2)
    probabilities = np.full((3, 40, 60), 0.05, np.float32)
    np.put_along_axis(probabilities, believed[np.newaxis].astype(np.intp), 0.6, axis=0)
    np.put_along_axis(probabilities, 1 - believed[np.newaxis].astype(np.intp), 0.35, axis=0)

    labels = choose_with_crf(image, probabilities)

    assert (labels.shape, labels.dtype) == ((40, 60), np.dtype(np.uint8))
    assert np.mean(believed == truth) < 0.85
    assert np.mean(labels == truth) > 0.99
