"""The body of a parse request: an image as it is, or a form with images and parameters."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from anyio import fail_after
from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from limn.errors import EmptyImage, InvalidParameter
from service.errors import BodyTimeout, MalformedBody

IMAGE_FIELD = "image"
_MAX_FIELDS = 32
_MAX_FIELD_BYTES = 64 * 1024


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


async def read_body(request: Request, max_images: int, timeout_s: float) -> Body:
    """Read the body; only a multipart content type is believed, else the bytes are the image.

    Raises:
        EmptyImage: the body is empty.
        BodyTooLarge: from the middleware that counts it.
        BodyTimeout: it did not arrive in time.
        MalformedBody: it is no multipart form though it says so.
        InvalidParameter: the form has no image, or a field is not what it should be.
    """
    content_type = request.headers.get("content-type", "")
    with arriving_within(timeout_s):
        if content_type.strip().lower().startswith("multipart/form-data"):
            return await _read_form(request, max_images)
        data = await request.body()
    if not data:
        raise EmptyImage("the request has no body: send the bytes of a JPEG, PNG or WebP")
    return Body((Upload(data),), {})


@contextmanager
def arriving_within(timeout_s: float) -> Iterator[None]:
    """Bound the time that a body takes to arrive; BodyTimeout after that."""
    try:
        with fail_after(timeout_s):
            yield
    except TimeoutError as exc:
        raise BodyTimeout(f"the body did not arrive within {timeout_s:g} s") from exc


async def _read_form(request: Request, max_images: int) -> Body:
    images, fields = [], {}
    try:
        async with request.form(
            max_files=max_images, max_fields=_MAX_FIELDS, max_part_size=_MAX_FIELD_BYTES
        ) as form:
            for name, value in form.multi_items():
                if isinstance(value, UploadFile):
                    if name != IMAGE_FIELD:
                        raise InvalidParameter(name, f"files belong into {IMAGE_FIELD!r}")
                    images.append(Upload(await value.read(), value.filename))
                elif name == IMAGE_FIELD:
                    raise InvalidParameter(name, "send it as a file, with a file name")
                else:
                    fields[name] = value
    except HTTPException as exc:
        raise MalformedBody(str(exc.detail)) from exc
    if not images:
        raise InvalidParameter(IMAGE_FIELD, "the form has no file of this name")
    return Body(tuple(images), fields)
