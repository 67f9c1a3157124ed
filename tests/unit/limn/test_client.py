"""What the client does with answers of all kinds, over a transport that plays the service."""

import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from numpy.typing import NDArray

from limn.client import Client, Refused, Retries, UnexpectedAnswer, Unreachable
from limn.client.options import query
from limn.client.photos import encoded
from limn.encode import npz, palette_png, rgb_png
from limn.image import ImageLimits, decode
from limn.labels import LIP
from limn.wire import ParsedPhoto

Handler = Callable[[httpx2.Request], httpx2.Response]

LABELS = np.arange(20, dtype=np.uint8).reshape(4, 5)
MASK = palette_png(LABELS, LIP.palette)


def client(handler: Handler, key: str | None = None, attempts: int = 3) -> Client:
    retries = Retries(attempts=attempts, first_wait_s=0.001)
    return Client(key=key, retries=retries, transport=httpx2.MockTransport(handler))


def answering(*responses: httpx2.Response | Exception) -> tuple[Handler, list[httpx2.Request]]:
    """These in turn, and the requests that got them."""
    left: Iterator[httpx2.Response | Exception] = iter(responses)
    seen: list[httpx2.Request] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        response = next(left)
        if isinstance(response, Exception):
            raise response
        return response

    return handler, seen


def problem(status: int, slug: str, headers: dict[str, str] | None = None) -> httpx2.Response:
    document = {"type": f"urn:limn:problem:{slug}", "title": "No", "status": status}
    return httpx2.Response(status, json=document, headers=headers)


def test_request_says_what_is_asked() -> None:
    handler, seen = answering(httpx2.Response(200, content=MASK))

    with client(handler, key="secret") as limn:
        labels = limn.mask(
            b"photo", model="ssl", scales=[0.8, 1, 1.25], flip=True, boxes=[[1, 2.5, 3, 4]]
        )

    (request,) = seen
    assert (request.method, request.url.path, request.content) == ("POST", "/v1/parse", b"photo")
    assert dict(request.url.params) == {
        "output": "mask",
        "model": "ssl",
        "scales": "0.8,1,1.25",
        "flip": "true",
        "boxes": "[[1, 2.5, 3, 4]]",
    }
    assert request.headers["authorization"] == "Bearer secret"
    assert np.array_equal(labels, LABELS)


def test_answer_tells_the_request_and_its_stages() -> None:
    headers = {
        "content-type": "image/png",
        "x-request-id": "r1",
        "server-timing": "decode;dur=1.5, network;dur=47.25, total",
    }
    handler, _ = answering(httpx2.Response(200, content=MASK, headers=headers))

    answer = client(handler).ask(b"photo")

    assert (answer.media_type, answer.request_id) == ("image/png", "r1")
    assert answer.stages_ms == {"decode": 1.5, "network": 47.25}
    assert answer.boxes is None


@pytest.mark.parametrize(
    ("header", "boxes"),
    [("[]", ()), ("[[1, 2, 30, 40], [5, 0, 9, 8]]", ((1, 2, 30, 40), (5, 0, 9, 8)))],
)
def test_boxes_of_found_persons_come_in_a_header(
    header: str, boxes: tuple[tuple[int, int, int, int], ...]
) -> None:
    handler, _ = answering(httpx2.Response(200, content=MASK, headers={"x-person-boxes": header}))

    assert client(handler).ask(b"photo", boxes="auto").boxes == boxes


@pytest.mark.parametrize("header", ["", "[[1, 2, 3]]", "[1, 2, 3, 4]", "[[1, 2, 3, 4.5]]", "no"])
def test_header_without_boxes_is_no_answer(header: str) -> None:
    handler, _ = answering(httpx2.Response(200, content=MASK, headers={"x-person-boxes": header}))

    with pytest.raises(UnexpectedAnswer, match="X-Person-Boxes"):
        client(handler).ask(b"photo", boxes="auto")


def test_pictures_and_arrays_are_decoded() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (3, 2, 3)).astype(np.uint8)
    arrays: dict[str, NDArray[np.generic]] = {
        "labels": LABELS,
        "scores": np.ones((1, 2, 3, 4), np.float16),
    }
    handler, _ = answering(
        httpx2.Response(200, content=rgb_png(picture)), httpx2.Response(200, content=npz(arrays))
    )

    limn = client(handler)

    assert np.array_equal(limn.color(b"photo"), picture)
    found = limn.scores(b"photo")
    assert np.array_equal(found["labels"], LABELS)
    assert (found["scores"].shape, found["scores"].dtype) == ((1, 2, 3, 4), np.dtype(np.float16))


def test_newer_service_may_say_more() -> None:
    document = {
        "model": "mman",
        "version": 1,
        "label_set": "lip",
        "width": 2,
        "height": 3,
        "persons": [],
        "mood": "good",
    }
    handler, _ = answering(httpx2.Response(200, json=document))

    assert client(handler).persons(b"photo") == ParsedPhoto(
        model="mman", version=1, label_set="lip", width=2, height=3, persons=[]
    )


