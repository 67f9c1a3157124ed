"""Headers of BMP and GIF, which are read on request."""

import struct

from limn.errors import CorruptImage
from limn.image_formats import ImageHeader

# Blocks hold 255 bytes: these are 12 MB of them, and a tenth of a second to walk.
MAX_GIF_BLOCKS = 50_000

_CORE_HEADER_BYTES = 12
_EXTENSION, _FRAME, _TRAILER = 0x21, 0x2C, 0x3B


def read_bmp(data: bytes) -> ImageHeader:
    """Size of a BMP; CorruptImage where its header is cut off."""
    if len(data) < 26:
        raise CorruptImage("the BMP ends before its header does")
    if int.from_bytes(data[14:18], "little") == _CORE_HEADER_BYTES:
        width, height = struct.unpack_from("<HH", data, 18)
    else:
        width, height = struct.unpack_from("<ii", data, 18)
    # Stored from the top down where the height is negative.
    return ImageHeader("BMP", abs(height), abs(width))


def read_gif(data: bytes) -> ImageHeader:
    """Size of a GIF, which its first frame may exceed, and how many frames it has.

    Raises:
        CorruptImage: it is cut off before its first frame, or consists of too many blocks.
    """
    if len(data) < 13:
        raise CorruptImage("the GIF ends before its header does")
    width, height = struct.unpack_from("<HH", data, 6)
    position = 13 + _palette_bytes(data[10])
    frames = blocks = 0
    while position < len(data) and data[position] in (_EXTENSION, _FRAME):
        if data[position] == _EXTENSION:
            position += 2
        else:
            if position + 10 > len(data):
                break
            left, top, wide, high = struct.unpack_from("<HHHH", data, position + 1)
            if not frames:
                width, height = max(width, left + wide), max(height, top + high)
            frames += 1
            position += 11 + _palette_bytes(data[position + 9])
        while position < len(data) and data[position]:
            position += 1 + data[position]
            blocks += 1
        position += 1
        blocks += 1
        if blocks > MAX_GIF_BLOCKS:
            raise CorruptImage(f"the GIF has more than {MAX_GIF_BLOCKS} blocks")
    if not frames:
        raise CorruptImage("the GIF holds no picture")
    return ImageHeader("GIF", height, width, frames)


def _palette_bytes(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0
