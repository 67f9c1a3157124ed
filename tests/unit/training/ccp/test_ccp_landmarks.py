"""Landmarks in pixels and the points derived from them."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from training.ccp.landmarks import Joint, Pose, Side


def test_landmarks_are_placed_on_pixel_centres(pose: Pose) -> None:
    np.testing.assert_allclose(pose.joint(Joint.WRIST, Side.LEFT), (176, 172))
    np.testing.assert_allclose(pose.joint(Joint.WRIST, Side.RIGHT), (60, 172))


def test_unit_is_the_length_of_the_torso(pose: Pose) -> None:
    assert np.isclose(pose.unit, 96)


def test_unit_of_a_foreshortened_torso_is_a_share_of_the_height(
    annotation: NDArray[np.uint8], landmarks: list[list[float]]
) -> None:
    landmarks[23:25] = landmarks[11:13]
    foreground = np.zeros(annotation.shape, np.bool_)
    foreground[50:350] = True

    pose = Pose.locate(landmarks, foreground)

    assert np.isclose(pose.unit, 0.22 * 300)


def test_head_and_hands_reach_past_the_landmarks(pose: Pose) -> None:
    # Eyes at y 42, mouth at y 56; wrist (176, 172), middle of the knuckles (180, 183).
    np.testing.assert_allclose(pose.chin, (118, 56 + 0.55 * 14))
    np.testing.assert_allclose(pose.forehead, (118, 42 - 0.9 * 14))
    np.testing.assert_allclose(pose.hand_tip(Side.LEFT), (176 + 1.9 * 4, 172 + 1.9 * 11))


def test_pose_fits_its_person_and_no_other(pose: Pose, annotation: NDArray[np.uint8]) -> None:
    assert pose.fits(annotation > 0)
    assert not replace(pose, points=pose.points + np.array([120, 0])).fits(annotation > 0)
    assert not pose.fits(np.zeros(annotation.shape, np.bool_))