def test_refusal_tells_why() -> None:
    document = {
        "type": "urn:limn:problem:invalid-parameter",
        "title": "A parameter is not acceptable",
        "status": 422,
        "detail": "boxes: too many",
        "errors": [{"field": "boxes", "detail": "too many"}],
    }
    response = httpx2.Response(422, json=document, headers={"x-request-id": "r7"})
    handler, seen = answering(response)

    with pytest.raises(Refused, match=r"422 invalid-parameter: .*boxes: too many.*r7") as caught:
        client(handler).mask(b"photo")

    assert (caught.value.slug, caught.value.fields) == ("invalid-parameter", {"boxes": "too many"})
    assert len(seen) == 1


@pytest.mark.parametrize(
    "passing",
    [
        pytest.param(problem(429, "overloaded", {"retry-after": "0"}), id="overload"),
        pytest.param(problem(503, "engine-unavailable"), id="engine-away"),
        pytest.param(httpx2.ConnectError("refused"), id="no-connection"),
        pytest.param(httpx2.ReadTimeout(""), id="silence"),
        pytest.param(httpx2.RemoteProtocolError("cut"), id="cut-off"),
    ],
)
def test_what_passes_is_asked_again(passing: httpx2.Response | Exception) -> None:
    handler, seen = answering(passing, passing, httpx2.Response(200, content=MASK))

    assert client(handler).mask(b"photo").shape == (4, 5)
    assert len(seen) == 3


def test_patience_ends() -> None:
    handler, seen = answering(*[problem(429, "overloaded", {"retry-after": "0"})] * 3)

    with pytest.raises(Refused, match="overloaded"):
        client(handler).mask(b"photo")
    assert len(seen) == 3


def test_nothing_there_is_named() -> None:
    handler, _ = answering(httpx2.ConnectError("All connection attempts failed"))

    with pytest.raises(Unreachable, match=r"http://127\.0\.0\.1:8080 does not answer: All conn"):
        client(handler, attempts=1).mask(b"photo")


@pytest.mark.parametrize(
    "response",
    [
        pytest.param(httpx2.Response(404, text="<html>nginx"), id="page"),
        pytest.param(httpx2.Response(502, json=["x"]), id="json-list"),
        pytest.param(httpx2.Response(400, json={"type": "about:blank"}), id="other-problem"),
        pytest.param(httpx2.Response(200, text="hello"), id="no-picture"),
        pytest.param(
            httpx2.Response(200, content=rgb_png(np.zeros((2, 2, 3), np.uint8))), id="rgb"
        ),
        pytest.param(httpx2.Response(302, headers={"location": "/login"}), id="redirect"),
    ],
)
def test_others_are_not_mistaken_for_limn(response: httpx2.Response) -> None:
    handler, seen = answering(response)

    with pytest.raises(UnexpectedAnswer):
        client(handler).mask(b"photo")
    assert len(seen) == 1


def test_retry_after_may_be_a_date() -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    handler, _ = answering(problem(429, "rate-limited", {"retry-after": date}))

    with pytest.raises(Refused) as caught:
        client(handler).mask(b"photo")
    assert caught.value.retry_after_s == pytest.approx(100, abs=3)


def test_photo_may_be_a_path_or_pixels(tmp_path: Path) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (8, 6, 3)).astype(np.uint8)
    (tmp_path / "a.jpg").write_bytes(b"bytes")

    assert encoded(tmp_path / "a.jpg") == encoded(str(tmp_path / "a.jpg")) == b"bytes"
    assert np.array_equal(decode(encoded(pixels), ImageLimits()), pixels)


@pytest.mark.parametrize(
    "pixels",
    [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)],
    ids=["grey", "floats", "empty"],
)
def test_other_arrays_are_no_photo(pixels: NDArray[Any]) -> None:
    with pytest.raises(ValueError, match="RGB"):
        encoded(pixels)


def test_stream_gives_every_photo_its_outcome(tmp_path: Path) -> None:
    def handler(request: httpx2.Request) -> httpx2.Response:
        if request.content == b"bad":
            return problem(422, "corrupt-image")
        return httpx2.Response(200, content=MASK)

    photos: list[bytes | Path] = [b"good", b"bad", tmp_path / "missing.jpg", b"good"]

    with client(handler) as limn:
        found = sorted(limn.stream(photos, in_flight=2), key=lambda one: one.number)

    assert [one.photo for one in found] == photos
    assert [type(one.error).__name__ for one in found] == [
        "NoneType",
        "Refused",
        "FileNotFoundError",
        "NoneType",
    ]
    assert found[3].answer().labels().shape == (4, 5)
    with pytest.raises(Refused):
        found[1].answer()


def test_stream_takes_photos_as_it_goes() -> None:
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield b"photo"

    handler: Handler = lambda request: httpx2.Response(200, content=MASK)  # noqa: E731
    with client(handler) as limn:
        results = limn.stream(endless(), in_flight=3)
        for _ in range(5):
            next(results)
        results.close()

    assert 5 <= taken <= 8


def test_query_is_what_the_service_reads() -> None:
    assert query("json", {"regions": "rle", "alpha": 0.5, "timeout_ms": 900}) == {
        "output": "json",
        "regions": "rle",
        "alpha": "0.5",
        "timeout_ms": "900",
    }


def test_key_is_not_shown() -> None:
    assert "secret" not in repr(client(answering()[0], key="secret"))


def test_certificates_are_checked_unless_told_otherwise() -> None:
    context = ssl.create_default_context()

    limn = Client("https://127.0.0.1:1", tls=context, retries=Retries(attempts=1))
    with limn, pytest.raises(Unreachable):
        limn.models()
