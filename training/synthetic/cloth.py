"""What clothes are made of: a pattern that repeats, and the folds that a texture holds."""

import cv2
import numpy as np
from numpy.typing import NDArray

from training.synthetic.arrays import ImageU8, as_bytes
from training.synthetic.description import Cloth

_SIDE = 128


def fold_texture(texture: ImageU8) -> ImageU8:
    """Folds and seams of a texture without its colour, bright on average.

    The brightness of each place relative to its surroundings: a printed pattern of large areas
    goes, and folds stay.
    """
    gray = cv2.cvtColor(texture[..., :3], cv2.COLOR_RGB2GRAY).astype(np.float32) + 8
    around = cv2.GaussianBlur(gray, (0, 0), gray.shape[0] / 24)
    folds = np.clip(0.88 * gray / around, 0.35, 1)
    return np.repeat(as_bytes(folds * 255)[..., None], 3, axis=2)


def strand_texture(texture: ImageU8, color: tuple[float, float, float]) -> ImageU8:
    """Hair of a texture in another colour, its edges sharper, so that no scalp shines through."""
    gray = cv2.cvtColor(texture[..., :3], cv2.COLOR_RGB2GRAY).astype(np.float32)
    solid = texture[..., 3] > 127 if texture.shape[2] == 4 else np.ones(gray.shape, dtype=bool)
    mean = float(gray[solid].mean()) if solid.any() else 128.0
    light = np.clip(gray / max(mean, 8.0), 0.3, 2.2)
    tinted = np.clip(light[..., None] * np.array(color, dtype=np.float32) * 255, 0, 255)
    alpha = as_bytes((texture[..., 3:].astype(np.float32) - 128) * 3 + 128)
    return np.concatenate([as_bytes(tinted), alpha], axis=2)


def pattern_texture(cloth: Cloth, patch: ImageU8 | None) -> ImageU8 | None:
    """uint8[128, 128, 3] that repeats without a seam; none where the cloth is plain.

    Args:
        cloth: what it is.
        patch: a piece of a photo, for cloth of the pattern `photo`.
    """
    if cloth.pattern == "photo":
        return None if patch is None else _seamless(patch)
    if cloth.pattern == "plain":
        return None
    share = _DRAWN[cloth.pattern](np.random.default_rng(cloth.seed))[..., None]
    first, second = np.array(cloth.color), np.array(cloth.second)
    mixed = first + share * (second - first)
    return as_bytes(mixed * 255)


def _stripes(random: np.random.Generator) -> NDArray[np.float64]:
    width = random.uniform(0.15, 0.5)
    down = np.arange(_SIDE)[:, None] / _SIDE
    return np.repeat((down < width).astype(np.float64), _SIDE, axis=1)


def _checks(random: np.random.Generator) -> NDArray[np.float64]:
    width = random.uniform(0.15, 0.5)
    bars = (np.arange(_SIDE) / _SIDE < width).astype(np.float64)
    crossed: NDArray[np.float64] = (bars[:, None] + bars[None, :]) / 2
    return crossed


def _dots(random: np.random.Generator) -> NDArray[np.float64]:
    radius = random.uniform(0.1, 0.3)
    y, x = np.mgrid[:_SIDE, :_SIDE] / _SIDE
    near = np.minimum(
        np.hypot(x - 0.25, y - 0.25),
        np.hypot(x - 0.75, y - 0.75),
    )
    dots: NDArray[np.float64] = (near < radius / 2).astype(np.float64)
    return dots


_DRAWN = {"stripes": _stripes, "checks": _checks, "dots": _dots}


def _seamless(patch: ImageU8) -> ImageU8:
    """A patch beside its mirror images."""
    small = cv2.resize(patch, (_SIDE // 2, _SIDE // 2), interpolation=cv2.INTER_AREA)
    row = np.concatenate([small, small[:, ::-1]], axis=1)
    return np.concatenate([row, row[::-1]], axis=0).astype(np.uint8)
