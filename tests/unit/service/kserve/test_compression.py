import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import BodyTooLarge, MalformedBody
from service.kserve.compression import decompress


@given(st.binary(max_size=500))
def test_bodies_come_back(body: bytes) -> None:
    assert decompress(gzip.compress(body), "gzip", 500) == body
    assert decompress(zlib.compress(body), "Deflate ", 500) == body
    assert decompress(body, "", 500) == decompress(body, "identity", 500) == body


def test_bomb_is_not_unpacked() -> None:
    with pytest.raises(BodyTooLarge, match="1000"):
        decompress(gzip.compress(b"\0" * 10_000_000), "gzip", 1000)


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        pytest.param(b"plain", "gzip", id="not-compressed"),
        pytest.param(gzip.compress(b"abc")[:-1], "gzip", id="cut-off"),
        pytest.param(gzip.compress(b"abc") + b"x", "gzip", id="trailing"),
        pytest.param(zlib.compress(b"abc"), "gzip", id="other-encoding"),
        pytest.param(b"", "deflate", id="empty"),
        pytest.param(b"abc", "br", id="unknown"),
    ],
)
def test_broken_body_is_refused(body: bytes, encoding: str) -> None:
    with pytest.raises(MalformedBody):
        decompress(body, encoding, 1000)
