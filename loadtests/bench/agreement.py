"""Whether two servers answer the same picture: before that, no time of theirs is comparable."""

import io

import numpy as np
from PIL import Image, UnidentifiedImageError

from loadtests.server import CannotMeasure

LEAST = 0.999
"""Share of pixels; arithmetic may differ in its last bits, as it does between engines."""

LEAST_IN_INT8 = 0.98
"""Where the network computes in INT8: a last bit of its input decides which way activations are
rounded, and so at which pixel a border lies. The null network shows strictly that the work around
it is the same."""

LEAST_IN_FLOATS = 0.95
"""Where Limn computes in INT8 and the other cannot."""


class Disagreement(CannotMeasure):
    """A server does other work than the rest."""


def agreement(answer: bytes, expected: bytes) -> float:
    """Share of equal pixels of two palette PNGs.

    Raises:
        Disagreement: no palette PNG, or another size.
    """
    found, wanted = _label_map(answer), _label_map(expected)
    if found.shape != wanted.shape:
        raise Disagreement(f"the label map is {found.shape}, Limn's is {wanted.shape}")
    return float((found == wanted).mean())


def require_agreement(peer: str, answer: bytes, expected: bytes, least: float) -> float:
    """The share; Disagreement, by the name of the peer, where it is too small."""
    try:
        share = agreement(answer, expected)
    except Disagreement as exc:
        raise Disagreement(f"{peer} is refused: {exc}") from exc
    if share < least:
        raise Disagreement(
            f"{peer} is refused: {share:.3%} of its pixels are Limn's, {least:.1%} are needed"
        )
    return share


def _label_map(png: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    try:
        with Image.open(io.BytesIO(png), formats=["PNG"]) as picture:
            if picture.mode != "P":
                raise Disagreement(f"a PNG of mode {picture.mode}, not of a palette")
            return np.asarray(picture, np.uint8)
    except UnidentifiedImageError:
        raise Disagreement(f"no PNG but {png[:40]!r}") from None
