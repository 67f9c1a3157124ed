"""What an encoded image says of itself, read from its headers before any pixel exists."""

import struct
from collections.abc import Callable, Collection

import numpy as np

from limn.errors import CorruptImage, EmptyImage, UnsupportedImage
from limn.image_formats import DEFAULT_FORMATS, Format, ImageHeader, format_of, listed, look_of
from limn.image_header_avif import read_avif
from limn.image_header_bitmap import read_bmp, read_gif

# A decoder goes over the whole picture once per scan; progressive files have about ten.
MAX_JPEG_SCANS = 64
# An encoder writes a few hundred of these at most; a decoder that walks them one by one in Python
# would be kept busy for seconds by a file that consists of nothing else.
MAX_JPEG_SEGMENTS = 2_000
MAX_PNG_CHUNKS = 20_000
MAX_WEBP_CHUNKS = 20_000

_PNG_SIGNATURE_BYTES = 8
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_START_OF_SCAN = 0xDA
_JPEG_END_OF_IMAGE = 0xD9
_JPEG_STANDALONE = frozenset((0x00, 0x01, 0xFF, *range(0xD0, 0xD9)))


def read_header(data: bytes, formats: Collection[Format] = DEFAULT_FORMATS) -> ImageHeader:
    """Format and size of an encoded image.

    Raises:
        EmptyImage: there are no bytes.
        UnsupportedImage: the bytes are of none of `formats`; the message says what they look like.
        CorruptImage: the header is cut off, broken, or built to keep a decoder busy.
    """
    if not data:
        raise EmptyImage(f"the image is empty: send the bytes of a {listed(formats)}")
    kind = format_of(data)
    if kind is None or kind not in formats:
        raise UnsupportedImage(f"the body is {look_of(data)}; {listed(formats)} is accepted")
    header = _READERS[kind](data)
    if not (header.height and header.width):
        raise CorruptImage(f"the {header.kind} header gives a size of zero")
    return header


def _png(data: bytes) -> ImageHeader:
    if len(data) < 29 or data[12:16] != b"IHDR":
        raise CorruptImage("the PNG ends before its header does")
    width, height = struct.unpack_from(">II", data, 16)
    position, chunks, frames = _PNG_SIGNATURE_BYTES, 0, 1
    while position + 8 <= len(data):
        if data[position + 4 : position + 8] == b"acTL":
            frames = max(frames, int.from_bytes(data[position + 8 : position + 12], "big"))
        position += 12 + int.from_bytes(data[position : position + 4], "big")
        chunks += 1
        if chunks > MAX_PNG_CHUNKS:
            raise CorruptImage(f"the PNG has more than {MAX_PNG_CHUNKS} chunks")
    return ImageHeader("PNG", height, width, frames)


def _jpeg(data: bytes) -> ImageHeader:
    """Walk the segments up to the first scan; the frame header among them holds the size."""
    if _count_pairs(data, 0xFF, _JPEG_START_OF_SCAN) > MAX_JPEG_SCANS:
        raise CorruptImage(f"the JPEG has more than {MAX_JPEG_SCANS} scans")
    header: ImageHeader | None = None
    position = 2
    for _ in range(MAX_JPEG_SEGMENTS):
        position = data.find(b"\xff", position)
        if not 0 <= position <= len(data) - 4:
            raise CorruptImage("the JPEG ends before its header does")
        marker = data[position + 1]
        if marker in (_JPEG_START_OF_SCAN, _JPEG_END_OF_IMAGE):
            break
        if marker in _JPEG_STANDALONE:
            # A fill byte is followed by the marker itself, any other by the next segment.
            position += 1 if marker == 0xFF else 2
            continue
        if marker in _JPEG_FRAMES:
            if header is not None or position + 9 > len(data):
                raise CorruptImage("the JPEG's frame header is cut off or there twice")
            height, width = struct.unpack_from(">HH", data, position + 5)
            header = ImageHeader("JPEG", height, width)
        position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
    else:
        raise CorruptImage(f"the JPEG has more than {MAX_JPEG_SEGMENTS} segments before its scan")
    if header is None:
        raise CorruptImage("the JPEG has no frame header")
    return header


def _count_pairs(data: bytes, first: int, second: int) -> int:
    """`data.count`, in a fifth of its time."""
    values = np.frombuffer(data, np.uint8)
    before = np.flatnonzero(values[:-1] == first)
    return int(np.count_nonzero(values[before + 1] == second))


def _webp(data: bytes) -> ImageHeader:
    if len(data) < 30:
        raise CorruptImage("the WebP ends before its header does")
    kind = data[12:16]
    if kind == b"VP8X":
        width = 1 + int.from_bytes(data[24:27], "little")
        height = 1 + int.from_bytes(data[27:30], "little")
        return ImageHeader("WEBP", height, width, _webp_frames(data))
    if kind == b"VP8L" and data[20] == 0x2F:
        bits = int.from_bytes(data[21:25], "little")
        width, height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    elif kind == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", data, 26))
    else:
        raise CorruptImage("the WebP holds no picture")
    return ImageHeader("WEBP", height, width)


def _webp_frames(data: bytes) -> int:
    """Chunks of an extended file that are frames of an animation; at least 1."""
    position, chunks, frames = 12, 0, 0
    while position + 8 <= len(data):
        frames += data[position : position + 4] == b"ANMF"
        size = int.from_bytes(data[position + 4 : position + 8], "little")
        position += 8 + size + size % 2
        chunks += 1
        if chunks > MAX_WEBP_CHUNKS:
            raise CorruptImage(f"the WebP has more than {MAX_WEBP_CHUNKS} chunks")
    return max(1, frames)


_READERS: dict[Format, Callable[[bytes], ImageHeader]] = {
    "PNG": _png,
    "JPEG": _jpeg,
    "WEBP": _webp,
    "AVIF": read_avif,
    "BMP": read_bmp,
    "GIF": read_gif,
}
