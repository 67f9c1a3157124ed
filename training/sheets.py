"""Sheets of pictures to look at: photo, truth, prediction, side by side."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from training.validation import CanvasSet

PICTURES = 12
COLUMNS = 4


def contact_sheet(tiles: Sequence[NDArray[np.uint8]], columns: int) -> NDArray[np.uint8]:
    """uint8 RGB tiles of one size in rows of `columns`; missing ones are black."""
    blank = np.zeros_like(tiles[0])
    padded = [*tiles, *[blank] * (-len(tiles) % columns)]
    rows = [np.hstack(padded[i : i + columns]) for i in range(0, len(padded), columns)]
    return np.vstack(rows)


def write_picture(path: Path, image: NDArray[np.uint8]) -> None:
    """An RGB picture in the format of the path's ending."""
    cv2.imwrite(str(path), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))


def save_sheet(
    path: Path, canvases: CanvasSet, predictions: Sequence[NDArray[np.uint8]]
) -> NDArray[np.uint8]:
    """Photo, truth and prediction of evenly spaced pictures of a split; uint8[H, W, 3] RGB."""
    chosen = np.linspace(0, len(canvases.images) - 1, PICTURES).astype(int)
    tiles = [
        np.hstack(
            [
                canvases.images[i],
                canvases.label_set.palette[canvases.labels[i]],
                canvases.label_set.palette[predictions[i]],
            ]
        )
        for i in chosen
    ]
    sheet = contact_sheet(tiles, COLUMNS)
    write_picture(path, sheet)
    return sheet
