from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import data

from training.augment import photometric

Image = NDArray[np.uint8]


@pytest.fixture(scope="module")
def photo() -> Image:
    """uint8[96, 64, 3] RGB: a piece of the astronaut."""
    whole: Image = data.astronaut()
    return whole[::4, ::4][:96, :64].copy()


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda image: photometric.light_and_colour(image, rng()), id="light"),
        pytest.param(photometric.grey, id="grey"),
        pytest.param(lambda image: photometric.gaussian_blur(image, 2.0), id="gaussian-blur"),
        pytest.param(lambda image: photometric.motion_blur(image, 9, 30.0), id="motion-blur"),
        pytest.param(lambda image: photometric.low_resolution(image, 20), id="low-resolution"),
        pytest.param(lambda image: photometric.jpeg(image, 30), id="jpeg"),
        pytest.param(lambda image: photometric.noise(image, 8.0, rng()), id="noise"),
    ],
)
def test_change_keeps_shape_and_type_and_its_input(
    photo: Image, change: Callable[[Image], Image]
) -> None:
    before = photo.copy()

    changed = change(photo)

    assert changed.shape == photo.shape
    assert changed.dtype == np.uint8
    assert not np.array_equal(changed, photo)
    assert np.array_equal(photo, before)


def test_camera_never_changes_its_input(photo: Image) -> None:
    before = photo.copy()

    for seed in range(60):
        changed = photometric.camera(photo, rng(seed))

        assert changed.shape == photo.shape
        assert changed.dtype == np.uint8
    assert np.array_equal(photo, before)


def test_camera_draws_the_same_from_equal_generators(photo: Image) -> None:
    assert np.array_equal(photometric.camera(photo, rng(5)), photometric.camera(photo, rng(5)))
    assert not np.array_equal(photometric.camera(photo, rng(5)), photometric.camera(photo, rng(6)))


def test_grey_is_the_luma() -> None:
    image = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8)

    # 0.299, 0.587 and 0.114 of 255.
    assert photometric.grey(image).tolist() == [[[76] * 3, [150] * 3, [29] * 3]]


def test_blurs_keep_a_flat_picture() -> None:
    flat = np.full((20, 20, 3), 77, np.uint8)

    for blurred in (photometric.gaussian_blur(flat, 3.0), photometric.motion_blur(flat, 7, 45.0)):
        assert np.abs(blurred.astype(int) - 77).max() <= 1


def test_motion_blur_streaks_along_its_angle() -> None:
    point = np.zeros((9, 9, 3), np.uint8)
    point[4, 4] = 250

    level = photometric.motion_blur(point, 5, 0.0)

    # A fifth of the light on each of five pixels of the row.
    assert level[4, :, 0].tolist() == [0, 0, 50, 50, 50, 50, 50, 0, 0]
    assert level.sum() == 5 * 3 * 50


def test_low_resolution_loses_what_is_finer() -> None:
    stripes = np.zeros((8, 8, 3), np.uint8)
    stripes[:, ::2] = 200

    assert np.unique(photometric.low_resolution(stripes, 4)).tolist() == [100]


def test_noise_has_the_deviation_that_was_asked_for() -> None:
    flat = np.full((100, 100, 3), 128, np.uint8)

    noisy = photometric.noise(flat, 10.0, rng())

    assert noisy.std() == pytest.approx(10, abs=0.3)
