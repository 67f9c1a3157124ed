"""The body of a parse request: an image as it is, or a form with images and parameters."""

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import Request
from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from limn.errors import EmptyImage, InvalidParameter
from service.errors import MalformedBody

IMAGE_FIELD = "image"
_MAX_FIELDS = 32
_MAX_FIELD_BYTES = 64 * 1024

_CHARSETS = frozenset((b"utf-8", b"utf8", b"us-ascii", b"ascii", b"iso-8859-1", b"latin-1"))
"""What a form may say that its texts are in.

Python knows a hundred more by name. Some of them fail in ways of their own, some make half a
character that no answer can hold, and some take a time that grows with the square of the text.
"""


@dataclass(frozen=True)
class Upload:
    """One image of a request, with the file name that a form gave it."""

    data: bytes
    name: str | None = None


@dataclass(frozen=True)
class Body:
    """Images of a request, and the other fields of its form."""

    images: tuple[Upload, ...]
    fields: Mapping[str, str]


class _Parser(MultiPartParser):
    """Keeps files in memory, which the limits on bodies bound; a disk knows no such limit.

    Attributes:
        is_whole: the boundary that closes the form has come.
    """

    spool_max_size = 0
    is_whole = False

    def on_end(self) -> None:
        self.is_whole = True


async def read_body(request: Request, max_images: int) -> Body:
    """Read the body; only a multipart content type is believed, else the bytes are the image.

    Raises:
        EmptyImage: the body is empty.
        BodyTooLarge, BodyTimeout: from the middleware that counts and times it.
        MalformedBody: it is no multipart form though it says so.
        InvalidParameter: the form has no image, or a field is not what it should be.
    """
    content_type = request.headers.get("content-type", "")
    if content_type.strip().lower().startswith("multipart/form-data"):
        return await _read_form(request, max_images)
    data = await request.body()
    if not data:
        raise EmptyImage("the request has no body: send the bytes of an image")
    return Body((Upload(data),), {})


async def _read_form(request: Request, max_images: int) -> Body:
    _require_charset(request.headers["content-type"])
    parser = _Parser(
        request.headers,
        request.stream(),
        max_files=max_images,
        max_fields=_MAX_FIELDS,
        max_part_size=_MAX_FIELD_BYTES,
    )
    try:
        form = await parser.parse()
    except MultiPartException as exc:
        raise MalformedBody(exc.message) from exc
    try:
        if not parser.is_whole:
            # What came so far may be another question than the one that was asked.
            raise MalformedBody("the form is cut off: no boundary closes it")
        return await _contents(form)
    finally:
        await form.close()


def _require_charset(content_type: str) -> None:
    _, options = parse_options_header(content_type)
    charset = options.get(b"charset", b"utf-8").lower()
    if charset not in _CHARSETS:
        named = charset[:20].decode("latin-1")
        raise MalformedBody(f"a form in {named!r} is not read; send it in utf-8")


async def _contents(form: FormData) -> Body:
    images, fields = [], {}
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            if name != IMAGE_FIELD:
                raise InvalidParameter(name, f"files belong into {IMAGE_FIELD!r}")
            images.append(Upload(await value.read(), value.filename))
        elif name == IMAGE_FIELD:
            raise InvalidParameter(name, "send it as a file, with a file name")
        else:
            fields[name] = value
    if not images:
        raise InvalidParameter(IMAGE_FIELD, "the form has no file of this name")
    return Body(tuple(images), fields)
