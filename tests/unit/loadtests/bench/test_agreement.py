"""Answers that are the same, and such that are not."""

import io

import numpy as np
import pytest
from PIL import Image

from loadtests.bench.agreement import LEAST, Disagreement, agreement, require_agreement


def png(height: int = 100, width: int = 50, others: int = 0, mode: str = "P") -> bytes:
    """A palette PNG of class 3, with a number of pixels of class 4."""
    label_map = np.full((height, width), 3, np.uint8)
    label_map.flat[:others] = 4
    picture = Image.fromarray(label_map)
    if mode == "P":
        picture.putpalette(bytes(768))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def test_agreement_is_the_share_of_equal_pixels() -> None:
    assert agreement(png(), png()) == 1
    assert agreement(png(others=250), png()) == pytest.approx(0.95)


def test_palette_does_not_matter_but_the_indices_do() -> None:
    assert require_agreement("peer", png(others=5), png(), LEAST) == pytest.approx(0.999)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        pytest.param(png(others=6), r"99.880% of its pixels are Limn's, 99.9%", id="pixels"),
        pytest.param(
            png(50, 100), r"the label map is \(50, 100\), Limn's is \(100, 50\)", id="size"
        ),
        pytest.param(png(mode="L"), "a PNG of mode L, not of a palette", id="grey"),
        pytest.param(b'{"error": 1}', "no PNG but", id="json"),
    ],
)
def test_who_disagrees_is_refused_by_name(answer: bytes, message: str) -> None:
    with pytest.raises(Disagreement, match=f"^LitServe is refused: {message}"):
        require_agreement("LitServe", answer, png(), LEAST)
