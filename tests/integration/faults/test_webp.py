"""WebPs that are broken, or lie about their canvas."""

import struct

import pytest

from tests.fixtures import pictures
from tests.fixtures.damaged import riff, riff_chunks, vp8x
from tests.integration.faults.asking import Service, check

LOSSY = pictures.encoded(pictures.photo(), "WEBP", quality=90)
LOSSLESS = pictures.encoded(pictures.photo(), "WEBP", lossless=True)
VP8 = dict(riff_chunks(LOSSY))[b"VP8 "]
VP8L = dict(riff_chunks(LOSSLESS))[b"VP8L"]
ANIMATED, ALPHA = 0x02, 0x10
FRAME = bytes(6) + b"\xbf\0\0" + b"\xff\0\0" + bytes(4)
"""Head of a frame of 192 x 256 at the origin."""


def lossy_with(at: int, replaced: bytes) -> bytes:
    return riff((b"VP8 ", VP8[:at] + replaced + VP8[at + len(replaced) :]))


@pytest.mark.parametrize(
    ("data", "status", "slug"),
    [
        pytest.param(LOSSY[:12], 422, "corrupt-image", id="signature-alone"),
        pytest.param(LOSSY[:29], 422, "corrupt-image", id="cut-in-its-header"),
        pytest.param(LOSSY[:40], 422, "corrupt-image", id="header-alone"),
        pytest.param(LOSSY[: len(LOSSY) // 2], 422, "corrupt-image", id="half-a-lossy-one"),
        pytest.param(LOSSY[:-100], 422, "corrupt-image", id="cut-in-its-last-rows"),
        pytest.param(LOSSLESS[:40], 422, "corrupt-image", id="lossless-header-alone"),
        pytest.param(
            LOSSLESS[: len(LOSSLESS) // 2], 422, "corrupt-image", id="half-a-lossless-one"
        ),
        pytest.param(riff((b"VP8L", VP8L[:5] + b"\xff" * 500)), 422, "corrupt-image", id="noise"),
        pytest.param(riff((b"VP8L", b"\x2e" + VP8L[1:])), 422, "corrupt-image", id="no-2f"),
        pytest.param(lossy_with(3, b"\0\0\0"), 422, "corrupt-image", id="no-start-code"),
        pytest.param(lossy_with(0, b"\xff\xff\xff"), 422, "corrupt-image", id="partition-too-long"),
        pytest.param(lossy_with(6, b"\0\0"), 422, "corrupt-image", id="no-width"),
        pytest.param(
            lossy_with(6, struct.pack("<HH", 500, 600)), 422, "corrupt-image", id="more-than-it-has"
        ),
        pytest.param(riff((b"ALPH", bytes(20))), 422, "corrupt-image", id="alpha-alone"),
        pytest.param(riff(vp8x(192, 256)), 422, "corrupt-image", id="canvas-alone"),
        pytest.param(
            riff(vp8x(100, 100), (b"VP8 ", VP8)), 422, "corrupt-image", id="canvas-too-small"
        ),
        pytest.param(
            riff(vp8x(900, 900), (b"VP8 ", VP8)), 422, "corrupt-image", id="canvas-too-large"
        ),
        pytest.param(
            riff(vp8x(192, 256, ANIMATED), (b"VP8 ", VP8)), 422, "corrupt-image", id="no-frames"
        ),
        pytest.param(
            riff(vp8x(192, 256, ANIMATED), (b"ANIM", bytes(6)), (b"ANMF", FRAME)),
            422,
            "corrupt-image",
            id="empty-frame",
        ),
        pytest.param(
            riff(vp8x(192, 256, ANIMATED), *[(b"ANMF", b"")] * 200),
            422,
            "unsuitable-image",
            id="two-hundred-frames",
        ),
        pytest.param(
            riff(vp8x(192, 256), *[(b"XXXX", b"")] * 30_000), 422, "corrupt-image", id="chunks"
        ),
        pytest.param(
            riff(vp8x(16_384, 16_384), (b"VP8 ", VP8)), 413, "image-too-large", id="promised"
        ),
        pytest.param(
            riff((b"VP8L", b"\x2f" + struct.pack("<I", 0x0FFFFFFF) + bytes(20))),
            413,
            "image-too-large",
            id="promised-by-a-lossless-one",
        ),
        pytest.param(
            pictures.encoded(pictures.photo()[:8].repeat(25, 1), "WEBP"),
            422,
            "unsuitable-image",
            id="too-wide",
        ),
    ],
)
def test_bad_webp_is_refused(service: Service, data: bytes, status: int, slug: str) -> None:
    check(service.post(content=data), status, slug)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(LOSSY + b"x" * 1_000, id="something-after-the-end"),
        pytest.param(riff(vp8x(192, 256), (b"VP8 ", VP8)), id="extended"),
        pytest.param(
            riff(vp8x(192, 256), (b"VP8 ", VP8), (b"XXXX", b"y" * 99)), id="unknown-chunk"
        ),
        pytest.param(
            riff(vp8x(192, 256, 0x08), (b"VP8 ", VP8), (b"EXIF", b"\xff" * 99)), id="broken-exif"
        ),
        pytest.param(
            riff(vp8x(192, 256, 0x20), (b"ICCP", b"x"), (b"VP8 ", VP8)), id="broken-profile"
        ),
    ],
)
def test_webp_whose_pixels_are_whole_is_answered(service: Service, data: bytes) -> None:
    plain = service.post(content=LOSSY)

    assert plain.status_code == 200
    assert service.post(content=data).content == plain.content
