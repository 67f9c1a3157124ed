import pytest

from limn.errors import CorruptImage, EmptyImage, UnsupportedImage
from limn.image_header import ImageHeader, read_header
from tests.fixtures import pictures


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(pictures.png(), ImageHeader("PNG", 256, 192), id="png"),
        pytest.param(pictures.jpeg(), ImageHeader("JPEG", 256, 192), id="jpeg"),
        pytest.param(
            pictures.encoded(pictures.photo(), "JPEG", progressive=True),
            ImageHeader("JPEG", 256, 192),
            id="progressive-jpeg",
        ),
        pytest.param(
            pictures.encoded(pictures.photo(), "WEBP"), ImageHeader("WEBP", 256, 192), id="vp8"
        ),
        pytest.param(
            pictures.encoded(pictures.photo(), "WEBP", lossless=True),
            ImageHeader("WEBP", 256, 192),
            id="vp8l",
        ),
        pytest.param(
            pictures.encoded(pictures.photo(), "WEBP", exif=b"Exif\0\0"),
            ImageHeader("WEBP", 256, 192),
            id="vp8x",
        ),
        pytest.param(
            pictures.webp_header(16383, 9), ImageHeader("WEBP", 9, 16383), id="largest-webp"
        ),
    ],
)
def test_size_is_read_from_the_header(data: bytes, expected: ImageHeader) -> None:
    assert read_header(data) == expected


def test_header_alone_is_enough() -> None:
    assert read_header(pictures.png_header(60_000, 50_000)) == ImageHeader("PNG", 50_000, 60_000)
    assert read_header(pictures.jpeg_header(60_000, 50_000)) == ImageHeader("JPEG", 50_000, 60_000)


def test_no_bytes_are_empty() -> None:
    with pytest.raises(EmptyImage, match="the image is empty"):
        read_header(b"")


@pytest.mark.parametrize(
    ("data", "seen"),
    [
        (b"GIF89a\1\0\1\0", "a GIF"),
        (b"BM\x46\0\0\0\0\0\0\0", "a BMP"),
        (b"II*\0\x08\0\0\0", "a TIFF"),
        (b"\0\0\0\x1cftypavif", "an AVIF"),
        (b"\0\0\0\x18ftypheic", "a HEIC"),
        (b"\0\0\0\x18ftypmp42", "a video"),
        (b"\xff\x0a\x01", "a JPEG XL"),
        (b"%PDF-1.7", "a PDF"),
        (b"<!DOCTYPE html><html>", "an HTML page"),
        (b'<?xml version="1.0"?><svg>', "an SVG"),
        (b'{"image": ""}', "JSON"),
        (b"data:image/png;base64,", "a data URL"),
        (b"--boundary\r\n", "a multipart body"),
        (b"hello", "68 65 6c 6c 6f"),
    ],
)
def test_refusal_names_what_was_seen_and_what_is_accepted(data: bytes, seen: str) -> None:
    with pytest.raises(UnsupportedImage, match=seen) as refusal:
        read_header(data)

    assert "JPEG, PNG or WebP" in str(refusal.value)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(pictures.png()[:20], id="cut-png"),
        pytest.param(pictures.png_header(0, 5), id="no-width"),
        pytest.param(pictures.jpeg()[:4], id="cut-jpeg"),
        pytest.param(pictures.jpeg()[:160], id="cut-jpeg-frame"),
        pytest.param(b"\xff\xd8\xff\xd9" + bytes(9), id="jpeg-without-frame"),
        pytest.param(pictures.jpeg_header(7, 0), id="jpeg-without-height"),
        pytest.param(
            pictures.jpeg_header(7, 7)[:-4] + pictures.jpeg_header(9, 9)[2:], id="two-frames"
        ),
        pytest.param(b"RIFF\x16\0\0\0WEBPVP8X\x0a", id="cut-webp"),
        pytest.param(b"RIFF\x16\0\0\0WEBPALPH" + bytes(20), id="webp-without-picture"),
        pytest.param(pictures.jpeg() + b"\xff\xda" * 300, id="scan-bomb"),
        pytest.param(b"\xff\xd8" + b"\xff\xe0\0\2" * 3_000, id="segment-bomb"),
        pytest.param(pictures.png_header(5, 5) + bytes(12) * 30_000, id="chunk-bomb"),
    ],
)
def test_broken_header_is_corrupt(data: bytes) -> None:
    with pytest.raises(CorruptImage):
        read_header(data)
