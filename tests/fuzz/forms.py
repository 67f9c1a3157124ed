"""A request of `/v1/parse`: query, headers and body, from the first byte to the answer."""

import io
from typing import Any

from PIL import Image
from pydantic import TypeAdapter

from limn.wire import BatchAnswer, ParsedPhoto, ProblemDocument
from service.problems import MEDIA_TYPE
from tests.fuzz.samples import samples, smallest
from tests.fuzz.standing import Answer, standing
from tests.fuzz.target import Target

_BOUNDARY = b"limn"
_TYPE = b"multipart/form-data; boundary=" + _BOUNDARY
_NEVER = frozenset((401, 403, 405, 408, 409, 429, 500, 503))
"""Statuses that this app has no reason for: no keys, nobody else in flight, the body is there."""

_PROBLEM = TypeAdapter(ProblemDocument)
_PHOTO = TypeAdapter(ParsedPhoto)
_BATCH = TypeAdapter(BatchAnswer)


def check(data: bytes) -> None:
    """Answered as the API's description says, or refused with a problem document.

    The first byte says which route it is and how the body is cut in pieces; then come a line for
    the query, one for the content type, one for `X-Request-Timeout-Ms`, and the body.
    """
    how = data[0] if data else 0
    query, kind, timeout, body = (data[1:].split(b"\n", 3) + [b""] * 3)[:4]
    headers = [
        (name, value)
        for name, value in ((b"content-type", kind), (b"x-request-timeout-ms", timeout))
        if value
    ]
    path = "/v1/parse/batch" if how & 1 else "/v1/parse"
    answer = standing().post(path, query, headers, _pieces(body, how >> 1))
    assert answer.headers["x-request-id"]
    assert answer.status not in _NEVER, answer
    if answer.status != 200:
        _check_problem(answer)
    elif how & 1:
        _check_batch(answer)
    else:
        _check_photo(answer)


def _pieces(body: bytes, how: int) -> list[bytes]:
    size = (len(body) + 1, 1_000, 100, 7)[how % 4]
    return [body[start : start + size] for start in range(0, len(body), size)] or [b""]


def _check_problem(answer: Answer) -> None:
    assert answer.headers["content-type"] == MEDIA_TYPE, answer
    problem = _PROBLEM.validate_json(answer.body)
    assert problem.status == answer.status


def _check_batch(answer: Answer) -> None:
    for item in _BATCH.validate_json(answer.body).items:
        assert item.status not in _NEVER, item
        given = (item.result, item.content, item.problem)
        assert sum(part is not None for part in given) == 1, item
        assert (item.status == 200) == (item.problem is None), item


def _check_photo(answer: Answer) -> None:
    kind = answer.headers["content-type"]
    if kind == "application/json":
        photo = _PHOTO.validate_json(answer.body)
        for person in photo.persons:
            left, top, right, bottom = person.box
            assert 0 <= left < right <= photo.width, person
            assert 0 <= top < bottom <= photo.height, person
    elif kind == "image/png":
        with Image.open(io.BytesIO(answer.body)) as picture:
            picture.load()
    else:
        assert answer.body.startswith(b"PK"), answer


def _part(name: bytes, value: bytes, more: bytes = b"") -> bytes:
    head = b'Content-Disposition: form-data; name="' + name + b'"' + more
    return b"--" + _BOUNDARY + b"\r\n" + head + b"\r\n\r\n" + value + b"\r\n"


def _form(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--" + _BOUNDARY + b"--\r\n"


def _input(
    body: bytes, how: int = 0, query: bytes = b"", kind: bytes = b"", timeout: bytes = b""
) -> bytes:
    return bytes([how]) + b"\n".join((query, kind, timeout, body))


def _seeds() -> list[bytes]:
    image = _part(b"image", smallest(), b'; filename="a.png"\r\nContent-Type: image/png')
    fields: dict[bytes, Any] = {
        b"model": b"baseline",
        b"version": b"1",
        b"scales": b"0.5,1,1.25",
        b"flip": b"true",
        b"boxes": b"[[0,0,5,5.5],[2,1,9,12]]",
        b"label_set": b"pascal-person-part",
        b"output": b"json",
        b"alpha": b"0.3",
        b"regions": b"polygons",
        b"timeout_ms": b"9000",
    }
    query = b"&".join(name + b"=" + value for name, value in fields.items())
    parts = [_part(name, value) for name, value in fields.items()]
    outputs = (b"mask", b"color", b"overlay", b"json", b"npz")
    return [
        *(_input(smallest(), query=b"output=" + output) for output in outputs),
        *(_input(sample) for sample in samples()[:2]),
        _input(smallest(), query=query, kind=b"image/png", timeout=b"9000"),
        _input(_form(image), kind=_TYPE),
        _input(_form(*parts, image), 2, kind=_TYPE),
        _input(_form(image, *parts), 4, query=b"output=npz", kind=_TYPE),
        _input(_form(image, *parts[:3]), 6, kind=_TYPE + b'; charset="utf-8"'),
        _input(_form(image, image, _part(b"output", b"json")), 1, kind=_TYPE),
        _input(_form(image, _part(b"image", b"no", b"; filename*=UTF-8''%41")), 3, kind=_TYPE),
        _input(_form(_part(b"image", b"text")), kind=_TYPE),
        _input(b"", kind=b"multipart/form-data"),
        _input(b"\x89PNG", query=b"boxes=%5B%5B0,0,1,1%5D%5D&regions=rle&output=json"),
    ]


TARGET = Target(
    name="forms",
    title="query, form and body of `/v1/parse` and `/v1/parse/batch`, as the service answers them",
    check=check,
    seeds=_seeds,
    words=(
        *(b"multipart/form-data; boundary=", b"; charset=", b"; filename=", b"filename*=UTF-8''"),
        *(b"Content-Disposition: form-data; name=", b"Content-Type: ", b"--limn\r\n", b"--limn--"),
        *(b"\r\n\r\n", b"Content-Transfer-Encoding: base64\r\n", b"_charset_", b"image", b"model"),
        *(b"utf-7", b"utf-16", b"idna", b"punycode", b"undefined", b"unicode_escape", b"rot13"),
        *(b"model=", b"version=", b"scales=", b"flip=", b"boxes=", b"label_set=", b"output="),
        *(b"alpha=", b"regions=", b"timeout_ms=", b"mask", b"color", b"overlay", b"json", b"npz"),
        *(b"lip", b"atr", b"pascal-person-part", b"ppss", b"rle", b"polygons", b"none", b"true"),
        *(b"nan", b"inf", b"-0", b"1e308", b"9" * 20, b"%00", b"%ff", b"+", b"[[", b"]]", b"null"),
        *(b"\xed\xa0\x80", b"+2AA-", b"\\ud800", b"%ED%A0%80", b"\xe2\x80\xa8", b"\xd9\xa1"),
    ),
    max_bytes=4_096,
)
