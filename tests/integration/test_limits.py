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
        prepare = app.state.serving.current.pipeline._prepare

        def wait(*arguments: object) -> object:
            begun.set()
            go_on.wait(10)
            return prepare(*arguments)

        monkeypatch.setattr(app.state.serving.current.pipeline, "_prepare", wait)
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


def test_request_that_costs_too_much_is_told_what_it_costs(repository: Path) -> None:
    settings = Settings(model_repository=repository, sessions=1, grpc_port=0, max_cost=8)
    boxes = "[[0,0,90,90],[90,0,180,90],[0,90,90,180]]"
    with TestClient(create_app(settings)) as client:
        one = client.post("/v1/parse", content=pictures.jpeg())
        three = client.post(f"/v1/parse?boxes={boxes}", content=pictures.jpeg())
        three_once = client.post(f"/v1/parse?boxes={boxes}&scales=1", content=pictures.jpeg())

    assert one.status_code == three_once.status_code == 200
    assert three.status_code == 422
    assert three.json()["type"] == "urn:limn:problem:too-costly"
    assert three.json()["detail"].startswith("this costs 9 units, and the limit is 8;")


@pytest.mark.parametrize("announced", [True, False], ids=["announced", "chunked"])
def test_bodies_in_flight_are_bounded_together(
    repository: Path, monkeypatch: pytest.MonkeyPatch, announced: bool
) -> None:
    size = len(pictures.jpeg())
    body: bytes | Iterator[bytes] = pictures.jpeg() if announced else iter([pictures.jpeg()])
    statuses = []
    with held_back(repository, monkeypatch, max_body_bytes_in_flight=size + 10) as held:
        client, begun, go_on = held
        first = threading.Thread(
            target=lambda: statuses.append(
                client.post("/v1/parse", content=pictures.jpeg()).status_code
            )
        )
        first.start()
        begun.wait(10)

        refused = client.post("/v1/parse", content=body)
        go_on.set()
        first.join()

    assert refused.status_code == 429
    assert refused.json()["detail"].startswith("request bodies of")
    assert statuses == [200]


def test_one_person_is_not_kept_waiting_by_forty(repository: Path) -> None:
    boxes = [[x, y, x + 30, y + 40] for x in range(0, 160, 20) for y in range(0, 200, 40)]
    ended = []
    settings = Settings(model_repository=repository, sessions=2, grpc_port=0)
    with TestClient(create_app(settings)) as client:

        def ask(name: str, query: str) -> None:
            assert client.post(f"/v1/parse?{query}", content=pictures.jpeg()).status_code == 200
            ended.append(name)

        forty = threading.Thread(target=ask, args=("forty", f"scales=1&boxes={boxes}"))
        forty.start()
        while client.app.state.serving.current.pipeline.budget.taken < len(boxes):  # type: ignore[attr-defined]
            assert forty.is_alive()
        one = threading.Thread(target=ask, args=("one", "scales=1"))
        one.start()
        one.join()
        forty.join()

    assert len(boxes) == 40
    assert ended == ["one", "forty"]


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
        client.portal.call(app.state.serving.current.pipeline.engine.close)

        health = client.get("/readyz")
        answer = client.post("/v1/parse", content=pictures.jpeg())

    assert health.status_code == 503
    assert answer.status_code == 503
    assert answer.json()["type"] == "urn:limn:problem:engine-unavailable"
