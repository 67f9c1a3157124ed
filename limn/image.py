"""Encoded photo to upright RGB pixels, with bounds on what it may cost."""

import io
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import AvifImagePlugin, Image

from limn.errors import CorruptImage, ImageTooLarge, UnsuitableImage
from limn.geometry import Size
from limn.image_formats import DEFAULT_FORMATS, Format, ImageHeader
from limn.image_header import read_header
from limn.png_rows import has_all_rows

_EXIF_ORIENTATION = 0x0112
_SIDEWAYS = (5, 6, 7, 8)
"""Orientations whose axes are swapped."""
_WHITE = (255, 255, 255)

_BROKEN_SCAN = re.compile(
    r"remature end|bad Huffman code|instead of RST|extraneous bytes before marker 0xd[0-9]"
)
"""libjpeg's words for pixels that are missing or made up; elsewhere, stray bytes do no harm."""

# Pillow warns of what is odd in a file's metadata, and Python remembers each text that it has
# shown: a file that is made for it brings up thousands.
warnings.filterwarnings("ignore", module=r"PIL\.")
# As everywhere, one thread per picture: the callers share the cores.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1


@dataclass(frozen=True)
class ImageLimits:
    """What an encoded image may be, and cost, by its header.

    Attributes:
        max_bytes: of the file.
        max_pixels, max_side: of the picture.
        max_aspect: longer side by shorter; no person is in what is longer.
        max_frames: of an animation, of which the first is taken.
    """

    max_bytes: int = 20 * 2**20
    max_pixels: int = 50_000_000
    max_side: int = 16_384
    max_aspect: float = 20
    max_frames: int = 100
    formats: tuple[Format, ...] = DEFAULT_FORMATS


def examine(data: bytes, limits: ImageLimits) -> ImageHeader:
    """The header of an encoded image that is within the limits; nothing is decoded.

    Raises:
        EmptyImage, UnsupportedImage, CorruptImage: see `read_header`.
        ImageTooLarge: bytes, pixels or a side exceed the limits.
        UnsuitableImage: it is too long for its width, or has too many frames.
    """
    if len(data) > limits.max_bytes:
        raise ImageTooLarge(f"the file has {len(data)} bytes; the limit is {limits.max_bytes}")
    header = read_header(data, limits.formats)
    _check_size(header, limits)
    return header


def decode(data: bytes, limits: ImageLimits) -> NDArray[np.uint8]:
    """Decode an image of one of the formats of `limits`.

    Alpha is composited over white, the first frame of an animation is taken, 16-bit samples keep
    their high byte, and the EXIF orientation is applied. Colour profiles are not.

    Returns:
        uint8[H, W, 3] RGB, upright, C-contiguous.

    Raises:
        EmptyImage, UnsupportedImage, ImageTooLarge, UnsuitableImage: see `examine`.
        CorruptImage: the header is fine, the picture behind it is not.
    """
    return decode_reduced(data, examine(data, limits), lambda size: size)[0]


def decode_reduced(
    data: bytes, header: ImageHeader, enough: Callable[[Size], Size]
) -> tuple[NDArray[np.uint8], Size]:
    """`decode` of what has been examined, in a smaller size where that is cheaper to have.

    A JPEG is stored by frequencies; leaving out the high ones gives it at a half, a quarter or an
    eighth of its sides without making the pixels in between (ITU-T T.81, A.3.3). It still covers
    the whole picture.

    Args:
        header: what `examine` says of `data`.
        enough: from the (H, W) of the upright photo, how large its picture must be at least.

    Returns:
        uint8[h, w, 3] RGB, upright, C-contiguous; and (H, W).

    Raises:
        CorruptImage: the header is fine, the picture behind it is not.
    """
    try:
        with Image.open(io.BytesIO(data), formats=(header.kind,)) as picture:
            # A second header further in could promise a size that was never checked.
            if picture.size != (header.width, header.height):
                raise CorruptImage(f"the {header.kind} contradicts itself about its size")
            if header.kind != "JPEG":
                # Else a PNG would be read in search of its EXIF, and what is wrong with its pixels
                # be taken for what is wrong with that.
                picture.load()
            if header.kind == "PNG" and _may_miss_rows(picture) and not has_all_rows(data):
                raise CorruptImage("the PNG has fewer rows than it promises")
            orientation = _orientation(picture)
            stored = header.height, header.width
            size = stored[::-1] if orientation in _SIDEWAYS else stored
            image = None
            if header.kind == "JPEG":
                image = _jpeg_pixels(data, stored, _factor(size, enough(size)))
            if image is None:
                image = _pixels(picture)
    except (CorruptImage, MemoryError):
        raise
    except Exception as exc:
        # Pillow's plugins raise OSError, SyntaxError, ValueError, struct.error and more.
        raise CorruptImage(f"the {header.kind} is cut off or broken") from exc
    return _upright(image, orientation), size


def _factor(size: Size, least: Size) -> int:
    """By how much both sides can be divided without being too small: 8, 4, 2 or 1.

    JPEGs can be had in any eighths, but these are the ones that decoders have fast code for.
    """
    fits = (
        factor
        for factor in (8, 4, 2)
        if all(factor * part <= whole for part, whole in zip(least, size, strict=True))
    )
    return next(fits, 1)


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
    if max(height, width) > limits.max_aspect * min(height, width):
        raise UnsuitableImage(
            f"the {header.kind} is {width}x{height};"
            f" one side may be {limits.max_aspect:g} times the other, cut out the person"
        )
    if header.frames > limits.max_frames:
        raise UnsuitableImage(
            f"the {header.kind} has {header.frames} frames; the limit is {limits.max_frames},"
            " and the first is taken: send it alone"
        )


def _jpeg_pixels(data: bytes, stored: Size, factor: int) -> NDArray[np.uint8] | None:
    """uint8[h, w, 3] by the fast decoder, or None where Pillow should have a look.

    The sides are those of `stored` divided by `factor`, and rounded up.

    Strict decoding refuses harmless flaws, such as stray bytes between segments, too. Pillow reads
    such files, and knows Adobe's inverted CMYK; but it takes what a broken scan leaves for pixels.

    Raises:
        CorruptImage: pixels are missing.
    """
    height, width = (-(-side // factor) for side in stored)
    try:
        is_cmyk = simplejpeg.decode_jpeg_header(data)[2] in ("CMYK", "YCCK")
        image: NDArray[np.uint8] = simplejpeg.decode_jpeg(
            data,
            colorspace="CMYK" if is_cmyk else "RGB",
            min_height=height,
            min_width=width,
            min_factor=factor,
        )
    except ValueError as exc:
        if _BROKEN_SCAN.search(str(exc)):
            raise CorruptImage("the JPEG is cut off or broken") from exc
        return None
    return None if is_cmyk or image.shape[:2] != (height, width) else image


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


def _may_miss_rows(picture: Image.Image) -> bool:
    """Whether the last row is black, as rows are that never came; interlaced, any could be it."""
    width, height = picture.size
    last = picture.crop((0, height - 1, width, height))
    return bool(picture.info.get("interlace")) or not np.asarray(last).any()


def _upright(image: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Undo EXIF orientation: 2 to 4 flip or turn by 180 degrees, 5 to 8 swap the axes first."""
    if orientation in _SIDEWAYS:
        image = np.asarray(cv2.transpose(image), dtype=np.uint8)
    flip = {2: 1, 3: -1, 4: 0, 6: 1, 7: -1, 8: 0}.get(orientation)
    return image if flip is None else np.asarray(cv2.flip(image, flip), dtype=np.uint8)
