import numpy as np

from limn.labels import LIP
from limn.ops.paint import colorize, overlay


def test_colours_come_from_the_palette() -> None:
    label_map = np.array([[0, 2], [19, 255]], np.uint8)

    colors = colorize(label_map, LIP.palette)

    assert colors.tolist() == [[[0, 0, 0], [255, 0, 0]], [[255, 170, 0], [128, 128, 128]]]


def test_overlay_tints_the_person_and_leaves_the_background() -> None:
    image = np.full((1, 2, 3), 100, np.uint8)
    label_map = np.array([[0, 2]], np.uint8)

    mixed = overlay(image, label_map, LIP.palette, 0.6)

    # 0.4 * 100 + 0.6 * (255, 0, 0)
    assert mixed.tolist() == [[[100, 100, 100], [193, 40, 40]]]
    assert (image == 100).all()


def test_overlay_goes_from_photo_to_colours() -> None:
    image = np.full((1, 1, 3), 100, np.uint8)
    label_map = np.array([[13]], np.uint8)

    assert overlay(image, label_map, LIP.palette, 0).tolist() == [[[100, 100, 100]]]
    assert overlay(image, label_map, LIP.palette, 1).tolist() == [[[0, 0, 255]]]
