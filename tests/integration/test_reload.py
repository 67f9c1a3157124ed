"""How models and keys are brought in while requests are answered."""

import shutil
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import numpy as np
import onnx
import psutil
import pytest
from fastapi.testclient import TestClient
from onnx import numpy_helper

from limn.promotion import PROMOTION_FILE
from service.keys import create, revoke
from service.settings import Settings
from tests.fixtures import pictures
from tests.fixtures.gateway import gateway
from tests.fixtures.holding import PATIENCE_S
from tests.fixtures.models import graph, write_model
from tests.fixtures.process import process

PHOTO = np.array([pictures.jpeg()], dtype=object)


def parse(address: str) -> httpx2.Response:
    url = f"http://{address}/v1/parse"
    return httpx2.post(url, content=pictures.jpeg(), timeout=PATIENCE_S)


def other_graph() -> onnx.ModelProto:
    """The model of the fixture with its classes turned round."""
    proto = graph()
    for tensor in proto.graph.initializer:
        tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor)[::-1], tensor.name))
    return proto


@pytest.fixture
def own(repository: Path, tmp_path: Path) -> Path:
    """A repository that a test may change."""
    return Path(shutil.copytree(repository, tmp_path / "repository"))


def test_hangup_brings_the_version_that_is_promoted(own: Path) -> None:
    with process(own) as running:
        url = f"http://{running.http}/v1/models/baseline"
        before = parse(running.http).content
        write_model(own, version=2, proto=other_graph())

        running.signal(signal.SIGHUP)
        running.wait_for("baseline version 2")

        assert httpx2.get(url).json()["version"] == 2
        assert parse(running.http).content != before
        old = httpx2.post(
            f"http://{running.http}/v1/parse?version=1", content=pictures.jpeg()
        ).content
        assert old == before
        (own / "baseline" / PROMOTION_FILE).write_text('{"served": 1}')
        running.signal(signal.SIGHUP)
        deadline = time.monotonic() + PATIENCE_S
        while httpx2.get(url).json()["version"] != 1:
            assert time.monotonic() < deadline
        assert parse(running.http).content == before


def test_hangup_with_a_bad_model_changes_nothing(own: Path) -> None:
    with process(own) as running:
        before = parse(running.http).content
        folder = write_model(own, version=2, proto=other_graph())
        (folder / "model.onnx").write_bytes(b"not a model")

        running.signal(signal.SIGHUP)
        running.wait_for("nothing has changed")

        assert "sha256 differs" in running.log
        assert httpx2.get(f"http://{running.http}/readyz").status_code == 200
        assert parse(running.http).content == before
        running.signal(signal.SIGTERM)
        assert running.wait() == 0


def admin_reload(address: str, key: str | None) -> httpx2.Response:
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    url = f"http://{address}/v1/admin/reload"
    return httpx2.post(url, headers=headers, timeout=PATIENCE_S)


def test_administrator_reloads_models_and_keys(own: Path, tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    admin, client = create(file, "admin", ["admin"]), create(file, "client", ["parse"])
    with gateway(own, keys_file=file) as running:
        url = f"http://{running.http}/v1/models"
        headers = {"Authorization": f"Bearer {client}"}
        refused = [admin_reload(running.http, key).status_code for key in (None, client)]
        write_model(own, version=2, proto=other_graph())
        revoke(file, "client")
        still = httpx2.get(url, headers=headers).status_code
        done = admin_reload(running.http, admin)
        revoked = httpx2.get(url, headers=headers).status_code
        file.write_text("nothing")
        bad = admin_reload(running.http, admin)
        same = admin_reload(running.http, admin).status_code

    assert refused == [401, 403]
    assert still == 200
    assert done.json() == {
        "models": [{"name": "baseline", "version": 1}, {"name": "baseline", "version": 2}]
    }
    assert revoked == 401
    assert (bad.status_code, same) == (409, 409)
    assert bad.json()["type"] == "urn:limn:problem:reload-refused"
    assert "is no file of keys" in bad.json()["detail"]


def test_reload_is_not_offered_to_strangers(client: TestClient) -> None:
    answer = client.post("/v1/admin/reload")

    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:limn:problem:not-offered"


def test_request_in_flight_ends_on_the_models_it_began_with(
    own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "keys.json"
    key = create(file, "all", ["admin", "parse", "metrics"])
    headers = {"Authorization": f"Bearer {key}"}
    with gateway(own, keys_file=file, sessions=2) as running:
        url = f"http://{running.http}/v1/parse"
        serving = running.app.state.serving
        old = serving.current
        begun, go_on = threading.Event(), threading.Event()
        prepare = old.pipeline._prepare

        def wait(*arguments: object) -> object:
            begun.set()
            go_on.wait(PATIENCE_S)
            return prepare(*arguments)

        before = httpx2.post(url, content=pictures.jpeg(), headers=headers).content
        monkeypatch.setattr(old.pipeline, "_prepare", wait)
        with ThreadPoolExecutor(1) as client:
            first = client.submit(
                httpx2.post, url, content=pictures.jpeg(), headers=headers, timeout=PATIENCE_S
            )
            begun.wait(PATIENCE_S)
            shutil.rmtree(own / "baseline")
            write_model(own, version=2, proto=other_graph())
            assert admin_reload(running.http, key).status_code == 200
            after = httpx2.post(url, content=pictures.jpeg(), headers=headers).content
            assert old.pipeline.engine._is_open
            go_on.set()
            ended = first.result().content
        deadline = time.monotonic() + PATIENCE_S
        while old.pipeline.engine._is_open:
            assert time.monotonic() < deadline, "the old models are still in memory"
            time.sleep(0.01)

    assert ended == before
    assert after != before


def test_reloads_leave_no_memory_behind() -> None:
    with process(Settings().model_repository) as running:
        service = psutil.Process(running.popen.pid)
        resident = []
        for number in range(1, 9):
            running.signal(signal.SIGHUP)
            deadline = time.monotonic() + PATIENCE_S
            while running.log.count("INFO:     serving ") < number:
                assert time.monotonic() < deadline
                time.sleep(0.02)
            time.sleep(0.2)
            resident.append(service.memory_info().rss)

    assert resident[-1] - resident[1] < 40 * 2**20, resident
