"""What an encoded image says of itself, read from its first bytes before any pixel exists."""

import re
import struct
from dataclasses import dataclass
from typing import Literal

from limn.errors import CorruptImage, EmptyImage, UnsupportedImage

ACCEPTED = "JPEG, PNG or WebP"

# A decoder goes over the whole picture once per scan; progressive files have about ten.
MAX_JPEG_SCANS = 64
# An encoder writes a few hundred of these at most; a decoder that walks them one by one in Python
# would be kept busy for seconds by a file that consists of nothing else.
MAX_JPEG_SEGMENTS = 2_000
MAX_PNG_CHUNKS = 20_000

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_START_OF_SCAN = 0xDA
_JPEG_END_OF_IMAGE = 0xD9
_JPEG_STANDALONE = frozenset((0x00, 0x01, 0xFF, *range(0xD0, 0xD9)))

_OTHER_FORMATS: tuple[tuple[re.Pattern[bytes], str], ...] = tuple(
    (re.compile(pattern, re.DOTALL), name)
    for pattern, name in (
        (rb"GIF8[79]a", "a GIF"),
        (rb"BM.{4}\x00{4}", "a BMP"),
        (rb"II[*+]\x00|MM\x00[*+]", "a TIFF or a raw photo"),
        (rb".{4}ftyp(?:avif|avis)", "an AVIF"),
        (rb".{4}ftyp(?:hei|hev|mif1|msf1)", "a HEIC"),
        (rb".{4}ftyp", "a video or another ISO media file"),
        (rb"\xff\x0a|\x00{3}\x0cJXL ", "a JPEG XL"),
        (rb"\x00{3}\x0cjP  |\xff\x4f\xff\x51", "a JPEG 2000"),
        (rb"8BPS", "a Photoshop document"),
        (rb"\x00\x00\x01\x00", "an icon"),
        (rb"%PDF", "a PDF"),
        (rb"PK\x03\x04", "a ZIP archive"),
        (rb"\s*(?:<\?xml|<svg)", "an SVG or XML text"),
        (rb"\s*<(?i:!doctype|html)", "an HTML page"),
        (rb"\s*[\[{]", "JSON text"),
        (rb"data:", "a data URL; send the bytes themselves"),
        (rb"--[-\w]+\r\n", "a multipart body; name its boundary in the Content-Type header"),
    )
)


@dataclass(frozen=True)
class ImageHeader:
    """Kind of file and stored size in pixels, before any EXIF orientation is applied."""

    kind: Literal["PNG", "JPEG", "WEBP"]
    height: int
    width: int


def read_header(data: bytes) -> ImageHeader:
    """Format and size of an encoded image.

    Raises:
        EmptyImage: there are no bytes.
        UnsupportedImage: the bytes are no JPEG, PNG or WebP; the message says what they look like.
        CorruptImage: the header is cut off, broken, or built to keep a decoder busy.
    """
    if not data:
        raise EmptyImage("the image is empty: send the bytes of a " + ACCEPTED)
    if data.startswith(_PNG_SIGNATURE):
        header = _png(data)
    elif data.startswith(b"\xff\xd8\xff"):
        header = _jpeg(data)
    elif data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        header = _webp(data)
    else:
        raise UnsupportedImage(f"the body is {_describe(data)}; {ACCEPTED} is accepted")
    if not (header.height and header.width):
        raise CorruptImage(f"the {header.kind} header gives a size of zero")
    return header


def _describe(data: bytes) -> str:
    for pattern, name in _OTHER_FORMATS:
        if pattern.match(data[:64]):
            return name
    return f"no image that is known here (it starts with the bytes {data[:8].hex(' ')})"


def _png(data: bytes) -> ImageHeader:
    if len(data) < 29 or data[12:16] != b"IHDR":
        raise CorruptImage("the PNG ends before its header does")
    width, height = struct.unpack_from(">II", data, 16)
    position, chunks = len(_PNG_SIGNATURE), 0
    while position + 8 <= len(data):
        position += 12 + int.from_bytes(data[position : position + 4], "big")
        chunks += 1
        if chunks > MAX_PNG_CHUNKS:
            raise CorruptImage(f"the PNG has more than {MAX_PNG_CHUNKS} chunks")
    return ImageHeader("PNG", height, width)


def _jpeg(data: bytes) -> ImageHeader:
    """Walk the segments up to the first scan; the frame header among them holds the size."""
    if data.count(b"\xff\xda") > MAX_JPEG_SCANS:
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


def _webp(data: bytes) -> ImageHeader:
    if len(data) < 30:
        raise CorruptImage("the WebP ends before its header does")
    kind = data[12:16]
    if kind == b"VP8X":
        width = 1 + int.from_bytes(data[24:27], "little")
        height = 1 + int.from_bytes(data[27:30], "little")
    elif kind == b"VP8L" and data[20] == 0x2F:
        bits = int.from_bytes(data[21:25], "little")
        width, height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    elif kind == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", data, 26))
    else:
        raise CorruptImage("the WebP holds no picture")
    return ImageHeader("WEBP", height, width)
