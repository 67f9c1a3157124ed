"""One picture in every way that a format can store it: the same mask comes back.

The network of these tests goes by the colour of every pixel, so a channel that is swapped, inverted
or scaled shows at once.
"""

from typing import Any

import numpy as np
import pytest
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

from tests.fixtures import pictures
from tests.fixtures.damaged import raw_png
from tests.integration.faults.asking import Service

PHOTO = pictures.photo()
GREY = np.asarray(Image.fromarray(PHOTO).convert("L"))
OTHER = Image.new("RGB", (192, 256), "red")


def rgb() -> Image.Image:
    return Image.fromarray(PHOTO)


def opaque(photo: NDArray[np.uint8], alpha: int = 255) -> NDArray[np.uint8]:
    plane = np.full((*photo.shape[:2], 1), alpha, np.uint8)
    return np.concatenate([photo.reshape(*photo.shape[:2], -1), plane], axis=2)


def sixteen(photo: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Samples of 16 bits, as bytes: the low ones are noise that must not matter."""
    samples = photo.reshape(*photo.shape[:2], -1)
    low = np.random.default_rng(0).integers(0, 256, samples.shape, np.uint8)
    return np.stack([samples, low], axis=3).reshape(*photo.shape[:2], -1)


def ycck() -> bytes:
    inverted = np.dstack([PHOTO, np.full(PHOTO.shape[:2], 255, np.uint8)])
    encoded: bytes = simplejpeg.encode_jpeg(
        np.ascontiguousarray(inverted), 95, colorspace="CMYK", colorsubsampling="444"
    )
    return encoded


def mask_of(service: Service, data: bytes) -> NDArray[np.uint8]:
    answer = service.post(content=data)
    assert answer.status_code == 200, answer.text
    return pictures.png_indices(answer.content)


@pytest.mark.parametrize(
    ("data", "plain", "share"),
    [
        pytest.param(raw_png(PHOTO, 8, 2), PHOTO, 1, id="png"),
        pytest.param(raw_png(PHOTO, 8, 2, interlaced=True), PHOTO, 1, id="interlaced"),
        pytest.param(raw_png(opaque(PHOTO), 8, 6), PHOTO, 1, id="alpha"),
        pytest.param(
            raw_png(opaque(PHOTO, 0), 8, 6), PHOTO * 0 + 255, 1, id="transparent-is-white"
        ),
        pytest.param(raw_png(sixteen(PHOTO), 16, 2), PHOTO, 1, id="16-bit"),
        pytest.param(raw_png(sixteen(opaque(PHOTO)), 16, 6), PHOTO, 1, id="16-bit-alpha"),
        pytest.param(raw_png(GREY[..., None], 8, 0), GREY, 1, id="grey"),
        pytest.param(raw_png(GREY[..., None], 8, 0, True), GREY, 1, id="grey-interlaced"),
        pytest.param(raw_png(opaque(GREY), 8, 4), GREY, 1, id="grey-alpha"),
        pytest.param(raw_png(sixteen(GREY), 16, 0), GREY, 1, id="grey-16-bit"),
        pytest.param(raw_png(sixteen(opaque(GREY)), 16, 4), GREY, 1, id="grey-16-bit-alpha"),
        pytest.param(pictures.encoded(rgb().quantize(256), "PNG"), PHOTO, 0.9, id="palette"),
        pytest.param(
            pictures.encoded(rgb().convert("1"), "PNG"),
            np.asarray(rgb().convert("1").convert("L")),
            1,
            id="1-bit",
        ),
        pytest.param(
            pictures.encoded(rgb(), "PNG", save_all=True, append_images=[OTHER]),
            PHOTO,
            1,
            id="animated-png",
        ),
        pytest.param(pictures.encoded(rgb(), "WEBP", lossless=True), PHOTO, 1, id="lossless-webp"),
        pytest.param(pictures.encoded(rgb(), "WEBP", quality=95), PHOTO, 0.97, id="webp"),
        pytest.param(
            pictures.encoded(Image.fromarray(opaque(PHOTO)), "WEBP", lossless=True, exact=True),
            PHOTO,
            1,
            id="webp-alpha",
        ),
        pytest.param(
            pictures.encoded(rgb(), "WEBP", save_all=True, append_images=[OTHER], lossless=True),
            PHOTO,
            1,
            id="animated-webp",
        ),
        pytest.param(pictures.encoded(rgb(), "JPEG", quality=95), PHOTO, 0.97, id="jpeg"),
        pytest.param(
            pictures.encoded(rgb(), "JPEG", quality=95, progressive=True),
            PHOTO,
            0.97,
            id="progressive",
        ),
        pytest.param(
            pictures.encoded(rgb(), "JPEG", quality=95, restart_marker_rows=1),
            PHOTO,
            0.97,
            id="restart-markers",
        ),
        pytest.param(
            pictures.encoded(rgb(), "JPEG", quality=95, keep_rgb=True), PHOTO, 0.98, id="jpeg-rgb"
        ),
        pytest.param(
            pictures.encoded(Image.fromarray(GREY), "JPEG", quality=95), GREY, 0.98, id="jpeg-grey"
        ),
        pytest.param(
            pictures.encoded(rgb().convert("CMYK"), "JPEG", quality=95), PHOTO, 0.98, id="cmyk"
        ),
        pytest.param(ycck(), PHOTO, 0.98, id="ycck"),
    ],
)
def test_picture_gives_the_mask_of_the_plain_one(
    service: Service, data: bytes, plain: NDArray[np.uint8], share: float
) -> None:
    expected = mask_of(service, pictures.encoded(Image.fromarray(plain).convert("RGB"), "PNG"))

    found = mask_of(service, data)

    assert (found == expected).mean() >= share


@pytest.mark.parametrize(
    ("kind", "options", "share"),
    [
        pytest.param("BMP", {}, 1, id="bmp"),
        pytest.param("GIF", {}, 0.85, id="gif"),
        pytest.param("GIF", {"save_all": True, "append_images": [OTHER]}, 0.85, id="animated-gif"),
        pytest.param("GIF", {"interlace": True}, 0.85, id="interlaced-gif"),
        pytest.param("AVIF", {"quality": 95}, 0.95, id="avif"),
        pytest.param("AVIF", {"quality": 95, "subsampling": "4:4:4"}, 0.95, id="avif-444"),
    ],
)
def test_picture_of_a_format_on_request_gives_the_mask_of_the_plain_one(
    reader: Service, kind: str, options: dict[str, Any], share: float
) -> None:
    expected = mask_of(reader, pictures.png())

    found = mask_of(reader, pictures.encoded(rgb(), kind, **options))

    assert (found == expected).mean() >= share
