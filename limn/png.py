"""PNG files of label maps and pictures, by the fastest deflate there is for long runs.

Source: W3C, Portable Network Graphics (Third Edition), sections 5.2 to 11.2. Every row is filtered
by "up", the difference to the row above: of label maps little but zeros is left, and it suits
photos under flat colours.
"""

import struct
import zlib

import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_UP = 2
_BIT_DEPTH = 8
_RGB, _INDEXED = 2, 3
_LEVEL = 1


def png(image: NDArray[np.uint8], palette: NDArray[np.uint8] | None = None) -> bytes:
    """An 8-bit PNG.

    Args:
        image: uint8[H, W] of indices into `palette`, or uint8[H, W, 3] RGB.
        palette: uint8[N, 3] RGB, N at most 256; for indices alone.
    """
    height, width = image.shape[:2]
    kind = _RGB if palette is None else _INDEXED
    header = struct.pack(">IIBBBBB", width, height, _BIT_DEPTH, kind, 0, 0, 0)
    colours = b"" if palette is None else _chunk(b"PLTE", palette.tobytes())
    pixels = isal_zlib.compress(_filtered(image), _LEVEL)
    parts = (_chunk(b"IHDR", header), colours, _chunk(b"IDAT", pixels), _chunk(b"IEND", b""))
    return _SIGNATURE + b"".join(parts)


def _filtered(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """uint8[H, 1 + bytes of a row]: the filter's number, then differences modulo 256."""
    rows = image.reshape(len(image), -1)
    filtered = np.empty((rows.shape[0], 1 + rows.shape[1]), dtype=np.uint8)
    filtered[:, 0] = _UP
    filtered[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])
    return filtered


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + _checksum(name + content)


def _checksum(content: bytes) -> bytes:
    return struct.pack(">I", zlib.crc32(content))
