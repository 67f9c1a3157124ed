"""What a client takes for a photo, as the bytes that are sent."""

from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from limn.encode import rgb_png

Photo = bytes | str | PathLike[str] | NDArray[np.uint8]
"""An encoded picture, the path of one, or uint8[H, W, 3] RGB."""


def encoded(photo: Photo) -> bytes:
    """The bytes of a picture file.

    Raises:
        OSError: the path cannot be read.
        ValueError: the array is no RGB picture.
    """
    if isinstance(photo, bytes):
        return photo
    if isinstance(photo, np.ndarray):
        if photo.dtype != np.uint8 or photo.ndim != 3 or photo.shape[2] != 3 or not photo.size:
            raise ValueError(f"uint8[H, W, 3] RGB is a photo, not {photo.dtype}{photo.shape}")
        return rgb_png(photo)
    return Path(photo).read_bytes()
