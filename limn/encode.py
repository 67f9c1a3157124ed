"""Label maps, pictures and scores as bytes to send or to save."""

import io
import zipfile
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from limn.png import png

_ARCHIVE_LEVEL = 1


def palette_png(label_map: NDArray[np.uint8], palette: NDArray[np.uint8]) -> bytes:
    """8-bit indexed PNG: the pixel value is the class index, the palette makes it a picture.

    Args:
        label_map: uint8[H, W].
        palette: uint8[256, 3] RGB.
    """
    return png(label_map, palette)


def rgb_png(image: NDArray[np.uint8]) -> bytes:
    """PNG of uint8[H, W, 3] RGB."""
    return png(image)


def npz(arrays: Mapping[str, NDArray[np.generic]]) -> bytes:
    """Named arrays as `numpy.load` reads them, lightly compressed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(
        buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=_ARCHIVE_LEVEL
    ) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array(file, array, allow_pickle=False)
    return buffer.getvalue()
