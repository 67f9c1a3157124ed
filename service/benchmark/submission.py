"""A zip of predicted label maps: checked file by file, and scored."""

import io
import zipfile
import zlib
from pathlib import PurePosixPath
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from limn.errors import ImageError
from limn.image_header import read_header
from limn.metrics import Accuracy, confusion
from service.benchmark.truth import Truth
from service.errors import SubmissionRejected

ARCHIVE = "archive"
"""What an error about the zip as a whole names."""

MAX_MAP_BYTES = 8 << 20
"""Of one unpacked PNG; label maps are a hundredth of that."""

_OVERHEAD = ("__MACOSX/", ".DS_Store")
_ENCRYPTED = 0x1
_SHOWN = 3


def score(archive: BinaryIO, truth: Truth) -> Accuracy:
    """All pixels of all pictures in one confusion matrix, at the pictures' own size.

    Args:
        archive: one PNG per picture of the data set, `<id>.png`, in any folder: 8 bits of class
            index per pixel, grey or palette, of the picture's size.
        truth: what to compare with.

    Raises:
        SubmissionRejected: the first file that is not as it must be.
    """
    classes = len(truth.label_set)
    matrix = np.zeros((classes, classes), np.int64)
    try:
        with zipfile.ZipFile(archive) as unpacked:
            for picture, info in _members(unpacked, truth).items():
                known = truth.label_map(picture)
                matrix += confusion(known, _label_map(unpacked, info, known, truth), classes)
    except (zipfile.BadZipFile, zipfile.LargeZipFile) as exc:
        raise SubmissionRejected(ARCHIVE, f"it is no zip that can be read: {exc}") from exc
    return Accuracy(matrix)


def _members(unpacked: zipfile.ZipFile, truth: Truth) -> dict[str, zipfile.ZipInfo]:
    """The file of every picture; nothing is unpacked yet."""
    found: dict[str, zipfile.ZipInfo] = {}
    for info in unpacked.infolist():
        name = info.filename
        if info.is_dir() or name.startswith(_OVERHEAD[0]) or name.endswith(_OVERHEAD[1]):
            continue
        path = PurePosixPath(name)
        if path.suffix != ".png":
            raise SubmissionRejected(name, "only PNG files are scored")
        if path.stem not in truth.files:
            raise SubmissionRejected(name, "the data set has no picture of that id")
        if path.stem in found:
            raise SubmissionRejected(name, f"{found[path.stem].filename} is of the same picture")
        if info.flag_bits & _ENCRYPTED:
            raise SubmissionRejected(name, "it is encrypted")
        if info.file_size > MAX_MAP_BYTES:
            raise SubmissionRejected(
                name, f"it unpacks to {info.file_size} bytes; the limit is {MAX_MAP_BYTES}"
            )
        found[path.stem] = info
    missing = [picture for picture in truth.files if picture not in found]
    if missing:
        shown = ", ".join(f"{picture}.png" for picture in missing[:_SHOWN])
        rest = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
        raise SubmissionRejected(ARCHIVE, f"there is no {shown}{rest}")
    return found


def _label_map(
    unpacked: zipfile.ZipFile, info: zipfile.ZipInfo, known: NDArray[np.uint8], truth: Truth
) -> NDArray[np.uint8]:
    """uint8[H, W] of class indices, of the truth's size."""
    name = info.filename
    try:
        data = unpacked.read(info)
        header = read_header(data)
    except (ImageError, NotImplementedError, zlib.error) as exc:
        raise SubmissionRejected(name, str(exc)) from exc
    height, width = known.shape
    if header.kind != "PNG":
        raise SubmissionRejected(name, f"it is a {header.kind} inside")
    if (header.height, header.width) != (height, width):
        raise SubmissionRejected(
            name, f"it is {header.width}x{header.height}; the picture is {width}x{height}"
        )
    try:
        with Image.open(io.BytesIO(data)) as picture:
            mode, labels = picture.mode, np.asarray(picture)
    except Exception as exc:  # Pillow's failures share no base
        raise SubmissionRejected(name, f"it is broken or cut off: {exc}") from exc
    if mode not in ("L", "P"):
        raise SubmissionRejected(
            name, f"it is of mode {mode}, not one byte of class index per pixel"
        )
    highest = int(labels.max())
    if highest >= len(truth.label_set):
        raise SubmissionRejected(
            name,
            f"it holds {highest}; {truth.label_set.name} ends at {len(truth.label_set) - 1}",
        )
    return labels.astype(np.uint8, copy=False)
