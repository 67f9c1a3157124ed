"""PNGs that are broken, or lie."""

import struct
import zlib

import numpy as np
import pytest

from tests.fixtures import pictures
from tests.fixtures.damaged import (
    PNG_SIGNATURE,
    edited_png,
    png_chunk,
    png_chunks,
    png_of,
    png_with,
    raw_png,
)
from tests.integration.faults.asking import Service, check

PNG = pictures.png()
STREAM = b"".join(content for kind, content in png_chunks(PNG) if kind == b"IDAT")
PIXELS = zlib.decompress(STREAM)
END = (b"IEND", b"")
_PASSES = dict(png_chunks(raw_png(pictures.photo(), 8, 2, interlaced=True)))
INTERLACED_HEADER = (b"IHDR", _PASSES[b"IHDR"])
INTERLACED = zlib.decompress(_PASSES[b"IDAT"])
BLACK = np.concatenate([pictures.photo()[:200], np.zeros((56, 192, 3), np.uint8)])


def header(
    width: int = 192, height: int = 256, depth: int = 8, colour: int = 2, method: int = 0
) -> tuple[bytes, bytes]:
    return b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, method, 0, 0)


def with_pixels(pixels: bytes, **changes: int) -> bytes:
    """A PNG of other decompressed rows."""
    return png_of(header(**changes), (b"IDAT", zlib.compress(pixels)), END)


