"""The pictures that an export is checked and quantised with."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limn.contract import ModelContract
from limn.geometry import Letterbox
from limn.ops import array

Photo = NDArray[np.uint8]
"""uint8[H, W, 3] RGB."""


@dataclass(frozen=True)
class Material:
    """Real pictures of the data sets that a network was trained on, to quantise it with.

    Attributes:
        calibration: of train, to find the ranges of quantised numbers; a range that none of them
            reaches is cut off, such as that of people seen from behind.
        annotated: of val with label maps uint8[H, W], 255 unknown, to measure what INT8 costs.
        title: what `annotated` is, for the contract.
    """

    calibration: Sequence[Photo]
    annotated: Sequence[tuple[Photo, NDArray[np.uint8]]]
    title: str


def canvases(photos: Iterable[Photo], contract: ModelContract) -> NDArray[np.uint8]:
    """Photos as the network is shown them, uint8[N, S_h, S_w, 3] RGB."""
    return np.stack([canvas(photo, contract) for photo in photos])


def canvas(photo: Photo, contract: ModelContract) -> NDArray[np.uint8]:
    """One of `canvases`."""
    box = Letterbox.fit((photo.shape[0], photo.shape[1]), contract.canvas)
    return array.letterbox(photo, box, contract.fill)
