"""Small pictures of every format that is read, in most of the ways in which it can be written."""

import io
from functools import cache
from typing import Any

import numpy as np
from PIL import Image

SIZE = (20, 28)
"""(width, height); each side differs from all others that matter here."""


def _encoded(picture: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def _exif(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif.tobytes()


@cache
def rgb() -> Image.Image:
    """Four colours, smooth between them: small in every format."""
    corners = np.array([[[230, 40, 30], [20, 200, 60]], [[30, 60, 220], [240, 240, 90]]], np.uint8)
    return Image.fromarray(corners).resize(SIZE, Image.Resampling.BILINEAR)


@cache
def samples() -> tuple[bytes, ...]:
    """Encoded pictures, the smallest that each way of writing gives."""
    picture = rgb()
    grey, palette, alpha = picture.convert("L"), picture.convert("P"), picture.copy()
    alpha.putalpha(grey)
    deep = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    frames = [picture.rotate(90 * turn) for turn in range(3)]
    return (
        _encoded(picture, "JPEG", quality=60),
        _encoded(picture, "JPEG", quality=60, progressive=True),
        _encoded(grey, "JPEG", quality=60, restart_marker_blocks=1),
        _encoded(picture.convert("CMYK"), "JPEG", quality=60),
        *(_encoded(picture, "JPEG", quality=30, exif=_exif(turn)) for turn in (3, 6, 9)),
        _encoded(picture, "PNG"),
        _encoded(grey, "PNG", optimize=True, transparency=7),
        _encoded(deep, "PNG"),
        _encoded(palette, "PNG", transparency=0),
        _encoded(alpha, "PNG", exif=_exif(8)),
        _encoded(picture.convert("1"), "PNG"),
        _encoded(frames[0], "PNG", save_all=True, append_images=frames[1:]),
        _encoded(picture, "WEBP", quality=40),
        _encoded(alpha, "WEBP", quality=40, exif=_exif(5)),
        _encoded(picture, "WEBP", lossless=True),
        _encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], quality=20),
        _encoded(palette, "GIF"),
        _encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], loop=0),
        _encoded(picture, "BMP"),
        _encoded(palette, "BMP"),
        _encoded(picture, "AVIF", quality=40),
        _encoded(alpha, "AVIF", quality=40, exif=_exif(6)),
    )


@cache
def smallest() -> bytes:
    """A PNG of a few dozen bytes, for inputs that hold more than a picture."""
    return _encoded(Image.new("P", (9, 12), 3), "PNG", optimize=True, bits=1)
