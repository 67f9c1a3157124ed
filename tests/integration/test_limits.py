"""A full or slow service says so at once, and recovers."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from service.settings import Settings
from tests.fixtures import pictures


@contextmanager
def held_back(
    repository: Path, monkeypatch: pytest.MonkeyPatch, **settings: object
) -> Iterator[tuple[TestClient, threading.Event, threading.Event]]:
    """An app whose decoding waits: (client, decoding has begun, let it go on)."""
    begun, go_on = threading.Event(), threading.Event()
    values = {"model_repository": repository, "sessions": 1, "grpc_port": 0} | settings
    app = create_app(Settings.model_validate(values))
    with TestClient(app) as client:
        prepare = app.state.pipeline._prepare

        def wait(*arguments: object) -> object:
            begun.set()
            go_on.wait(10)
            return prepare(*arguments)

        monkeypatch.setattr(app.state.pipeline, "_prepare", wait)
        try:
            yield client, begun, go_on
        finally:
            go_on.set()


def test_full_service_refuses_the_next_request(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    statuses = []
    with held_back(repository, monkeypatch, max_in_flight=1) as (client, begun, go_on):
        first = threading.Thread(
            target=lambda: statuses.append(
                client.post("/v1/parse", content=pictures.jpeg()).status_code
            )
        )
        first.start()
        begun.wait(10)

        refused = client.post("/v1/parse", content=pictures.jpeg())
        health = client.get("/readyz")
        go_on.set()
        first.join()
        after = client.post("/v1/parse", content=pictures.jpeg())

    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "1"
    assert refused.json()["type"] == "urn:limn:problem:overloaded"
    assert health.status_code == 200
    assert statuses == [200]
    assert after.status_code == 200


def test_late_answer_is_a_timeout(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with held_back(repository, monkeypatch, request_timeout_s=0.05) as (client, begun, go_on):
        threading.Timer(0.3, go_on.set).start()

        response = client.post("/v1/parse", content=pictures.jpeg())

    assert begun.is_set()
    assert response.status_code == 504
    assert response.json()["type"] == "urn:limn:problem:timeout"


def test_closed_engine_is_not_ready(repository: Path) -> None:
    app = create_app(Settings(model_repository=repository, sessions=1, grpc_port=0))
    with TestClient(app) as client:
        assert client.get("/readyz").status_code == 200
        assert client.portal is not None
        client.portal.call(app.state.pipeline.close)

        health = client.get("/readyz")
        answer = client.post("/v1/parse", content=pictures.jpeg())

    assert health.status_code == 503
    assert answer.status_code == 503
    assert answer.json()["type"] == "urn:limn:problem:engine-unavailable"