@pytest.mark.parametrize(
    ("data", "status", "slug"),
    [
        pytest.param(PNG[:8], 422, "corrupt-image", id="signature-alone"),
        pytest.param(PNG[:20], 422, "corrupt-image", id="cut-in-its-header"),
        pytest.param(PNG[:33], 422, "corrupt-image", id="header-alone"),
        pytest.param(PNG[:200], 422, "corrupt-image", id="cut-in-its-first-rows"),
        pytest.param(PNG[: len(PNG) // 2], 422, "corrupt-image", id="half"),
        pytest.param(PNG[:-500], 422, "corrupt-image", id="cut-in-its-last-rows"),
        pytest.param(PNG[:4_000] + PNG[5_000:], 422, "corrupt-image", id="hole"),
        pytest.param(PNG_SIGNATURE + PNG, 422, "corrupt-image", id="signature-twice"),
        pytest.param(
            edited_png(PNG, lambda kind, content: png_chunk(kind, content, crc=kind == b"IHDR")),
            422,
            "corrupt-image",
            id="check-sum-of-the-header",
        ),
        pytest.param(
            png_with(PNG, png_chunk(b"tEXt", b"a\0b", length=2**31)),
            422,
            "corrupt-image",
            id="length-beyond-the-file",
        ),
        pytest.param(
            png_with(PNG, png_chunk(b"tEXt", b"a\0b", length=2**32 - 12)),
            422,
            "corrupt-image",
            id="length-that-leads-back",
        ),
        pytest.param(
            png_with(PNG, png_chunk(b"tEXt", b"a\0b", length=1)),
            422,
            "corrupt-image",
            id="length-that-is-short",
        ),
        pytest.param(png_of(header(), END), 422, "corrupt-image", id="no-pixels"),
        pytest.param(
            png_of(header(), (b"IDAT", b""), END), 422, "corrupt-image", id="empty-pixels"
        ),
        pytest.param(
            png_of(header(), (b"IDAT", b"no zlib stream"), END),
            422,
            "corrupt-image",
            id="pixels-that-are-no-zlib-stream",
        ),
        pytest.param(
            with_pixels(PIXELS[: len(PIXELS) // 2]), 422, "corrupt-image", id="half-of-the-rows"
        ),
        pytest.param(with_pixels(PIXELS[:-1]), 422, "corrupt-image", id="a-byte-too-few"),
        pytest.param(
            png_of(INTERLACED_HEADER, (b"IDAT", zlib.compress(INTERLACED[:-600])), END),
            422,
            "corrupt-image",
            id="interlaced-without-its-last-row",
        ),
        pytest.param(
            with_pixels(b"\x09" + PIXELS[1:]), 422, "corrupt-image", id="filter-that-is-none"
        ),
        pytest.param(with_pixels(PIXELS, width=0), 422, "corrupt-image", id="no-width"),
        pytest.param(with_pixels(PIXELS, depth=3), 422, "corrupt-image", id="three-bits"),
        pytest.param(with_pixels(PIXELS, colour=7), 422, "corrupt-image", id="unknown-colour"),
        pytest.param(
            png_with(PNG, png_chunk(b"tEXt", b"a\0b", crc=1)),
            422,
            "corrupt-image",
            id="check-sum-of-a-text",
        ),
        pytest.param(png_with(PNG, png_chunk(b"gAMA", b"")), 422, "corrupt-image", id="no-gamma"),
        pytest.param(
            png_of(header(colour=3), (b"IDAT", zlib.compress(bytes(193 * 256))), END),
            422,
            "corrupt-image",
            id="palette-is-missing",
        ),
        pytest.param(
            png_of(header(4, 4), header(900, 900), (b"IDAT", STREAM), END),
            422,
            "corrupt-image",
            id="second-header",
        ),
        pytest.param(
            png_with(PNG, png_chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(50_000_000)))),
            422,
            "corrupt-image",
            id="bomb-in-the-colour-profile",
        ),
        pytest.param(
            png_with(PNG, png_chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(50_000_000)))),
            422,
            "corrupt-image",
            id="bomb-in-a-text",
        ),
        pytest.param(
            png_with(PNG, png_chunk(b"a\0\x01\xff", b"")), 422, "corrupt-image", id="name"
        ),
        pytest.param(png_with(PNG, bytes(12) * 30_000), 422, "corrupt-image", id="chunks"),
        pytest.param(
            png_with(PNG, png_chunk(b"acTL", struct.pack(">II", 2**32 - 1, 0))),
            422,
            "unsuitable-image",
            id="four-billion-frames",
        ),
        pytest.param(
            pictures.png_header(60_000, 60_000), 413, "image-too-large", id="pixels-promised"
        ),
        pytest.param(
            pictures.encoded(np.zeros((1_001, 1_000, 3), np.uint8), "PNG"),
            413,
            "image-too-large",
            id="bomb-of-3-kilobytes",
        ),
        pytest.param(pictures.png_header(17_000, 900), 413, "image-too-large", id="long-side"),
        pytest.param(pictures.png_header(900, 40), 422, "unsuitable-image", id="too-wide"),
        pytest.param(pictures.png_header(40, 900), 422, "unsuitable-image", id="too-high"),
    ],
)
def test_bad_png_is_refused(service: Service, data: bytes, status: int, slug: str) -> None:
    check(service.post(content=data), status, slug)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(PNG + b"x" * 1_000, id="something-after-the-end"),
        pytest.param(PNG[:-12], id="no-end"),
        pytest.param(png_with(PNG, png_chunk(b"quIK", b"x")), id="unknown-chunk"),
        pytest.param(with_pixels(PIXELS, method=1), id="unknown-method-of-compression"),
        pytest.param(
            edited_png(PNG, lambda kind, content: png_chunk(kind, content, crc=kind == b"IDAT")),
            id="check-sum-of-the-pixels",
        ),
        pytest.param(with_pixels(PIXELS + bytes(5_000_000)), id="more-rows-than-promised"),
        pytest.param(
            png_of(
                header(),
                *((b"IDAT", bytes((byte,))) for byte in STREAM[:5_000]),
                (b"IDAT", STREAM[5_000:]),
                END,
            ),
            id="a-byte-a-chunk",
        ),
    ],
)
def test_png_whose_pixels_are_whole_is_answered(service: Service, data: bytes) -> None:
    plain = service.post(content=PNG)

    assert service.post(content=data).content == plain.content


@pytest.mark.parametrize("interlaced", [False, True], ids=["plain", "interlaced"])
def test_png_that_ends_in_black_is_whole(service: Service, interlaced: bool) -> None:
    data = raw_png(BLACK, 8, 2, interlaced)

    answer = service.post(content=data)

    assert answer.status_code == 200, answer.text
    assert answer.content == service.post(content=pictures.encoded(BLACK, "PNG")).content
