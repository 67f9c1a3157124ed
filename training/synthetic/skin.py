"""Skin of every tone, painted on the body's texture."""

from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from training.synthetic.arrays import ImageU8, as_bytes
from training.synthetic.description import Complexion
from training.synthetic.errors import SynthesisError

_SIDE = 1024

# sRGB from very light to very dark, with as much red as skin has.
_TONES = np.array(
    [
        [0.95, 0.82, 0.75],
        [0.90, 0.74, 0.64],
        [0.82, 0.63, 0.50],
        [0.69, 0.49, 0.36],
        [0.50, 0.34, 0.24],
        [0.33, 0.22, 0.16],
        [0.20, 0.135, 0.105],
    ]
)


class SkinPainter:
    """Paints textures; the masks that say where lips and ears are lie in one folder."""

    def __init__(self, masks: Path) -> None:
        self._folder = masks
        self._mask = lru_cache(maxsize=None)(self._read)

    def paint(self, complexion: Complexion) -> ImageU8:
        """uint8[1024, 1024, 3] for the body's texture coordinates."""
        random = np.random.default_rng(complexion.seed)
        tone = skin_tone(complexion.tone)
        picture = np.broadcast_to(tone, (_SIDE, _SIDE, 3)).astype(np.float32)
        # Larger blotches would end at the seams of the texture.
        spread = 0.007 + 0.02 * complexion.blotches
        for cells in (48, 128, 384):
            picture = picture * (1 + spread * _noise(random, cells)[..., None])
        red = np.array([1.06, 0.9, 0.88], dtype=np.float32)
        flush = (0.25 + 0.6 * complexion.redness) * self._mask("ears")
        picture = _blend(picture, picture * red, flush * 0.8)
        lips = tone * np.array([0.92, 0.62, 0.62]) if complexion.tone < 0.6 else tone * 0.85
        picture = _blend(picture, lips.astype(np.float32), self._mask("lips") * complexion.lips)
        picture = _blend(picture, picture * red * 0.93, self._mask("eyelids") * 0.6)
        nails = np.minimum(tone * 1.12 + 0.03, 1).astype(np.float32)
        picture = _blend(picture, nails, self._mask("fingernails") * 0.6)
        return as_bytes(picture * 255)

    def _read(self, name: str) -> NDArray[np.float32]:
        """float32[1024, 1024], 0 to 1."""
        path = self._folder / f"{name}.jpg"
        picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        if picture is None:
            raise SynthesisError(f"{path}: not a picture")
        scaled = cv2.resize(picture, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
        return scaled.astype(np.float32) / np.float32(255)


def skin_tone(tone: float) -> NDArray[np.float64]:
    """sRGB float64[3] of a tone from 0, very light, to 1, very dark."""
    place = np.linspace(0, 1, len(_TONES))
    return np.array([np.interp(tone, place, channel) for channel in _TONES.T])


def _noise(random: np.random.Generator, cells: int) -> NDArray[np.float32]:
    """float32[1024, 1024] of standard deviation about 1, with so many cells on a side."""
    grid = random.standard_normal((cells, cells)).astype(np.float32)
    smooth = cv2.resize(grid, (_SIDE, _SIDE), interpolation=cv2.INTER_CUBIC)
    return smooth.astype(np.float32)


def _blend(
    below: NDArray[np.float32], above: NDArray[np.float32], share: NDArray[np.float32]
) -> NDArray[np.float32]:
    return below + share[..., None] * (above - below)
