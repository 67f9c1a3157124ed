"""Bytes of a picture: what its header says, and what becomes of it with small limits."""

from typing import get_args

import numpy as np

from limn.errors import CorruptImage, EmptyImage, ImageError, UnsupportedImage
from limn.geometry import Size
from limn.image import ImageLimits, decode, decode_reduced
from limn.image_formats import DEFAULT_FORMATS, Format, ImageHeader
from limn.image_header import read_header
from tests.fuzz.samples import samples
from tests.fuzz.target import Target

LIMITS = ImageLimits(
    max_bytes=2**16,
    max_pixels=200_000,
    max_side=2_000,
    max_aspect=20,
    max_frames=20,
    formats=get_args(Format),
)


def check(data: bytes) -> None:
    """Refused as a picture, or decoded to the size that the header says, whole and reduced."""
    header = _header(data)
    try:
        image = decode(data, LIMITS)
    except ImageError:
        return
    assert header is not None, "decoded without a header"
    assert image.dtype == np.uint8
    assert image.flags.c_contiguous
    assert image.shape[2:] == (3,)
    size = image.shape[0], image.shape[1]
    assert sorted(size) == sorted((header.height, header.width)), (size, header)
    assert size[0] * size[1] <= LIMITS.max_pixels
    reduced, whole = decode_reduced(data, header, _half)
    assert whole == size
    assert all(least <= side for least, side in zip(_half(size), reduced.shape[:2], strict=True))


def _header(data: bytes) -> ImageHeader | None:
    try:
        header = read_header(data, LIMITS.formats)
    except (EmptyImage, UnsupportedImage, CorruptImage):
        header = None
    try:
        usual = read_header(data)
    except (EmptyImage, UnsupportedImage, CorruptImage):
        usual = None
    # What is read on request changes nothing for what is read anyway.
    assert usual == (header if header and header.kind in DEFAULT_FORMATS else None)
    return header


def _half(size: Size) -> Size:
    return max(1, size[0] // 2), max(1, size[1] // 2)


TARGET = Target(
    name="images",
    title="headers and pixels of JPEG, PNG, WebP, AVIF, BMP, GIF",
    check=check,
    seeds=samples,
    words=(
        *(b"\x89PNG\r\n\x1a\n", b"IHDR", b"IDAT", b"IEND", b"acTL", b"fcTL", b"fdAT", b"PLTE"),
        *(b"tRNS", b"eXIf", b"iCCP", b"zTXt", b"iTXt", b"pHYs", b"Exif\x00\x00", b"\x01\x12"),
        *(b"\xff\xd8\xff", b"\xff\xc0", b"\xff\xc2", b"\xff\xc4", b"\xff\xda", b"\xff\xdb"),
        *(b"\xff\xdd", b"\xff\xd9", b"\xff\xe0", b"\xff\xe1", b"\xff\xee", b"JFIF", b"Adobe"),
        *(
            b"MPF\x00",
            b"http://ns.adobe.com/xap/1.0/\x00",
            b"Photoshop 3.0\x00",
            b"ICC_PROFILE\x00",
        ),
        *(b"RIFF", b"WEBP", b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"EXIF"),
        *(
            b"\x9d\x01\x2a",
            b"GIF87a",
            b"GIF89a",
            b"NETSCAPE2.0",
            b"\x21\xf9\x04",
            b"\x21\xff",
            b"\x2c",
        ),
        *(b"BM", b"\x28\x00\x00\x00", b"\x7c\x00\x00\x00", b"\x0c\x00\x00\x00"),
        *(b"ftypavif", b"ftypavis", b"meta", b"iprp", b"ipco", b"ispe", b"av1C", b"irot", b"imir"),
        *(b"iloc", b"iinf", b"infe", b"iref", b"dimg", b"grid", b"pitm", b"mdat", b"auxC", b"clap"),
    ),
    max_bytes=4_096,
)
