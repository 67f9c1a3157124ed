"""A picture drawn in a terminal, with two pixels to a character, and a legend beneath it."""

import io
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

if TYPE_CHECKING:
    from rich.text import Text

WIDEST = 64
"""Characters."""

_LEAST_SHARE = 0.001
"""Of the picture, for a class to be in the legend."""


def drawn(png: bytes, classes: tuple[str, ...], width: int) -> "Text":
    """A mask, coloured mask or overlay; of a mask, which class has which colour and share.

    Args:
        png: as the service answers it.
        classes: names by class index.
        width: of the terminal, in characters.
    """
    from rich.text import Text

    with Image.open(io.BytesIO(png)) as picture:
        columns = max(1, min(width, WIDEST, picture.width))
        rows = max(1, round(picture.height * columns / picture.width / 2))
        small = picture.resize((columns, 2 * rows), Image.Resampling.NEAREST).convert("RGB")
        text = _blocks(np.array(small, dtype=np.uint8))
        if picture.mode == "P":
            palette = np.array(picture.getpalette(), dtype=np.uint8).reshape(-1, 3)
            text.append(_legend(np.array(picture, dtype=np.uint8), palette, classes))
    assert isinstance(text, Text)
    return text


def _blocks(pixels: NDArray[np.uint8]) -> "Text":
    from rich.text import Text

    text = Text(no_wrap=True)
    for upper, lower in zip(pixels[::2].tolist(), pixels[1::2].tolist(), strict=True):
        for top, bottom in zip(upper, lower, strict=True):
            text.append("▀", style=f"rgb({_rgb(top)}) on rgb({_rgb(bottom)})")
        text.append("\n")
    return text


def _legend(
    labels: NDArray[np.uint8], palette: NDArray[np.uint8], classes: tuple[str, ...]
) -> "Text":
    from rich.text import Text

    text = Text()
    shares = np.bincount(labels.ravel(), minlength=256) / labels.size
    for index in np.argsort(-shares):
        if index == 0 or shares[index] < _LEAST_SHARE:
            continue
        name = classes[index] if index < len(classes) else str(index)
        text.append("██ ", style=f"rgb({_rgb(palette[index].tolist())})")
        text.append(f"{name} {shares[index]:.1%}\n")
    return text


def _rgb(color: list[int]) -> str:
    return ",".join(map(str, color))
