"""Forms that are not what they say: boundaries, parts, charsets, sizes."""

from typing import Any

import pytest

from tests.fixtures import pictures
from tests.integration.faults.asking import Service, check

IMAGE = b'form-data; name="image"; filename="a.jpg"'
MULTIPART = "multipart/form-data; boundary="
Form = tuple[str, bytes]
"""Content type and body."""


def part(data: bytes, disposition: bytes = IMAGE, *headers: bytes) -> bytes:
    lines = (b"Content-Disposition: " + disposition, *headers)
    return b"--b\r\n" + b"\r\n".join(lines) + b"\r\n\r\n" + data + b"\r\n"


def field(name: bytes, value: bytes) -> bytes:
    return part(value, b'form-data; name="' + name + b'"')


PHOTO = part(pictures.jpeg())
END = b"--b--\r\n"
GOOD = PHOTO + END


@pytest.mark.parametrize(
    ("form", "status", "slug"),
    [
        pytest.param(("multipart/form-data", b"x"), 400, "malformed-body", id="no-boundary"),
        pytest.param((MULTIPART, GOOD), 400, "malformed-body", id="empty-boundary"),
        pytest.param((MULTIPART + "c", GOOD), 400, "malformed-body", id="other-boundary"),
        pytest.param((MULTIPART + "b; boundary=c", GOOD), 400, "malformed-body", id="two"),
        pytest.param((MULTIPART + '"b', GOOD), 400, "malformed-body", id="open-quote"),
        pytest.param((MULTIPART + "b" * 5_000, GOOD), 400, "malformed-body", id="long-boundary"),
        pytest.param((MULTIPART + "\xff", GOOD), 400, "malformed-body", id="no-ascii"),
        pytest.param((MULTIPART + "b", b"hello\r\n" + GOOD), 400, "malformed-body", id="before"),
        pytest.param(
            (MULTIPART + "b", GOOD.replace(b"\r\n", b"\n")), 400, "malformed-body", id="lines"
        ),
        pytest.param((MULTIPART + "b", PHOTO), 400, "malformed-body", id="never-closed"),
        pytest.param((MULTIPART + "b", PHOTO[:4_000]), 400, "malformed-body", id="cut-in-photo"),
        pytest.param(
            (MULTIPART + "b", PHOTO + field(b"scales", b"0.8")[:-4]),
            400,
            "malformed-body",
            id="cut-in-a-parameter-that-would-change-the-answer",
        ),
        pytest.param((MULTIPART + "b", END), 422, "invalid-parameter", id="no-part"),
        pytest.param((MULTIPART + "b", b""), 400, "malformed-body", id="no-bytes"),
        pytest.param(
            (MULTIPART + "b", b"--b\r\nno header\r\n\r\nx\r\n--b--\r\n"),
            400,
            "malformed-body",
            id="header-without-colon",
        ),
        pytest.param(
            (MULTIPART + "b", b"--b\r\nX: y\r\n\r\nx\r\n--b--\r\n"),
            400,
            "malformed-body",
            id="no-disposition",
        ),
        pytest.param(
            (MULTIPART + "b", part(b"x", b'form-data; filename="a"') + END),
            400,
            "malformed-body",
            id="no-name",
        ),
        pytest.param(
            (MULTIPART + "b", part(b"x", IMAGE, *[b"X: y"] * 20_000) + END),
            400,
            "malformed-body",
            id="headers-without-end",
        ),
        pytest.param(
            (MULTIPART + "b", part(b"x", IMAGE, b"X: " + b"y" * 200_000) + END),
            400,
            "malformed-body",
            id="header-without-end",
        ),
        pytest.param(
            (MULTIPART + "b", b"".join(field(b"f%d" % i, b"1") for i in range(40)) + GOOD),
            400,
            "malformed-body",
            id="forty-fields",
        ),
        pytest.param(
            (MULTIPART + "b", field(b"scales", b"1" * 100_000) + GOOD),
            400,
            "malformed-body",
            id="field-without-end",
        ),
        pytest.param((MULTIPART + "b", PHOTO + GOOD), 400, "malformed-body", id="two-photos"),
        pytest.param((MULTIPART + "b", part(b"") + END), 400, "empty-image", id="empty-file"),
        pytest.param(
            (MULTIPART + "b", field(b"image", b"text") + END),
            422,
            "invalid-parameter",
            id="text-for-a-photo",
        ),
        pytest.param(
            (MULTIPART + "b", part(b"x", b"form-data; name=image; filename*=UTF-8''a%00") + END),
            422,
            "invalid-parameter",
            id="extended-filename-alone",
        ),
        pytest.param(
            (MULTIPART + "b", part(b"x", b'form-data; name="photo"; filename="a"') + END),
            422,
            "invalid-parameter",
            id="other-name",
        ),
        pytest.param(
            (MULTIPART + "b", part(b"x", b'form-data; name="im\0age"; filename="a"') + END),
            422,
            "invalid-parameter",
            id="name-with-nul",
        ),
        pytest.param(
            (MULTIPART + "b", field(b"colour\xff", b"red") + GOOD),
            422,
            "invalid-parameter",
            id="name-that-is-no-utf8",
        ),
        pytest.param(
            (MULTIPART + "b", field(b"scales", b"1") + field(b"scales", b"nine") + GOOD),
            422,
            "invalid-parameter",
            id="last-of-one-name-counts",
        ),
        pytest.param(
            (MULTIPART + "b", field(b"model", b"\xff\xfe") + GOOD),
            404,
            "unknown-model",
            id="value-that-is-no-utf8",
        ),
        pytest.param(
            ("multipart/mixed; boundary=b", GOOD), 415, "unsupported-image", id="other-multipart"
        ),
        pytest.param(
            ("application/x-www-form-urlencoded", b"image=%89PNG"),
            415,
            "unsupported-image",
            id="urlencoded",
        ),
        *(
            pytest.param(
                (f"multipart/form-data; charset={charset}; boundary=b", GOOD),
                400,
                "malformed-body",
                id=f"charset-{charset}",
            )
            for charset in ("undefined", "punycode", "idna", "unicode_escape", "zip", "utf-16")
        ),
    ],
)
def test_bad_form_is_refused(service: Service, form: Form, status: int, slug: str) -> None:
    content_type, body = form

    answer = service.post(content=body, headers={"content-type": content_type.encode("latin-1")})

    check(answer, status, slug)


