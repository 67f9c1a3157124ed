"""Compressed request bodies, as `Content-Encoding` names them."""

import zlib

from service.errors import BodyTooLarge, MalformedBody

# zlib's codes: a gzip header is found by itself; `deflate` is a zlib stream (RFC 9110).
_WINDOW_BITS = {"gzip": 31, "x-gzip": 31, "deflate": 15}


def decompress(body: bytes, encoding: str, limit: int) -> bytes:
    """The body as it was before compression; itself where `encoding` is empty or identity.

    Raises:
        BodyTooLarge: it is longer than `limit` bytes; no more than that was decompressed.
        MalformedBody: the encoding is not known, or the body is cut off or broken.
    """
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return body
    if encoding not in _WINDOW_BITS:
        known = ", ".join(_WINDOW_BITS)
        raise MalformedBody(f"content encoding {encoding[:20]!r} is not known; there are: {known}")
    stream = zlib.decompressobj(_WINDOW_BITS[encoding])
    try:
        plain = stream.decompress(body, limit + 1)
    except zlib.error as exc:
        raise MalformedBody(f"the body is not {encoding}: {exc}") from exc
    if len(plain) > limit:
        raise BodyTooLarge(f"the limit is {limit} bytes, decompressed too")
    if not stream.eof or stream.unused_data:
        raise MalformedBody(f"the {encoding} body is cut off, or something follows it")
    return plain
