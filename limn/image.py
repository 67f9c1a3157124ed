"""Encoded photo to upright RGB pixels, with bounds on what it may cost."""

import io
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

from limn.errors import CorruptImage, ImageTooLarge
from limn.geometry import Size
from limn.image_header import ImageHeader, read_header

_EXIF_ORIENTATION = 0x0112
_SIDEWAYS = (5, 6, 7, 8)
"""Orientations whose axes are swapped."""
_WHITE = (255, 255, 255)


@dataclass(frozen=True)
class ImageLimits:
    """What an encoded image may cost: bytes of the file, and pixels that its header promises."""

    max_bytes: int = 20 * 2**20
    max_pixels: int = 50_000_000
    max_side: int = 16_384


def decode(data: bytes, limits: ImageLimits) -> NDArray[np.uint8]:
    """Decode a JPEG, PNG or WebP.

    Alpha is composited over white, the first frame of an animation is taken, 16-bit samples keep
    their high byte, and the EXIF orientation is applied. Colour profiles are not.

    Returns:
        uint8[H, W, 3] RGB, upright, C-contiguous.

    Raises:
        EmptyImage, UnsupportedImage: see `read_header`.
        ImageTooLarge: bytes, pixels or a side exceed the limits; nothing was decoded.
        CorruptImage: the header is fine, the picture behind it is not.
    """
    return decode_reduced(data, limits, lambda size: size)[0]


def decode_reduced(
    data: bytes, limits: ImageLimits, enough: Callable[[Size], Size]
) -> tuple[NDArray[np.uint8], Size]:
    """The same, in a smaller size where that is cheaper to have.

    A JPEG is stored by frequencies; leaving out the high ones gives it at some eighths of its size
    without making the pixels in between (ITU-T T.81, A.3.3). It still covers the whole picture.

    Args:
        enough: from the (H, W) of the upright photo, how large its picture must be at least;
            only where that is half the photo or less, it is made smaller.

    Returns:
        uint8[h, w, 3] RGB, upright, C-contiguous; and (H, W).
    """
    if len(data) > limits.max_bytes:
        raise ImageTooLarge(f"the file has {len(data)} bytes; the limit is {limits.max_bytes}")
    header = read_header(data)
    _check_size(header, limits)
    try:
        with Image.open(io.BytesIO(data), formats=(header.kind,)) as picture:
            # A second header further in could promise a size that was never checked.
            if picture.size != (header.width, header.height):
                raise CorruptImage(f"the {header.kind} contradicts itself about its size")
            orientation = _orientation(picture)
            stored = header.height, header.width
            size = stored[::-1] if orientation in _SIDEWAYS else stored
            least = enough(size)
            reduces = all(2 * part <= whole for part, whole in zip(least, size, strict=True))
            if reduces and orientation in _SIDEWAYS:
                least = least[::-1]
            image = (
                _jpeg_pixels(data, least if reduces else None) if header.kind == "JPEG" else None
            )
            if image is None or image.shape[:2] not in _sizes(stored, reduces):
                image = _pixels(picture)
    except (CorruptImage, MemoryError):
        raise
    except Exception as exc:
        # Pillow's plugins raise OSError, SyntaxError, ValueError, struct.error and more.
        raise CorruptImage(f"the {header.kind} is cut off or broken") from exc
    return _upright(image, orientation), size


def _sizes(stored: Size, reduces: bool) -> list[Size]:
    """What a picture of a size may come out as: itself, or at most half of it in eighths."""
    height, width = stored
    eighths = range(1, 5) if reduces else ()
    return [stored, *((-(-height * part // 8), -(-width * part // 8)) for part in eighths)]


def _check_size(header: ImageHeader, limits: ImageLimits) -> None:
    height, width = header.height, header.width
    if height * width > limits.max_pixels:
        raise ImageTooLarge(
            f"the {header.kind} is {width}x{height}, {height * width} pixels;"
            f" the limit is {limits.max_pixels} pixels"
        )
    if max(height, width) > limits.max_side:
        raise ImageTooLarge(
            f"the {header.kind} is {width}x{height};"
            f" the limit is {limits.max_side} pixels on a side"
        )


def _jpeg_pixels(data: bytes, least: Size | None) -> NDArray[np.uint8] | None:
    """uint8[h, w, 3] by the fast decoder, or None where Pillow should have a look.

    With `least` it has half the picture's sides or less, but at least these; more than half takes
    longer than the whole.

    Strict decoding refuses cut-off files, but harmless flaws such as stray bytes between segments
    too; Pillow tells the two apart. It also knows Adobe's inverted CMYK.
    """
    try:
        if simplejpeg.decode_jpeg_header(data)[2] in ("CMYK", "YCCK"):
            return None
        height, width, factor = (0, 0, 1) if least is None else (*least, 2)
        image: NDArray[np.uint8] = simplejpeg.decode_jpeg(
            data, colorspace="RGB", min_height=height, min_width=width, min_factor=factor
        )
    except ValueError:
        return None
    return image


def _pixels(picture: Image.Image) -> NDArray[np.uint8]:
    """uint8[H, W, 3] of any Pillow mode that the accepted formats have."""
    if picture.mode.startswith("I"):
        return _sixteen_bit_grey(picture)
    if picture.has_transparency_data:
        rgba = picture.convert("RGBA")
        opaque = Image.new("RGB", rgba.size, _WHITE)
        opaque.paste(rgba, mask=rgba.getchannel("A"))
        return np.array(opaque)
    return np.array(picture.convert("RGB"))


def _sixteen_bit_grey(picture: Image.Image) -> NDArray[np.uint8]:
    samples = np.asarray(picture)
    grey = (samples >> 8).astype(np.uint8)
    transparent = picture.info.get("transparency")
    if transparent is not None:
        grey[samples == transparent] = 255
    return np.repeat(grey[:, :, np.newaxis], 3, axis=2)


def _orientation(picture: Image.Image) -> int:
    """EXIF orientation 1 to 8; 1 where there is none or the EXIF block is unreadable."""
    try:
        orientation = picture.getexif().get(_EXIF_ORIENTATION, 1)
    except Exception:
        # A picture whose pixels are fine is not refused for its metadata.
        return 1
    return orientation if orientation in range(1, 9) else 1


def _upright(image: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Undo EXIF orientation: 2 to 4 flip or turn by 180 degrees, 5 to 8 swap the axes first."""
    if orientation in _SIDEWAYS:
        image = np.asarray(cv2.transpose(image), dtype=np.uint8)
    flip = {2: 1, 3: -1, 4: 0, 6: 1, 7: -1, 8: 0}.get(orientation)
    return image if flip is None else np.asarray(cv2.flip(image, flip), dtype=np.uint8)
