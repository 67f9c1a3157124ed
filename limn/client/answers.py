"""What the service answers, checked and decoded."""

import io
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from time import time
from typing import Any, TypeVar

import httpx2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import BaseModel, TypeAdapter, ValidationError

from limn.client.errors import Refused, UnexpectedAnswer
from limn.wire import BOXES_HEADER, PixelBox

_PROBLEM_PREFIX = "urn:limn:problem:"
_BOXES = TypeAdapter(tuple[PixelBox, ...])

Document = TypeVar("Document", bound=BaseModel)


@dataclass(frozen=True)
class Answer:
    """One answer, as it came.

    Attributes:
        content: a PNG, JSON or npz file.
        media_type: which of them.
        request_id: to look for in the service's log.
        stages_ms: milliseconds of the service's work, by stage.
        boxes: (x1, y1, x2, y2) in pixels of each person that was found, in the order of JSON's
            persons; None unless they were to be found, by `boxes=auto`.
    """

    content: bytes = field(repr=False)
    media_type: str
    request_id: str | None
    stages_ms: dict[str, float]
    boxes: tuple[PixelBox, ...] | None

    def labels(self) -> NDArray[np.uint8]:
        """uint8[H, W] of class indices, of `mask`."""
        return self._pixels("P")

    def picture(self) -> NDArray[np.uint8]:
        """uint8[H, W, 3] RGB, of `color` and `overlay`."""
        return self._pixels("RGB")

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Arrays by name, of `npz`."""
        try:
            with np.load(io.BytesIO(self.content), allow_pickle=False) as archive:
                return {name: archive[name] for name in archive.files}
        except (ValueError, OSError) as exc:
            raise UnexpectedAnswer(f"{self.media_type} is no npz file") from exc

    def document(self, kind: type[Document]) -> Document:
        """JSON as one of the documents of `limn.wire`; what a newer service adds is left out."""
        try:
            return kind.model_validate_json(self.content, extra="ignore")
        except ValidationError as exc:
            raise UnexpectedAnswer(f"the answer is no {kind.__name__}: {exc}") from exc

    def _pixels(self, mode: str) -> NDArray[np.uint8]:
        try:
            with Image.open(io.BytesIO(self.content), formats=("PNG",)) as picture:
                if picture.mode != mode:
                    raise UnexpectedAnswer(
                        f"a PNG of mode {mode} was asked for, not {picture.mode}"
                    )
                return np.array(picture, dtype=np.uint8)
        except OSError as exc:
            raise UnexpectedAnswer(f"{self.media_type} is no PNG") from exc


def answer_of(response: httpx2.Response) -> Answer:
    """The answer, read to its end.

    Raises:
        Refused: the service says no.
        UnexpectedAnswer: what answered is no Limn.
    """
    headers = response.headers
    if response.status_code != httpx2.codes.OK:
        raise _refusal(response)
    return Answer(
        response.content,
        headers.get("content-type", "").partition(";")[0],
        headers.get("x-request-id"),
        _stages_ms(headers.get("server-timing", "")),
        _boxes(headers.get(BOXES_HEADER)),
    )


def retry_after_s(headers: httpx2.Headers) -> float | None:
    """Seconds that `Retry-After` asks to wait, from a number or a date (RFC 9110, 10.2.3)."""
    text = headers.get("retry-after")
    if text is None:
        return None
    if text.isdecimal():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time())
    except ValueError:
        return None


def _refusal(response: httpx2.Response) -> Refused | UnexpectedAnswer:
    status = response.status_code
    try:
        document = response.json()
        kind = str(document["type"])
        fields = {one["field"]: one["detail"] for one in document.get("errors") or ()}
        text = document.get("detail") or document["title"]
    except (ValueError, KeyError, TypeError):
        kind = text = ""
        fields = {}
    if not kind.startswith(_PROBLEM_PREFIX):
        return UnexpectedAnswer(f"{response.url.host} answered {status}, and not as Limn does")
    return Refused(
        status,
        kind.removeprefix(_PROBLEM_PREFIX),
        text,
        fields,
        response.headers.get("x-request-id"),
        retry_after_s(response.headers),
    )


def _stages_ms(header: str) -> dict[str, float]:
    """Of a `Server-Timing` such as `decode;dur=1.94, network;dur=47.1`."""
    stages = {}
    for entry in header.split(","):
        name, _, duration = entry.strip().partition(";dur=")
        try:
            stages[name] = float(duration)
        except ValueError:
            continue
    return stages


def _boxes(header: str | None) -> tuple[PixelBox, ...] | None:
    """Of an `X-Person-Boxes` such as `[[10, 20, 110, 320]]`."""
    if header is None:
        return None
    try:
        return _BOXES.validate_json(header)
    except ValidationError as exc:
        raise UnexpectedAnswer(f"{BOXES_HEADER} holds no boxes: {header}") from exc
