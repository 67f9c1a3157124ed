"""Upsample scores, then choose: the winning class of every photo pixel, summed at borders only.

The scores are interpolated bilinearly (half-pixel centres, clamped to the part of the grid that
the photo covers) and each pixel takes the class with the highest one, the lowest index on a tie.
A bilinear score is a convex combination of its four neighbours. So where all four choose the same
class, the pixel does too; and in any cell of the grid a class can win only if its largest corner
reaches the best among the smallest corners. What is left to sum are a few classes at borders.

`choose.c` does it, compiled when Limn is installed.
"""

import ctypes
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from limn.geometry import GridAxis, Region, Size

MAX_CLASSES = 255
"""One byte tells 256 apart, and one of them stands for none."""

_NO_NUMBERS, _NO_MEMORY = 1, 2


def _compiled() -> ctypes.CDLL:
    spec = find_spec("limn.ops._choose")
    if spec is None or spec.origin is None:
        raise ImportError("limn/ops/choose.c is not compiled: install Limn (`make install`)")
    library = ctypes.CDLL(spec.origin)
    address, count = ctypes.c_void_p, ctypes.c_int32
    # As in the declaration, line by line.
    # fmt: off
    library.limn_choose.argtypes = [
        address, count, count, count,
        address, count, address, count,
        address, address,
    ]
    # fmt: on
    return library


_LIBRARY = _compiled()


def upsample_and_choose(
    scores: NDArray[np.float32], size: Size, region: Region
) -> NDArray[np.uint8]:
    """Class index of every photo pixel.

    Args:
        scores: float32[K, h, w], K at most `MAX_CLASSES`.
        size: (H, W) of the photo.
        region: the part of the grid that the photo covers, see `Letterbox.region`.

    Returns:
        uint8[H, W], exactly what upsampling all K maps and choosing would give. Extra memory
        does not grow with the photo.

    Raises:
        FloatingPointError: a score is NaN or infinite.
        ValueError: too many classes, or a region outside of the grid.
    """
    return _choose(scores, size, region, confidence=None)


def upsample_and_choose_with_confidence(
    scores: NDArray[np.float32], size: Size, region: Region
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Class index and winning score, both uint8[H, W]; a score of 1 is 255.

    The arguments are those of `upsample_and_choose`, which raises the same; scores are
    probabilities.
    """
    confidence = np.empty(size, dtype=np.uint8)
    return _choose(scores, size, region, confidence), confidence


def checked_axes(shape: tuple[int, ...], size: Size, region: Region) -> tuple[GridAxis, GridAxis]:
    """`Region.axes` of scores of shape (K, h, w).

    Raises:
        ValueError: as `upsample_and_choose`.
    """
    classes, height, width = shape
    if not 1 <= classes <= MAX_CLASSES:
        raise ValueError(f"{classes} classes; 1 to {MAX_CLASSES} can be told apart")
    return region.axes(size, (height, width))


def _choose(
    scores: NDArray[np.float32],
    size: Size,
    region: Region,
    confidence: NDArray[np.uint8] | None,
) -> NDArray[np.uint8]:
    classes, height, width = scores.shape
    rows, columns = (axis.positions for axis in checked_axes(scores.shape, size, region))
    # ctypes takes addresses: what they point to has to be what the C code expects.
    given = np.ascontiguousarray(scores, dtype=np.float32)
    label_map = np.empty(size, dtype=np.uint8)
    # Other threads run meanwhile.
    failed = _LIBRARY.limn_choose(
        given.ctypes.data,
        classes,
        height,
        width,
        rows.ctypes.data,
        size[0],
        columns.ctypes.data,
        size[1],
        label_map.ctypes.data,
        None if confidence is None else confidence.ctypes.data,
    )
    if failed == _NO_NUMBERS:
        raise FloatingPointError("scores are NaN or infinite")
    if failed == _NO_MEMORY:
        raise MemoryError("no memory for the classes of a photo")
    return label_map
