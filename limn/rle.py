"""COCO run-length encoding of binary masks, the compressed string that pycocotools reads."""

import numpy as np
from numpy.typing import NDArray

from limn.geometry import Crop, Size

_MORE_FOLLOWS = 0x20
_FIRST_PRINTABLE = 48


def encode_mask(mask: NDArray[np.bool_], crop: Crop, photo: Size) -> dict[str, object]:
    """A mask inside a crop, encoded over the whole photo.

    Args:
        mask: bool[h, w] of the crop; everything outside it is not set.
        crop: where the mask is in the photo.
        photo: (H, W).

    Returns:
        `{"size": [H, W], "counts": "..."}`; the counts run down the columns.
    """
    return {"size": list(photo), "counts": _compress(run_lengths(mask, crop, photo))}


def run_lengths(mask: NDArray[np.bool_], crop: Crop, photo: Size) -> NDArray[np.int64]:
    """int64[n]: lengths of alternating runs of 0 and 1, column by column, 0 first."""
    height = mask.shape[0]
    # One unset row above and below ends every run inside its own column.
    columns = np.pad(mask.T, ((0, 0), (1, 1))).astype(np.int8)
    column, row = np.nonzero(np.diff(columns, axis=1))
    edges = (column + crop.left) * photo[0] + row + crop.top
    if height == photo[0]:
        # A run that ends at the foot of one column goes on at the head of the next.
        meets = np.flatnonzero(edges[1:-1:2] == edges[2::2])
        edges = np.delete(edges, np.concatenate((2 * meets + 1, 2 * meets + 2)))
    total = photo[0] * photo[1]
    if not len(edges) or edges[-1] != total:
        edges = np.append(edges, total)
    return np.diff(edges, prepend=0).astype(np.int64)


def _compress(counts: NDArray[np.int64]) -> str:
    """Five bits per character, sign-extended, each count less the one two before it."""
    rest = counts.copy()
    rest[3:] -= counts[1:-2]
    characters = []
    pending = np.ones(len(rest), dtype=np.bool_)
    while pending.any():
        bits = rest & 0x1F
        rest = rest >> 5
        more = pending & (rest != np.where(bits & 0x10, -1, 0))
        characters.append(
            np.where(pending, bits + np.where(more, _MORE_FOLLOWS, 0) + _FIRST_PRINTABLE, 0)
        )
        pending = more
    table = np.stack(characters, axis=1).astype(np.uint8)
    return table[table > 0].tobytes().decode("ascii")
