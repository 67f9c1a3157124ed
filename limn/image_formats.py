"""The formats that a picture may have, and what everything else looks like."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

Format = Literal["JPEG", "PNG", "WEBP", "AVIF", "BMP", "GIF"]

DEFAULT_FORMATS: tuple[Format, ...] = ("JPEG", "PNG", "WEBP")
"""What is read unless more is asked for; their decoders are the most looked at."""

_NAMES: dict[Format, str] = {"WEBP": "WebP"}

_SIGNATURES: tuple[tuple[re.Pattern[bytes], Format], ...] = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "PNG"),
    (re.compile(rb"\xff\xd8\xff"), "JPEG"),
    (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), "WEBP"),
    (re.compile(rb"GIF8[79]a"), "GIF"),
    (re.compile(rb"BM.{4}\x00{4}", re.DOTALL), "BMP"),
    (re.compile(rb".{4}ftyp(?:avif|avis)", re.DOTALL), "AVIF"),
)

_OTHERS: tuple[tuple[re.Pattern[bytes], str], ...] = tuple(
    (re.compile(pattern, re.DOTALL), name)
    for pattern, name in (
        (rb"II[*+]\x00|MM\x00[*+]", "a TIFF or a raw photo"),
        (rb".{4}ftyp(?:hei|hev|mif1|msf1)", "a HEIC"),
        (rb".{4}ftyp|.{4}(?:moov|mdat|wide)", "a video or another ISO media file"),
        (rb"\x1aE\xdf\xa3|RIFF.{4}AVI |FLV\x01|\x00\x00\x01[\xb3\xba]|0&\xb2u", "a video"),
        (rb"OggS", "an Ogg video or sound"),
        (rb"\xff\x0a|\x00{3}\x0cJXL ", "a JPEG XL"),
        (rb"\x00{3}\x0cjP  |\xff\x4f\xff\x51", "a JPEG 2000"),
        (rb"8BPS", "a Photoshop document (PSD)"),
        (rb"\x00\x00\x01\x00", "an icon"),
        (rb"%PDF", "a PDF"),
        (rb"%!PS", "a PostScript document"),
        (rb"PK\x03\x04", "a ZIP archive"),
        (rb"\x1f\x8b", "a gzip file; send the bytes before compression"),
        (rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml|<svg|<!DOCTYPE svg)", "an SVG or XML text"),
        (rb"(?:\xef\xbb\xbf)?\s*<(?i:!doctype|html)", "an HTML page"),
        (rb"\s*[\[{]", "JSON text"),
        (rb"data:", "a data URL; send the bytes themselves"),
        (rb"(?i:https?|ftp|s3|file)://", "an address; none is fetched, send the bytes themselves"),
        (rb"--[-\w]+\r\n", "a multipart body; name its boundary in the Content-Type header"),
    )
)


@dataclass(frozen=True)
class ImageHeader:
    """Format, stored size in pixels before any EXIF orientation is applied, pictures in the file.

    Attributes:
        frames: more than one in an animation, of which the first is taken.
    """

    kind: Format
    height: int
    width: int
    frames: int = 1


def format_of(data: bytes) -> Format | None:
    """What the first bytes say, or None where they are of no format that could be read."""
    start = data[:64]
    return next((kind for pattern, kind in _SIGNATURES if pattern.match(start)), None)


def look_of(data: bytes) -> str:
    """What bytes look like that are not read, in words."""
    kind, start = format_of(data), data[:64]
    if kind is not None:
        return f"{'an' if kind == 'AVIF' else 'a'} {_NAMES.get(kind, kind)}"
    for pattern, name in _OTHERS:
        if pattern.match(start):
            return name
    return f"no image that is known here (it starts with the bytes {data[:8].hex(' ')})"


def listed(formats: Collection[Format]) -> str:
    """Formats as a sentence names them: `JPEG, PNG or WebP`."""
    *others, last = (_NAMES.get(kind, kind) for kind in formats)
    return f"{', '.join(others)} or {last}" if others else last
