"""Formats that are read on request, broken; and what is never read."""

import struct

import pytest
from PIL import Image

from tests.fixtures import pictures
from tests.integration.faults.asking import Service, check

GIF = pictures.encoded(pictures.photo(), "GIF")
BMP = pictures.encoded(pictures.photo(), "BMP")
AVIF = pictures.encoded(pictures.photo(), "AVIF")
SIZE = AVIF.index(b"ispe") + 8
"""Where an AVIF states width and height, four bytes each."""
FRAME = GIF.index(b",", 13 + 768)


def bmp(at: int, layout: str, *values: int) -> bytes:
    """A BMP with other numbers in its header."""
    changed = bytearray(BMP)
    struct.pack_into(layout, changed, at, *values)
    return bytes(changed)


def avif(width: int, height: int) -> bytes:
    return AVIF[:SIZE] + struct.pack(">II", width, height) + AVIF[SIZE + 8 :]


@pytest.mark.parametrize(
    ("data", "status", "slug"),
    [
        pytest.param(GIF[:10], 422, "corrupt-image", id="gif-signature"),
        pytest.param(GIF[:FRAME], 422, "corrupt-image", id="gif-without-frame"),
        pytest.param(GIF[: FRAME + 5], 422, "corrupt-image", id="gif-cut-in-its-frame"),
        pytest.param(GIF[: len(GIF) // 2], 422, "corrupt-image", id="half-a-gif"),
        pytest.param(
            GIF[: FRAME + 11] + b"\xff" + b"\xff" * 255 + GIF[FRAME + 300 :],
            422,
            "corrupt-image",
            id="gif-codes-that-are-none",
        ),
        pytest.param(
            b"GIF89a" + struct.pack("<HH", 60_000, 60_000) + GIF[10:],
            413,
            "image-too-large",
            id="gif-screen",
        ),
        pytest.param(
            GIF[: FRAME + 5] + struct.pack("<HH", 60_000, 60_000) + GIF[FRAME + 9 :],
            413,
            "image-too-large",
            id="gif-frame",
        ),
        pytest.param(
            b"GIF89a" + bytes(7) + b"!\0\0" * 60_000, 422, "corrupt-image", id="gif-blocks"
        ),
        pytest.param(BMP[:20], 422, "corrupt-image", id="bmp-signature"),
        pytest.param(BMP[: len(BMP) // 2], 422, "corrupt-image", id="half-a-bmp"),
        pytest.param(bmp(10, "<I", 2**32 - 1), 422, "corrupt-image", id="bmp-pixels-elsewhere"),
        pytest.param(bmp(14, "<I", 3), 422, "corrupt-image", id="bmp-header-of-3-bytes"),
        pytest.param(bmp(18, "<ii", 0, 256), 422, "corrupt-image", id="bmp-without-width"),
        pytest.param(
            bmp(18, "<ii", -(2**31), -(2**31)), 413, "image-too-large", id="bmp-most-negative"
        ),
        pytest.param(bmp(18, "<ii", 900, 900), 422, "corrupt-image", id="bmp-larger-than-it-is"),
        pytest.param(bmp(28, "<H", 7), 422, "corrupt-image", id="bmp-of-7-bits"),
        pytest.param(bmp(30, "<I", 99), 422, "corrupt-image", id="bmp-unknown-compression"),
        pytest.param(AVIF[:20], 422, "corrupt-image", id="avif-signature"),
        pytest.param(AVIF[: SIZE + 8], 422, "corrupt-image", id="avif-cut-in-its-boxes"),
        pytest.param(AVIF[: len(AVIF) // 2], 422, "corrupt-image", id="half-an-avif"),
        pytest.param(avif(0, 256), 422, "corrupt-image", id="avif-without-width"),
        pytest.param(avif(2**32 - 1, 2**32 - 1), 413, "image-too-large", id="avif-promised"),
        pytest.param(
            b"\0\0\0\x0cftypavif" + b"\0\0\0\x08free" * 3_000, 422, "corrupt-image", id="avif-boxes"
        ),
        pytest.param(
            pictures.encoded(
                Image.new("RGB", (8, 8)),
                "AVIF",
                save_all=True,
                append_images=[Image.new("RGB", (8, 8), "red")],
            ),
            422,
            "corrupt-image",
            id="avif-animation",
        ),
    ],
)
def test_bad_picture_of_a_format_on_request_is_refused(
    reader: Service, data: bytes, status: int, slug: str
) -> None:
    check(reader.post(content=data), status, slug)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"hello", id="text"),
        pytest.param(b'{"image": "x"}', id="json"),
        pytest.param(b"http://127.0.0.1/a.jpg", id="address"),
        pytest.param(b"file:///etc/passwd", id="file"),
        pytest.param(b'<svg xmlns="http://www.w3.org/2000/svg"/>', id="svg"),
        pytest.param(b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "x">]>', id="xml"),
        pytest.param(b"%PDF-1.7", id="pdf"),
        pytest.param(b"%!PS", id="postscript"),
        pytest.param(b"8BPS\0\1", id="psd"),
        pytest.param(b"II*\0\x08\0\0\0", id="tiff"),
        pytest.param(b"\0\0\0\x0cjP  \r\n\x87\n", id="jpeg-2000"),
        pytest.param(b"\xff\x0a\x01", id="jpeg-xl"),
        pytest.param(b"\0\0\0\x18ftypheic", id="heic"),
        pytest.param(b"\0\0\0\x18ftypmp42", id="video"),
        pytest.param(b"\x1f\x8b\x08\0", id="gzip"),
        pytest.param(b"PK\x03\x04", id="zip"),
        pytest.param(bytes(64), id="zeros"),
        pytest.param(b"\x89PNG\r\n\x1a", id="almost-a-png"),
    ],
)
def test_what_is_no_picture_that_is_read_is_named(reader: Service, data: bytes) -> None:
    check(reader.post(content=data), 415, "unsupported-image")
    form = {"image": ("photo.jpg", data)}
    check(reader.post(files=form), 415, "unsupported-image")


@pytest.mark.parametrize("data", [GIF, BMP, AVIF], ids=["gif", "bmp", "avif"])
def test_format_on_request_is_not_read_otherwise(service: Service, data: bytes) -> None:
    check(service.post(content=data), 415, "unsupported-image")


def test_empty_body_is_told_what_to_send(service: Service) -> None:
    document = check(service.post(content=b""), 400, "empty-image")

    assert document["detail"] == "the request has no body: send the bytes of an image"
