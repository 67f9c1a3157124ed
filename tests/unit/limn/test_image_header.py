import struct
from typing import Any

import pytest
from PIL import Image

from limn.errors import CorruptImage, EmptyImage, UnsupportedImage
from limn.image_formats import Format, ImageHeader
from limn.image_header import read_header
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
    ("kind", "options"),
    [
        ("GIF", {}),
        ("BMP", {}),
        ("AVIF", {}),
        ("AVIF", {"subsampling": "4:4:4"}),
    ],
)
def test_size_is_read_of_formats_on_request(kind: Format, options: dict[str, Any]) -> None:
    data = pictures.encoded(pictures.photo(), kind, **options)

    assert read_header(data, (kind,)) == ImageHeader(kind, 256, 192)
    with pytest.raises(UnsupportedImage, match=f"is an? {kind}; JPEG, PNG or WebP is accepted"):
        read_header(data)


def test_bmp_may_be_stored_from_the_top_or_have_the_oldest_header() -> None:
    kinds: tuple[Format, ...] = ("BMP",)
    upside = b"BM" + bytes(12) + struct.pack("<Iii", 40, 7, -9) + bytes(20)
    oldest = b"BM" + bytes(12) + struct.pack("<IHH", 12, 7, 9) + bytes(20)

    assert read_header(upside, kinds) == read_header(oldest, kinds)
    assert read_header(oldest, kinds) == ImageHeader("BMP", 9, 7)


def test_gif_whose_frame_is_larger_than_its_screen_has_the_size_of_the_frame() -> None:
    frame = b"," + struct.pack("<HHHH", 10, 20, 100, 200) + b"\0\2\1\0\0"

    kinds: tuple[Format, ...] = ("GIF",)
    header = read_header(b"GIF89a" + struct.pack("<HH", 5, 5) + bytes(3) + frame, kinds)

    assert header == ImageHeader("GIF", 220, 110)


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_frames_are_counted(kind: Format) -> None:
    first, *others = (Image.new("RGB", (8, 8), (50 * level, 0, 0)) for level in range(5))
    data = pictures.encoded(first, kind, save_all=True, append_images=others, duration=50)

    assert read_header(data, (kind,)) == ImageHeader(kind, 8, 8, 5)


def test_animated_avif_is_refused_with_advice() -> None:
    first, second = (Image.new("RGB", (8, 8), color) for color in ("red", "blue"))
    data = pictures.encoded(first, "AVIF", save_all=True, append_images=[second])

    kinds: tuple[Format, ...] = ("AVIF",)
    with pytest.raises(CorruptImage, match="send one picture"):
        read_header(data, kinds)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        pytest.param("BMP", b"BM" + bytes(20), id="cut-bmp"),
        pytest.param("GIF", b"GIF89a\1\0", id="cut-gif"),
        pytest.param("GIF", b"GIF89a" + bytes(7) + b";", id="gif-without-frame"),
        pytest.param("GIF", b"GIF89a" + bytes(7) + b"!\0\0" * 60_000, id="gif-block-bomb"),
        pytest.param("AVIF", b"\0\0\0\x1cftypavif", id="cut-avif"),
        pytest.param("AVIF", b"\0\0\0\x08ftypavif" + bytes(99), id="avif-without-size"),
        pytest.param("AVIF", b"\0\0\0\x0cftypavif" + b"\0\0\0\x08free" * 3_000, id="avif-box-bomb"),
        pytest.param("WEBP", pictures.webp_header(5, 5) + b"ANMF\0\0\0\0" * 30_000, id="webp-bomb"),
    ],
)
def test_broken_header_of_formats_on_request_is_corrupt(kind: Format, data: bytes) -> None:
    with pytest.raises(CorruptImage):
        read_header(data, (kind,))


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
        (b"8BPS\0\1", "a Photoshop document"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "a JPEG 2000"),
        (b"\xff\x4f\xff\x51\0", "a JPEG 2000"),
        (b"MM\0*\0\0\0\x08", "a TIFF"),
        (b"\x1aE\xdf\xa3\x9fB", "a video"),
        (b"RIFF\0\0\0\0AVI LIST", "a video"),
        (b"\0\0\1\xba\x44", "a video"),
        (b"\0\0\0\x08moov", "a video"),
        (b"\x1f\x8b\x08\0", "a gzip file"),
        (b"\xef\xbb\xbf<svg xmlns", "an SVG"),
        (b"https://example.org/a.jpg", "none is fetched"),
        (b"file:///etc/passwd", "none is fetched"),
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
