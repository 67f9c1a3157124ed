import io
import tracemalloc
import zlib
from typing import Any

import cv2
import numpy as np
import pytest
import simplejpeg
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from limn.errors import CorruptImage, ImageError, ImageTooLarge, UnsuitableImage
from limn.geometry import Size
from limn.image import ImageLimits, decode, decode_reduced, examine
from limn.image_formats import Format
from tests.fixtures import pictures

LIMITS = ImageLimits()


def from_bytes(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def distance(data: bytes) -> float:
    """Mean difference in levels between the decoded picture and the one that was encoded."""
    return float(np.abs(decode(data, LIMITS).astype(int) - pictures.photo()).mean())


@pytest.mark.parametrize(
    ("kind", "options", "tolerance"),
    [
        pytest.param("PNG", {}, 0, id="png"),
        pytest.param("WEBP", {"lossless": True}, 0, id="lossless-webp"),
        pytest.param("WEBP", {"quality": 95}, 4, id="webp"),
        pytest.param("JPEG", {"quality": 95}, 3, id="jpeg"),
        pytest.param("JPEG", {"quality": 95, "progressive": True}, 3, id="progressive-jpeg"),
        pytest.param("JPEG", {"quality": 95, "subsampling": 0}, 2, id="jpeg-444"),
    ],
)
def test_every_format_is_decoded(kind: str, options: dict[str, Any], tolerance: float) -> None:
    assert distance(pictures.encoded(pictures.photo(), kind, **options)) <= tolerance


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = pictures.encoded(pictures.photo(), kind, exif=exif)
    expected = np.asarray(ImageOps.exif_transpose(from_bytes(data)).convert("RGB"))

    image = decode(data, LIMITS)

    assert image.flags.c_contiguous
    assert image.shape == expected.shape
    assert np.abs(image.astype(int) - expected).max() <= 4


def test_unknown_orientation_is_ignored() -> None:
    exif = Image.Exif()
    exif[0x0112] = 77

    assert decode(pictures.encoded(pictures.photo(), "PNG", exif=exif), LIMITS).shape[0] == 256


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_broken_exif_does_not_cost_the_picture() -> None:
    data = pictures.encoded(pictures.photo(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")

    assert decode(data, LIMITS).shape == (256, 192, 3)


def test_alpha_is_composited_over_white() -> None:
    rgba = np.array([[[200, 100, 0, 255], [200, 100, 0, 0], [100, 0, 50, 51]]], np.uint8)

    image = decode(pictures.encoded(rgba, "PNG"), LIMITS)

    # 51 / 255 = 0.2: 0.2 * (100, 0, 50) + 0.8 * 255
    assert image.tolist() == [[[200, 100, 0], [255, 255, 255], [224, 204, 214]]]


def test_grey_with_alpha_is_composited_over_white() -> None:
    grey = np.array([[[10, 255], [10, 0]]], np.uint8)

    image = decode(pictures.encoded(Image.fromarray(grey, "LA"), "PNG"), LIMITS)

    assert image.tolist() == [[[10, 10, 10], [255, 255, 255]]]


def test_transparent_palette_entry_is_white() -> None:
    picture = Image.new("P", (2, 1))
    picture.putpalette([10, 20, 30, 40, 50, 60])
    picture.putpixel((1, 0), 1)

    image = decode(pictures.encoded(picture, "PNG", transparency=1), LIMITS)

    assert image.tolist() == [[[10, 20, 30], [255, 255, 255]]]


def test_transparent_colour_key_is_white() -> None:
    picture = np.array([[[1, 2, 3], [4, 5, 6]]], np.uint8)

    image = decode(pictures.encoded(picture, "PNG", transparency=(4, 5, 6)), LIMITS)

    assert image.tolist() == [[[1, 2, 3], [255, 255, 255]]]


def test_sixteen_bit_grey_keeps_its_high_byte() -> None:
    picture = np.array([[0x0000, 0x12FF, 0xFFFF]], np.uint16)

    image = decode(pictures.encoded(picture, "PNG"), LIMITS)

    assert image[0, :, 0].tolist() == [0x00, 0x12, 0xFF]


def test_sixteen_bit_grey_with_transparency() -> None:
    picture = np.array([[0x0000, 0x12FF]], np.uint16)

    image = decode(pictures.encoded(picture, "PNG", transparency=0x12FF), LIMITS)

    assert image[0, :, 0].tolist() == [0, 255]


def test_one_bit_picture_is_black_and_white() -> None:
    picture = Image.fromarray(np.array([[0, 255]], np.uint8)).convert("1")

    assert decode(pictures.encoded(picture, "PNG"), LIMITS)[0, :, 2].tolist() == [0, 255]


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_grey_becomes_three_equal_channels(kind: str) -> None:
    grey = pictures.photo()[:, :, 1]

    image = decode(pictures.encoded(grey, kind, quality=95), LIMITS)

    assert (image == image[:, :, :1]).all()
    assert np.abs(image[:, :, 0].astype(int) - grey).mean() < 2


def test_cmyk_jpeg_keeps_its_colours() -> None:
    data = pictures.encoded(Image.fromarray(pictures.photo()).convert("CMYK"), "JPEG", quality=95)

    # Pillow writes CMYK as Adobe does: inverted, with an Adobe marker.
    assert b"Adobe" in data
    assert distance(data) < 3


def test_cmyk_jpeg_without_adobe_marker_reads_the_same() -> None:
    data = pictures.encoded(Image.fromarray(pictures.photo()).convert("CMYK"), "JPEG", quality=95)
    marker = data.index(b"\xff\xee")
    plain = data[:marker] + data[marker + 16 :]

    # Whatever the specification says, such files are inverted in practice.
    assert np.array_equal(decode(plain, LIMITS), decode(data, LIMITS))


def test_interlaced_png_is_decoded() -> None:
    # Adam7 of a 1x1 picture is its only pixel; Pillow writes no larger ones.
    data = bytearray(pictures.encoded(np.full((1, 1, 3), 9, np.uint8), "PNG"))
    data[28] = 1
    data[29:33] = zlib.crc32(bytes(data[12:29])).to_bytes(4, "big")

    assert decode(bytes(data), LIMITS).tolist() == [[[9, 9, 9]]]


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_first_frame_of_an_animation_is_taken(kind: str) -> None:
    frames = [Image.new("RGB", (8, 8), color) for color in ("red", "blue")]
    data = pictures.encoded(
        frames[0], kind, save_all=True, append_images=frames[1:], duration=50, lossless=True
    )

    assert decode(data, LIMITS)[4, 4].tolist() == [255, 0, 0]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("part", [0.3, 0.6, 0.95])
def test_cut_off_picture_is_corrupt(kind: str, part: float) -> None:
    data = pictures.encoded(pictures.photo(), kind)

    with pytest.raises(CorruptImage):
        decode(data[: int(len(data) * part)], LIMITS)


def test_stray_bytes_between_jpeg_segments_do_no_harm() -> None:
    data = pictures.jpeg()
    table = data.index(b"\xff\xdb")
    stray = data[:table] + b"\0\0\0" + data[table:]

    with pytest.raises(ValueError, match="extraneous"):
        simplejpeg.decode_jpeg(stray)
    assert np.array_equal(decode(stray, LIMITS), decode(data, LIMITS))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(pictures.png_header(60_000, 60_000), id="png"),
        pytest.param(pictures.jpeg_header(60_000, 60_000), id="jpeg"),
        pytest.param(pictures.webp_header(16_000, 16_000), id="webp"),
    ],
)
def test_large_promise_is_refused_without_decoding(data: bytes) -> None:
    tracemalloc.start()
    with pytest.raises(ImageTooLarge, match=r"limit is 50000000 pixels"):
        decode(data, LIMITS)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 2**20


def test_long_side_is_refused() -> None:
    with pytest.raises(ImageTooLarge, match="16384 pixels on a side"):
        decode(pictures.png_header(20_000, 10), LIMITS)


@pytest.mark.parametrize(("width", "height"), [(2_000, 99), (99, 2_000)])
def test_long_picture_is_refused(width: int, height: int) -> None:
    with pytest.raises(UnsuitableImage, match="may be 20 times the other"):
        decode(pictures.png_header(width, height), LIMITS)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_long_animation_is_refused(kind: str) -> None:
    frames = [Image.new("RGB", (8, 8), (50 * level, 0, 0)) for level in range(4)]
    data = pictures.encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=50)

    with pytest.raises(UnsuitableImage, match="has 4 frames; the limit is 3"):
        decode(data, ImageLimits(max_frames=3))
    assert decode(data, ImageLimits(max_frames=4)).shape == (8, 8, 3)


