"""Which way up a photo is shown, and EXIF that is broken or made to keep a reader busy."""

import struct
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps

from tests.fixtures import pictures
from tests.fixtures.damaged import jpeg_segment, jpeg_with, png_chunk, png_with
from tests.integration.faults.asking import Service

ORIENTATION, SHORT, LONG, UNDEFINED = 0x0112, 3, 4, 7
UPRIGHT = pictures.photo()
OPTIONS: dict[str, dict[str, Any]] = {
    "PNG": {},
    "WEBP": {"lossless": True},
    "JPEG": {"quality": 95},
}

# What EXIF's eight orientations say of the stored rows (EXIF 2.3, 4.6.4, tag 274): each is undone
# here to get what is stored.
STORED = {
    1: lambda upright: upright,
    2: np.fliplr,
    3: lambda upright: np.rot90(upright, 2),
    4: np.flipud,
    5: lambda upright: upright.swapaxes(0, 1),
    6: lambda upright: np.rot90(upright, 1),
    7: lambda upright: np.rot90(upright, 2).swapaxes(0, 1),
    8: lambda upright: np.rot90(upright, 3),
}


def mask_of(service: Service, data: bytes) -> NDArray[np.uint8]:
    answer = service.post(content=data)
    assert answer.status_code == 200, answer.text
    return pictures.png_indices(answer.content)


@pytest.mark.parametrize("kind", OPTIONS)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_mask_is_upright_as_the_photo_is_shown(
    service: Service, kind: str, orientation: int
) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation](UPRIGHT)))
    data = pictures.encoded(stored, kind, exif=exif, **OPTIONS[kind])

    mask = mask_of(service, data)

    assert mask.shape == UPRIGHT.shape[:2]
    plain = mask_of(service, pictures.png())
    # A JPEG rounds its blocks from another corner; turned wrongly, less than half would agree.
    assert (mask == plain).mean() >= (0.95 if kind == "JPEG" else 1)


def test_table_of_orientations_is_that_of_pillow() -> None:
    for orientation, store in STORED.items():
        exif = Image.Exif()
        exif[ORIENTATION] = orientation
        stored = Image.fromarray(np.ascontiguousarray(store(UPRIGHT)))
        stored.info["exif"] = exif.tobytes()
        assert np.array_equal(np.asarray(ImageOps.exif_transpose(stored)), UPRIGHT)


def entry(tag: int, kind: int, count: int, value: int) -> bytes:
    return struct.pack("<HHII", tag, kind, count, value)


def exif(*entries: bytes, count: int | None = None, after: int = 0, start: int = 8) -> bytes:
    """A little-endian block whose first directory may lie about its entries."""
    number = len(entries) if count is None else count
    directory = struct.pack("<H", number) + b"".join(entries) + struct.pack("<I", after)
    return b"II*\0" + struct.pack("<I", start) + directory


TURNED = entry(ORIENTATION, SHORT, 1, 6)
BROKEN = [
    pytest.param(b"", id="empty"),
    pytest.param(b"II", id="cut-in-its-byte-order"),
    pytest.param(b"XX*\0\x08\0\0\0" + bytes(20), id="no-byte-order"),
    pytest.param(b"II*\0" + b"\xff" * 4, id="directory-beyond-the-end"),
    pytest.param(exif(start=0), id="directory-in-the-header"),
    pytest.param(exif(count=65_535), id="directory-of-65535-that-are-not-there"),
    pytest.param(exif(entry(ORIENTATION, SHORT, 1, 99)), id="99th-way-up"),
    pytest.param(exif(entry(ORIENTATION, SHORT, 1, 0)), id="no-way-up"),
    pytest.param(exif(entry(ORIENTATION, 99, 1, 6)), id="type-that-is-none"),
    pytest.param(exif(entry(ORIENTATION, SHORT, 2**32 - 1, 6)), id="four-billion-orientations"),
    pytest.param(exif(entry(ORIENTATION, LONG, 1_000, 2**31)), id="offset-beyond-the-end"),
    pytest.param(exif(entry(ORIENTATION, 2, 4, 0x36)), id="text"),
    pytest.param(exif(after=8), id="directory-that-follows-itself"),
    pytest.param(
        exif(entry(0x8769, LONG, 1, 8), entry(0x8825, LONG, 1, 8)), id="directory-in-itself"
    ),
    pytest.param(
        exif(*(entry(0x1000 + tag, UNDEFINED, 40_000, 8) for tag in range(4_000))),
        id="4000-entries-of-one-place",
    ),
    pytest.param(
        exif(*(entry(0x1000 + tag, UNDEFINED, 9_000 + tag, 40_000) for tag in range(4_000))),
        id="4000-entries-that-lie",
    ),
]


@pytest.mark.parametrize("block", BROKEN)
def test_broken_exif_does_not_cost_the_png(service: Service, block: bytes) -> None:
    plain = mask_of(service, pictures.png())

    mask = mask_of(service, png_with(pictures.png(), png_chunk(b"eXIf", block)))

    assert np.array_equal(mask, plain)


@pytest.mark.parametrize("block", BROKEN)
def test_broken_exif_does_not_cost_the_jpeg(service: Service, block: bytes) -> None:
    # Longer blocks go over several segments, which Pillow joins.
    parts = [block[start : start + 60_000] for start in range(0, len(block) or 1, 60_000)]
    segments = (jpeg_segment(0xE1, b"Exif\0\0" + part) for part in parts)

    answer = service.post(content=jpeg_with(pictures.jpeg(), *segments))

    assert answer.content == service.expected


def test_orientation_among_entries_that_lie_is_found(service: Service) -> None:
    block = exif(entry(0x010F, 2, 2**31, 2**31), TURNED)

    mask = mask_of(service, png_with(pictures.png(), png_chunk(b"eXIf", block)))

    assert mask.shape == UPRIGHT.shape[1::-1]


def test_exif_after_the_pixels_counts(service: Service) -> None:
    png = pictures.png()

    mask = mask_of(service, png[:-12] + png_chunk(b"eXIf", exif(TURNED)) + png[-12:])

    assert mask.shape == UPRIGHT.shape[1::-1]
