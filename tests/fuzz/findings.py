"""Inputs that were once taken wrongly; `make test` replays them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """An input of a target, and in words what came of it before it was fixed."""

    target: str
    what: str
    data: bytes


def _form_in(charset: bytes) -> bytes:
    """A batch of one file, whose name is half a character in some charsets."""
    kind = b"multipart/form-data; boundary=b; charset=" + charset
    part = b'Content-Disposition: form-data; name="image"; filename="+2AA-"\r\n\r\nx\r\n'
    return b"\x01\n" + kind + b"\n\n--b\r\n" + part + b"--b--\r\n"


FINDINGS = (
    Finding("forms", "a form in charset `undefined` was answered by 500", _form_in(b"undefined")),
    Finding(
        "forms",
        "the name of a file in UTF-7 could be half a character: a batch answered what is no JSON",
        _form_in(b"utf-7"),
    ),
)
