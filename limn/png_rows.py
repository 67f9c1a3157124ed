"""Whether a PNG has all the rows that it promises; decoders leave those that are missing black."""

import struct
import zlib
from collections.abc import Iterator

_SIGNATURE_BYTES = 8
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_ADAM7 = (
    (0, 0, 8, 8),
    (0, 4, 8, 8),
    (4, 0, 8, 4),
    (0, 2, 4, 4),
    (2, 0, 4, 2),
    (0, 1, 2, 2),
    (1, 0, 2, 1),
)
"""First row, first column, and steps of the passes (PNG specification, 8.2)."""
_PIECE_BYTES = 2**16


def has_all_rows(data: bytes) -> bool:
    """Whether the pixels' zlib stream is as long as the header says; pixels are not kept.

    Args:
        data: a PNG that a decoder has accepted.
    """
    missing = _expected(data)
    stream = zlib.decompressobj()
    for chunk in _pixel_chunks(data):
        while chunk and missing > 0 and not stream.eof:
            missing -= len(stream.decompress(chunk, _PIECE_BYTES))
            chunk = stream.unconsumed_tail
    return missing <= 0


def _expected(data: bytes) -> int:
    """Bytes of all rows, each after the byte of its filter."""
    width, height, depth, colour, _, _, interlaced = struct.unpack_from(">IIBBBBB", data, 16)
    bits = depth * _CHANNELS[colour]
    passes = _ADAM7 if interlaced else ((0, 0, 1, 1),)
    count = 0
    for top, left, down, across in passes:
        rows, columns = -(-(height - top) // down), -(-(width - left) // across)
        if rows > 0 and columns > 0:
            count += rows * (1 + -(-columns * bits // 8))
    return count


def _pixel_chunks(data: bytes) -> Iterator[bytes]:
    position = _SIGNATURE_BYTES
    while position + 8 <= len(data):
        size = int.from_bytes(data[position : position + 4], "big")
        start = position + 8
        if data[position + 4 : start] == b"IDAT":
            # In pieces: what a piece does not use up is copied.
            end = min(start + size, len(data))
            for piece in range(start, end, _PIECE_BYTES):
                yield data[piece : min(piece + _PIECE_BYTES, end)]
        position = start + size + 4
