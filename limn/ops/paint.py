"""Label maps made visible: coloured by class, alone or over the photo."""

import cv2
import numpy as np
from numpy.typing import NDArray


def colorize(label_map: NDArray[np.uint8], palette: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Colour of every pixel's class.

    Args:
        label_map: uint8[H, W].
        palette: uint8[256, 3] RGB by class index.

    Returns:
        uint8[H, W, 3] RGB.
    """
    # Faster than `palette[label_map]` by an order of magnitude.
    return np.asarray(cv2.applyColorMap(label_map, palette.reshape(256, 1, 3)), dtype=np.uint8)


def overlay(
    image: NDArray[np.uint8],
    label_map: NDArray[np.uint8],
    palette: NDArray[np.uint8],
    alpha: float,
) -> NDArray[np.uint8]:
    """The photo with the foreground tinted; the background (class 0) shows the photo as it is.

    Args:
        image: uint8[H, W, 3] RGB.
        label_map: uint8[H, W].
        palette: uint8[256, 3] RGB by class index.
        alpha: weight of the class colour, 0 to 1.

    Returns:
        uint8[H, W, 3] RGB.
    """
    colors = colorize(label_map, palette)
    cv2.addWeighted(image, 1 - alpha, colors, alpha, 0, dst=colors)
    cv2.copyTo(image, (label_map == 0).view(np.uint8), colors)
    return colors
