"""Header of AVIF, which is read on request: boxes of the ISO base media file format."""

from collections.abc import Iterator

from limn.errors import CorruptImage
from limn.image_formats import ImageHeader

# A phone's photo has a few dozen, most of them of the tiles of a grid.
MAX_BOXES = 2_000

_SEQUENCE = b"avis"
_PAYLOADS = {b"meta": 4, b"iprp": 0, b"ipco": 0}
"""Boxes on the way to the sizes, and how many bytes come before the boxes inside."""


def read_avif(data: bytes) -> ImageHeader:
    """Size of an AVIF: the largest that one of its items has, as a grid is larger than its tiles.

    Raises:
        CorruptImage: it is cut off, states no size, is an animation, or has too many boxes.
    """
    if data[8:12] == _SEQUENCE:
        raise CorruptImage("the AVIF is an animation; send one picture of it")
    sizes = [
        (int.from_bytes(box[8:12], "big"), int.from_bytes(box[4:8], "big"))
        for box in _spatial_extents(data)
    ]
    if not sizes:
        raise CorruptImage("the AVIF ends before its header does")
    height, width = max(sizes, key=lambda size: size[0] * size[1])
    return ImageHeader("AVIF", height, width)


def _spatial_extents(data: bytes) -> Iterator[bytes]:
    """Payloads of the boxes `ispe`, each version and flags, width and height."""
    waiting, boxes = [(0, len(data))], 0
    while waiting:
        position, end = waiting.pop()
        while position + 8 <= end:
            boxes += 1
            if boxes > MAX_BOXES:
                raise CorruptImage(f"the AVIF has more than {MAX_BOXES} boxes")
            size, kind = (
                int.from_bytes(data[position : position + 4], "big"),
                data[position + 4 : position + 8],
            )
            start = position + 8
            if size == 1:
                size = int.from_bytes(data[start : start + 8], "big")
                start += 8
            # A box without a size reaches to the end.
            stop = min(position + size, end) if size else end
            if stop <= start:
                break
            if kind == b"ispe" and stop - start >= 12:
                yield data[start : start + 12]
            elif kind in _PAYLOADS:
                waiting.append((start + _PAYLOADS[kind], stop))
            position = stop
