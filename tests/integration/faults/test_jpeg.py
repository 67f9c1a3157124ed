"""JPEGs that are broken, or lie."""

import pytest

from tests.fixtures import pictures
from tests.fixtures.damaged import (
    jpeg_content,
    jpeg_replaced,
    jpeg_segment,
    jpeg_segments,
    jpeg_with,
)
from tests.integration.faults.asking import Service, check

JPEG = pictures.jpeg()
FRAME, TABLES, QUANTISERS, SCAN = 0xC0, 0xC4, 0xDB, 0xDA
SCAN_END = next(end for marker, _, end in jpeg_segments(JPEG) if marker == SCAN)


def with_frame(marker: int = FRAME, **changes: int) -> bytes:
    """Another frame header: its precision, count of components, or the byte at `at`."""
    frame = bytearray(jpeg_content(JPEG, FRAME))
    frame[0] = changes.get("precision", frame[0])
    frame[5] = changes.get("components", frame[5])
    if "at" in changes:
        frame[changes["at"]] = changes["byte"]
    return jpeg_replaced(JPEG, FRAME, jpeg_segment(marker, bytes(frame)))


def with_table(content: bytes) -> bytes:
    return jpeg_replaced(JPEG, TABLES, jpeg_segment(TABLES, content))


@pytest.mark.parametrize(
    ("data", "status", "slug"),
    [
        *(
            pytest.param(JPEG[:size], 422, "corrupt-image", id=f"first-{size}-bytes")
            for size in (3, 4, 20, 100, 160, 300, 620, SCAN_END)
        ),
        *(
            pytest.param(
                JPEG[: len(JPEG) * part // 10], 422, "corrupt-image", id=f"{part}-tenths-of-it"
            )
            for part in (1, 3, 5, 7, 9)
        ),
        pytest.param(JPEG[:-40], 422, "corrupt-image", id="without-its-last-bytes"),
        pytest.param(b"\xff\xd8\xff\xd9" + bytes(9), 422, "corrupt-image", id="start-and-end"),
        pytest.param(JPEG[:SCAN_END] + b"\xff\xd9", 422, "corrupt-image", id="scan-without-pixels"),
        pytest.param(JPEG[:9_000] + b"\xff\xd9", 422, "corrupt-image", id="end-in-the-middle"),
        pytest.param(
            JPEG[:9_000] + b"\xff\xd0" + JPEG[9_002:], 422, "corrupt-image", id="restart-marker"
        ),
        pytest.param(with_frame(precision=12), 422, "corrupt-image", id="12-bit"),
        pytest.param(with_frame(precision=0), 422, "corrupt-image", id="0-bit"),
        pytest.param(with_frame(components=0), 422, "corrupt-image", id="no-components"),
        pytest.param(with_frame(components=255), 422, "corrupt-image", id="255-components"),
        pytest.param(with_frame(at=7, byte=0), 422, "corrupt-image", id="sampled-never"),
        pytest.param(with_frame(at=7, byte=0xFF), 422, "corrupt-image", id="sampled-15-times"),
        pytest.param(with_frame(at=8, byte=7), 422, "corrupt-image", id="no-such-quantiser"),
        pytest.param(with_frame(0xC3), 422, "corrupt-image", id="lossless-frame"),
        pytest.param(with_frame(0xC9), 422, "corrupt-image", id="arithmetic-frame"),
        pytest.param(with_frame(0xC5), 422, "corrupt-image", id="hierarchical-frame"),
        pytest.param(with_frame(0xC2), 422, "corrupt-image", id="progressive-that-is-not"),
        pytest.param(with_table(b"\0" + b"\xff" * 16), 422, "corrupt-image", id="codes-too-many"),
        pytest.param(with_table(b"\0" + bytes(16)), 422, "corrupt-image", id="codes-none"),
        pytest.param(with_table(b"\x77" + bytes(40)), 422, "corrupt-image", id="no-such-table"),
        pytest.param(
            jpeg_replaced(JPEG, TABLES, jpeg_segment(TABLES, b"", 65_535)),
            422,
            "corrupt-image",
            id="length-beyond-the-scan",
        ),
        pytest.param(
            jpeg_replaced(JPEG, QUANTISERS, b""), 422, "corrupt-image", id="quantisers-missing"
        ),
        pytest.param(
            jpeg_with(JPEG, jpeg_segment(FRAME, jpeg_content(JPEG, FRAME))),
            422,
            "corrupt-image",
            id="two-frames",
        ),
        pytest.param(JPEG + b"\xff\xda" * 300, 422, "corrupt-image", id="scans-without-end"),
        pytest.param(
            jpeg_with(JPEG, b"\xff\xe0\0\2" * 3_000),
            422,
            "corrupt-image",
            id="segments-without-end",
        ),
        pytest.param(with_frame(at=1, byte=200), 413, "image-too-large", id="higher-than-it-is"),
        pytest.param(
            pictures.jpeg_header(60_000, 60_000), 413, "image-too-large", id="pixels-promised"
        ),
        pytest.param(pictures.jpeg_header(900, 40), 422, "unsuitable-image", id="too-wide"),
    ],
)
def test_bad_jpeg_is_refused(service: Service, data: bytes, status: int, slug: str) -> None:
    check(service.post(content=data), status, slug)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(JPEG + b"x" * 1_000, id="something-after-the-end"),
        pytest.param(JPEG[:2] + b"\xff" * 500 + JPEG[2:], id="fill-bytes"),
        pytest.param(jpeg_with(JPEG, jpeg_segment(0xFE, b"\0" * 60_000)), id="long-comment"),
        pytest.param(
            jpeg_with(JPEG, jpeg_segment(0xE2, b"ICC_PROFILE\0\xff\xff" + b"x" * 100)),
            id="profile-in-parts-that-are-missing",
        ),
        pytest.param(
            jpeg_with(JPEG, jpeg_segment(0xE2, b"MPF\0II*\0\xff\xff\xff\xff")),
            id="broken-index-of-pictures",
        ),
        pytest.param(
            jpeg_with(JPEG, jpeg_segment(0xED, b"Photoshop 3.0\0" + b"8BIM\xff" * 50)),
            id="broken-resources-of-photoshop",
        ),
        pytest.param(
            jpeg_with(JPEG, jpeg_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x")), id="xmp"
        ),
    ],
)
def test_jpeg_whose_pixels_are_whole_is_answered(service: Service, data: bytes) -> None:
    assert service.post(content=data).content == service.expected
