"""Whatever a client sends wrong is answered with its reason, and the next request is served."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from service.settings import Settings
from tests.fixtures import pictures


@pytest.fixture(autouse=True)
def next_request_is_served(client: TestClient) -> Iterator[None]:
    yield
    assert client.post("/v1/parse", content=pictures.jpeg()).status_code == 200


def check(response: Any, status: int, slug: str) -> dict[str, Any]:
    """The problem document of a refusal, its invariants checked."""
    assert response.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = response.json()
    assert (response.status_code, document["type"]) == (status, f"urn:limn:problem:{slug}")
    assert document["status"] == status
    assert document["request_id"] == response.headers["x-request-id"]
    assert document["title"]
    return document


@pytest.mark.parametrize(
    ("body", "status", "slug"),
    [
        pytest.param(b"", 400, "empty-image", id="empty"),
        pytest.param(b"hello", 415, "unsupported-image", id="text"),
        pytest.param(b"GIF89a\1\0\1\0", 415, "unsupported-image", id="gif"),
        pytest.param(b'{"image": "x"}', 415, "unsupported-image", id="json"),
        pytest.param(pictures.jpeg()[:5_000], 422, "corrupt-image", id="cut-jpeg"),
        pytest.param(pictures.png()[:5_000], 422, "corrupt-image", id="cut-png"),
        pytest.param(pictures.png_header(4, 4), 422, "corrupt-image", id="header-alone"),
        pytest.param(pictures.png_header(60_000, 60_000), 413, "image-too-large", id="bomb-png"),
        pytest.param(pictures.jpeg_header(60_000, 60_000), 413, "image-too-large", id="bomb-jpeg"),
        pytest.param(pictures.webp_header(16_000, 9_000), 413, "image-too-large", id="bomb-webp"),
        pytest.param(pictures.png_header(900, 40), 422, "unsuitable-image", id="long"),
        pytest.param(b"http://127.0.0.1/a.jpg", 415, "unsupported-image", id="address"),
        pytest.param(bytes(300_001), 413, "body-too-large", id="long-body"),
    ],
)
def test_bad_body_is_refused(client: TestClient, body: bytes, status: int, slug: str) -> None:
    check(client.post("/v1/parse", content=body), status, slug)
    if body and len(body) < 290_000:
        form = {"image": ("photo.jpg", body)}
        check(client.post("/v1/parse", files=form), status, slug)


def test_body_without_announced_length_is_counted(client: TestClient) -> None:
    sent = 0

    def chunks() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(100):
            sent += 10_000
            yield bytes(10_000)

    check(client.post("/v1/parse", content=chunks()), 413, "body-too-large")


def test_body_longer_than_announced_is_counted(client: TestClient) -> None:
    headers = {"content-length": "10"}

    response = client.post("/v1/parse", content=bytes(400_000), headers=headers)

    check(response, 413, "body-too-large")


def test_form_is_counted_before_it_is_read(client: TestClient) -> None:
    form = {"image": ("photo.jpg", bytes(400_000))}

    check(client.post("/v1/parse", files=form), 413, "body-too-large")


@pytest.mark.parametrize(
    ("query", "status", "slug", "field"),
    [
        ({"model": "nope"}, 404, "unknown-model", None),
        ({"version": "9"}, 404, "unknown-model", None),
        ({"label_set": "cihp"}, 404, "unknown-label-set", None),
        ({"version": "one"}, 422, "invalid-parameter", "version"),
        ({"boxes": "[[1,2,3]]"}, 422, "invalid-parameter", "boxes"),
        ({"boxes": "nope"}, 422, "invalid-parameter", "boxes"),
        ({"boxes": "[[500,0,600,9]]"}, 422, "invalid-parameter", "boxes"),
        ({"boxes": str([[0, 0, 9, 9]] * 4)}, 422, "invalid-parameter", "boxes"),
        ({"boxes": "[" * 15_000}, 422, "invalid-parameter", "boxes"),
        ({"scales": "9"}, 422, "invalid-parameter", "scales"),
        ({"scales": "1,x"}, 422, "invalid-parameter", "scales"),
        ({"alpha": "2"}, 422, "invalid-parameter", "alpha"),
        ({"flip": "perhaps"}, 422, "invalid-parameter", "flip"),
        ({"output": "gif"}, 422, "invalid-parameter", "output"),
        ({"regions": "svg"}, 422, "invalid-parameter", "regions"),
        ({"colour": "red"}, 422, "invalid-parameter", "colour"),
    ],
)
def test_bad_parameter_is_named(
    client: TestClient, query: dict[str, str], status: int, slug: str, field: str | None
) -> None:
    by_query = client.post("/v1/parse", content=pictures.jpeg(), params=query)
    by_form = client.post("/v1/parse", files={"image": ("a", pictures.jpeg())}, data=query)

    for response in (by_query, by_form):
        document = check(response, status, slug)
        if field:
            assert [error["field"] for error in document["errors"]] == [field]


@pytest.mark.parametrize(
    ("form", "status", "slug"),
    [
        pytest.param(
            {"files": [("image", (None, "text"))]}, 422, "invalid-parameter", id="text-for-image"
        ),
        pytest.param(
            {"files": {"photo": ("a.jpg", b"x")}}, 422, "invalid-parameter", id="other-name"
        ),
        pytest.param(
            {"files": [("image", ("a", b"x")), ("image", ("b", b"y"))]},
            400,
            "malformed-body",
            id="two-images",
        ),
        pytest.param(
            {"content": b"x", "headers": {"content-type": "multipart/form-data"}},
            400,
            "malformed-body",
            id="no-boundary",
        ),
        pytest.param(
            {
                "content": b"--b\r\nno header\r\n\r\nx\r\n--b--\r\n",
                "headers": {"content-type": "multipart/form-data; boundary=b"},
            },
            400,
            "malformed-body",
            id="broken-form",
        ),
    ],
)
def test_bad_form_is_refused(
    client: TestClient, form: dict[str, Any], status: int, slug: str
) -> None:
    check(client.post("/v1/parse", **form), status, slug)


def test_other_routes_answer_problems_too(client: TestClient) -> None:
    check(client.get("/nope"), 404, "not-found")
    check(client.get("/v1/parse"), 405, "method-not-allowed")
    check(client.get("/v1/models/nope"), 404, "unknown-model")
    check(client.get("/v1/label-sets/nope"), 404, "unknown-label-set")


def test_unexpected_failure_says_nothing_of_itself(
    repository: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a secret path")

    app = create_app(Settings(model_repository=repository, sessions=1, grpc_port=0))
    with TestClient(app, raise_server_exceptions=False) as client:
        monkeypatch.setattr(app.state.serving.current.pipeline, "_prepare", fail)
        response = client.post("/v1/parse", content=pictures.jpeg())

    check(response, 500, "internal")
    assert "secret" not in response.text
    assert "a secret path" in caplog.text
