"""When the service asks to be restarted, and when not."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anyio
import httpx2
import numpy as np
import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from service.settings import Settings
from service.watchdog import Watchdog
from service.workers import Workers
from tests.fixtures import pictures
from tests.fixtures.holding import PATIENCE_S, holding

PHOTO = np.array([pictures.jpeg()], dtype=object)


def parse(address: str) -> httpx2.Response:
    url = f"http://{address}/v1/parse"
    return httpx2.post(url, content=pictures.jpeg(), timeout=PATIENCE_S)


def test_liveness_fails_where_no_worker_comes_back(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with holding(repository, monkeypatch, sessions=2) as held:
        watchdog: Watchdog = held.running.app.state.watchdog
        monkeypatch.setattr(watchdog, "_stuck_after_s", 0.2)
        url = f"http://{held.running.http}/livez"
        with ThreadPoolExecutor(2) as clients:
            clients.submit(parse, held.running.http)
            held.begun.wait(PATIENCE_S)
            time.sleep(0.3)
            one_left = httpx2.get(url).status_code
            clients.submit(parse, held.running.http)
            held.wait_for(2)
            time.sleep(0.3)
            none_left = httpx2.get(url)
            held.go_on.set()
        after = httpx2.get(url).status_code

    assert (one_left, none_left.status_code, after) == (200, 503, 200)
    assert none_left.json()["type"] == "urn:limn:problem:workers-stuck"


def test_overload_and_a_closed_engine_are_no_reason_to_restart(repository: Path) -> None:
    app = create_app(Settings(model_repository=repository, sessions=1, grpc_port=0))
    with TestClient(app) as client:
        assert client.portal is not None
        client.portal.call(app.state.serving.current.pipeline.engine.close)

        assert client.get("/readyz").status_code == 503
        assert client.get("/livez").status_code == 200


def test_loop_that_hangs_is_shown_where(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("service.watchdog._BEAT_S", 0.05)

    async def hang() -> None:
        async with Watchdog(Workers(1), stuck_after_s=0.2).watching():
            await anyio.sleep(0.1)
            time.sleep(0.6)
            await anyio.sleep(0.1)

    anyio.run(hang)

    lines = [record.getMessage() for record in caplog.records]
    assert lines.count("the event loop hangs; this is where:") == 1
    assert any("time.sleep(0.6)" in line for line in lines)