@pytest.mark.parametrize(("kind", "tolerance"), [("BMP", 0), ("GIF", 12), ("AVIF", 4)])
def test_format_on_request_is_decoded(kind: Format, tolerance: float) -> None:
    image = decode(pictures.encoded(pictures.photo(), kind), ImageLimits(formats=(kind,)))

    assert np.abs(image.astype(int) - pictures.photo()).mean() <= tolerance


@pytest.mark.parametrize("orientation", range(1, 9))
def test_avif_is_turned_upright_once(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = pictures.encoded(pictures.photo(), "AVIF", exif=exif)
    expected = np.asarray(ImageOps.exif_transpose(from_bytes(data)).convert("RGB"))

    assert np.array_equal(decode(data, ImageLimits(formats=("AVIF",))), expected)


def test_file_over_the_byte_limit_is_refused() -> None:
    with pytest.raises(ImageTooLarge, match="the limit is 10"):
        decode(pictures.png(), ImageLimits(max_bytes=10))


def test_second_header_cannot_raise_the_size() -> None:
    first = pictures.png_header(4, 4)[:33]
    second = pictures.png_header(9_000, 9_000)[8:]

    with pytest.raises(CorruptImage, match="contradicts itself"):
        decode(first + second, LIMITS)


_EVERY: tuple[Format, ...] = ("PNG", "JPEG", "WEBP", "AVIF", "BMP", "GIF")


@given(st.sampled_from(_EVERY), st.lists(st.tuples(st.integers(0, 4_000), st.integers(0, 255))))
def test_damage_is_an_image_error_or_a_picture(
    kind: Format, changes: list[tuple[int, int]]
) -> None:
    data = bytearray(pictures.encoded(pictures.photo()[:40, :30], kind))
    for position, value in changes:
        data[position % len(data)] = value

    try:
        image = decode(bytes(data), ImageLimits(max_pixels=10_000, formats=_EVERY))
    except ImageError:
        return
    assert image.dtype == np.uint8
    assert image.ndim == 3


def _large(orientation: int = 1) -> bytes:
    """A JPEG of 1,001 x 700 stored pixels."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    large = cv2.resize(pictures.photo(), (700, 1001), interpolation=cv2.INTER_CUBIC)
    return pictures.encoded(np.asarray(large, np.uint8), "JPEG", exif=exif, quality=95)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    ("least", "expected"),
    [
        pytest.param((500, 350), (501, 350), id="half"),
        pytest.param((400, 200), (501, 350), id="between"),
        pytest.param((250, 175), (251, 175), id="a-quarter"),
        pytest.param((100, 40), (126, 88), id="an-eighth"),
        pytest.param((501, 350), (1001, 700), id="more-than-half"),
        pytest.param((1001, 700), (1001, 700), id="whole"),
    ],
)
def test_large_jpeg_is_reduced_to_what_is_enough(
    orientation: int, least: Size, expected: Size
) -> None:
    data = _large(orientation)
    turned = orientation >= 5

    image, size = decode_reduced(
        data, examine(data, LIMITS), lambda whole: least[::-1] if turned else least
    )

    assert size == ((700, 1001) if turned else (1001, 700))
    assert image.shape[:2] == (expected[::-1] if turned else expected)
    whole = cv2.resize(decode(data, LIMITS), image.shape[1::-1], interpolation=cv2.INTER_AREA)
    # At an eighth, edges differ from means of areas; turned another way, it would be 80.
    assert np.abs(image.astype(int) - whole).mean() < 10


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_other_formats_are_never_reduced(kind: str) -> None:
    data = pictures.encoded(pictures.photo(), kind)

    image, size = decode_reduced(data, examine(data, LIMITS), lambda whole: (1, 1))

    assert image.shape[:2] == size == pictures.photo().shape[:2]


def test_cut_off_jpeg_is_corrupt_in_any_size() -> None:
    data = _large()

    with pytest.raises(CorruptImage):
        decode_reduced(data[: len(data) // 2], examine(data, LIMITS), lambda whole: (100, 100))