@pytest.mark.parametrize(
    "form",
    [
        pytest.param((MULTIPART + '"b"', GOOD), id="quoted-boundary"),
        pytest.param((MULTIPART + "b", b"\r\n" * 20_000 + GOOD), id="empty-lines-before"),
        pytest.param((MULTIPART + "b", GOOD + b"x" * 5_000), id="something-after-the-end"),
        pytest.param(
            ("multipart/form-data; " + "a=b; " * 10_000 + "boundary=b", GOOD),
            id="ten-thousand-options",
        ),
        pytest.param(
            (MULTIPART + "b", part(pictures.jpeg(), b"attachment" + IMAGE[9:]) + END),
            id="other-disposition",
        ),
        pytest.param(
            (
                MULTIPART + "b",
                part(pictures.jpeg(), IMAGE, b"Content-Transfer-Encoding: base64") + END,
            ),
            id="transfer-encoding-is-not-believed",
        ),
    ],
)
def test_odd_form_is_answered_like_any_other(service: Service, form: Form) -> None:
    content_type, body = form

    answer = service.post(content=body, headers={"content-type": content_type})

    assert answer.content == service.expected


def test_file_names_are_text_and_nothing_else(service: Service) -> None:
    names = ["../../etc/passwd", "a\\b\0", '"><script>', "a" * 5_000]
    forms: list[Any] = [("image", (name, pictures.jpeg())) for name in names[:3]]

    items = service.post("/v1/parse/batch", files=forms).json()["items"]

    assert [item["status"] for item in items] == [200] * 3
    assert items[0]["name"] == names[0]


def test_too_many_photos_are_refused(service: Service) -> None:
    forms = [("image", ("a", pictures.jpeg()))] * 4

    check(service.post("/v1/parse/batch", files=forms), 400, "malformed-body")
