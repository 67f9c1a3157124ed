"""A sheet of single pictures: photo, truth, prediction, at one size, named by their ids."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from limn.geometry import Letterbox
from limn.ops.array import letterbox
from limn.ops.paint import colorize
from training.comparison import Comparison
from training.datasets.dataset import ParsingDataset
from training.errors import DatasetError
from training.evaluation import Parse
from training.sheets import contact_sheet, write_picture

TILE = (360, 240)
"""(height, width) in pixels of each of the three."""

COLUMNS = 2
WHITE = (255, 255, 255)


def save_comparison(
    path: Path, dataset: ParsingDataset, parse: Parse, terms: Comparison, ids: Sequence[str]
) -> None:
    """Parse these pictures and draw them; the format follows the path's ending.

    Raises:
        DatasetError: the data set has no picture of that id.
    """
    numbers = {sample.id: number for number, sample in enumerate(dataset.samples)}
    unknown = [name for name in ids if name not in numbers]
    if unknown:
        raise DatasetError(f"{dataset.root} has no {', '.join(unknown)} in {dataset.split}")
    tiles = [_tile(dataset, parse, terms, numbers[name]) for name in ids]
    write_picture(path, contact_sheet(tiles, min(COLUMNS, len(tiles))))


def _tile(
    dataset: ParsingDataset, parse: Parse, terms: Comparison, number: int
) -> NDArray[np.uint8]:
    image, labels = dataset.pair(number)
    palette = terms.target.palette
    maps = terms.known(labels), terms.told(parse(image))
    parts = [image, *(colorize(label_map, palette) for label_map in maps)]
    box = Letterbox.fit((image.shape[0], image.shape[1]), TILE)
    tile = np.hstack([letterbox(part, box, WHITE) for part in parts])
    # A dark line under bright text can be read on any photo.
    for color, width in (((0, 0, 0), 3), (WHITE, 1)):
        cv2.putText(
            tile,
            dataset.samples[number].id,
            (6, 16),
            cv2.FONT_HERSHEY_SIMPLEX,
            0.5,
            color,
            width,
            cv2.LINE_AA,
        )
    return tile
