import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from limn.png_rows import has_all_rows
from tests.fixtures import pictures
from tests.fixtures.damaged import png_chunks, png_of, raw_png

SIDES = st.integers(1, 40)


def shorter(data: bytes, count: int) -> bytes:
    """The same PNG with so many bytes of its rows left out, and a stream that ends well."""
    chunks = list(png_chunks(data))
    rows = zlib.decompress(b"".join(content for kind, content in chunks if kind == b"IDAT"))
    others = [(kind, content) for kind, content in chunks if kind not in (b"IDAT", b"IEND")]
    stream = zlib.compress(rows[: len(rows) - count])
    return png_of(*others, (b"IDAT", stream), (b"IEND", b""))


@given(st.sampled_from(["1", "L", "LA", "P", "RGB", "RGBA", "I;16"]), SIDES, SIDES)
def test_rows_are_counted_in_every_mode(mode: str, width: int, height: int) -> None:
    data = pictures.encoded(Image.new(mode, (width, height)), "PNG")

    assert has_all_rows(data)
    assert not has_all_rows(shorter(data, 1))


@given(SIDES, SIDES, st.sampled_from([(8, 2, 3), (16, 6, 8), (8, 0, 1)]))
def test_rows_of_all_passes_are_counted(
    width: int, height: int, kind: tuple[int, int, int]
) -> None:
    depth, colour, size = kind
    data = raw_png(np.zeros((height, width, size), np.uint8), depth, colour, interlaced=True)

    assert has_all_rows(data)
    assert not has_all_rows(shorter(data, 1))


@pytest.mark.parametrize("count", [100_000, 1])
def test_stream_that_expands_is_counted_in_pieces(count: int) -> None:
    data = pictures.encoded(np.zeros((1_000, 1_000, 3), np.uint8), "PNG")

    assert has_all_rows(data)
    assert not has_all_rows(shorter(data, count))
