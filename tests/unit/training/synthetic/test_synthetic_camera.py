"""Where points fall in the picture, and labels without Blender."""

import numpy as np
import pytest

from training.synthetic.camera import Camera, look_axes
from training.synthetic.description import View
from training.synthetic.framing import aim
from training.synthetic.raster import rasterised
from training.synthetic.surface import Material, Surface


def looking_back(size: tuple[int, int] = (8, 10)) -> Camera:
    """At the origin's height, 2 m in front of it, looking backwards; a metre is 4 pixels there."""
    axes = look_axes(np.array([0.0, 1.0, 0.0]), 0.0)
    return Camera(np.array([0.0, -2.0, 0.0]), axes, 8.0, (5.0, 4.0), size)


def test_the_left_of_who_faces_the_camera_is_at_its_right() -> None:
    left_hand = np.array([[1.0, 0.0, 0.5]], dtype=np.float32)

    assert looking_back().project(left_hand)[0] == pytest.approx([9.0, 2.0, 2.0])


def test_the_mirrored_camera_sees_the_mirrored_point_mirrored() -> None:
    point = np.array([[0.3, 0.2, 0.1]], dtype=np.float32)
    camera = looking_back()

    x, y, depth = camera.project(point)[0]
    mirrored = camera.mirrored().project(point * np.array([-1, 1, 1], dtype=np.float32))[0]

    assert mirrored == pytest.approx([10 - x, y, depth])


def view(**changes: object) -> View:
    """From the left, level, whole, without margin."""
    plain = View(
        azimuth=90, elevation=0, roll=0, distance=3, framing="whole", margin=0, shift=(0, 0),
        size=(200, 100),
    )  # fmt: skip
    return plain.model_copy(update=changes)


BOX = np.array(
    [[x, y, z] for x in (-0.2, 0.2) for y in (-0.2, 0.2) for z in (0, 1.8)], dtype=np.float32
)


def test_what_is_framed_touches_the_frame() -> None:
    camera = aim(BOX, view())

    plane = camera.project(BOX)[:, :2]
    assert camera.position[0] > 3
    assert plane[:, 1].min() == pytest.approx(0, abs=1e-6)
    assert plane[:, 1].max() == pytest.approx(200, abs=1e-6)
    assert plane[:, 0].mean() == pytest.approx(50, abs=1e-6)


def test_a_shift_lets_the_frame_cut() -> None:
    plane = aim(BOX, view(shift=(0.0, 0.25))).project(BOX)[:, :2]

    assert plane[:, 1].max() == pytest.approx(250, abs=1e-6)


def square(half: float, y: float, label: int, material: Material | None = None) -> Surface:
    """A square around the origin that faces the camera, y metres behind it."""
    corners = [[-half, y, -half], [half, y, -half], [half, y, half], [-half, y, half]]
    uvs = np.array([[[0, 0], [1, 0], [1, 1]], [[0, 0], [1, 1], [0, 1]]], dtype=np.float32)
    return Surface(
        np.array(corners, dtype=np.float32),
        np.array([[0, 1, 2], [0, 2, 3]], dtype=np.int32),
        uvs,
        uvs,
        np.full(2, label, dtype=np.uint8),
        material or Material(),
    )


def test_the_nearest_label_is_seen_at_the_middle_of_a_pixel() -> None:
    labels = rasterised([square(0.5, 0.0, 5), square(0.9, 1.0, 9)], looking_back())

    # 4 pixels wide in front; behind, 8 / 3 pixels per metre, 4.8 wide: pixels 3 to 6 too.
    assert labels[4].tolist() == [0, 0, 0, 5, 5, 5, 5, 0, 0, 0]
    assert (labels == 5).sum() == 16


def test_a_hole_in_a_texture_shows_what_is_behind() -> None:
    texture = np.zeros((2, 2, 4), dtype=np.uint8)
    texture[:, 0, 3] = 255

    labels = rasterised(
        [square(0.5, 0.0, 2, Material(texture=texture)), square(2.0, 1.0, 9)], looking_back()
    )

    assert labels[4, 3:7].tolist() == [2, 2, 9, 9]
