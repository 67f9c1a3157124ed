"""Keys: who may ask for what, over HTTP and gRPC."""

import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import grpc
import httpx2
import numpy as np
import pytest
import tritonclient.grpc
from fastapi.testclient import TestClient
from tritonclient.utils import InferenceServerException

from service.errors import KeysUnusable
from service.keys import create
from service.opening import Opening
from service.server import serve
from service.settings import Settings
from tests.fixtures import pictures
from tests.fixtures.gateway import Gateway, gateway

LIMN = Path(sys.executable).parent / "limn"
PHOTO = np.array([pictures.jpeg()], dtype=object)


@dataclass(frozen=True)
class Guarded:
    """A gateway that asks for keys, and a key of each scope."""

    running: Gateway
    parse: str
    metrics: str
    admin: str

    def get(self, path: str, key: str | None = None) -> httpx2.Response:
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        return httpx2.get(f"http://{self.running.http}{path}", headers=headers)

    def post(self, key: str | None) -> httpx2.Response:
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        url = f"http://{self.running.http}/v1/parse"
        return httpx2.post(url, content=pictures.jpeg(), headers=headers)


@pytest.fixture(scope="module")
def guarded(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    file = tmp_path_factory.mktemp("keys") / "keys.json"
    keys = [create(file, scope, [scope]) for scope in ("parse", "metrics", "admin")]
    with gateway(repository, keys_file=file) as running:
        yield Guarded(running, *keys)


def test_each_path_needs_its_scope(guarded: Guarded) -> None:
    needs = {
        "/v1/models": guarded.parse,
        "/v2/models/baseline": guarded.parse,
        "/nothing": guarded.parse,
        "/metrics": guarded.metrics,
    }
    for path, key in needs.items():
        statuses = {
            name: guarded.get(path, getattr(guarded, name, None)).status_code
            for name in ("nobody", "parse", "metrics", "admin")
        }
        right = next(name for name in statuses if getattr(guarded, name, None) == key)
        expected = {"nobody": 401, "parse": 403, "metrics": 403, "admin": 403}
        assert statuses == expected | {right: 404 if path == "/nothing" else 200}, path


@pytest.mark.parametrize(
    "path",
    [
        "/livez",
        "/readyz",
        "/startupz",
        "/version",
        "/docs",
        "/openapi.json",
        "/static/swagger-ui.css",
        "/v2/health/live",
        "/v2/health/ready",
    ],
)
def test_health_and_description_are_open(guarded: Guarded, path: str) -> None:
    assert guarded.get(path).status_code == 200


@pytest.mark.parametrize("path", ["/docs/../v1/models", "//v1/models", "/static/../v1/models"])
def test_no_spelling_of_a_path_gets_past_the_gate(guarded: Guarded, path: str) -> None:
    answer = guarded.get(path)

    assert answer.status_code in (401, 404)
    assert "baseline" not in answer.text


def test_key_is_needed_to_parse(guarded: Guarded) -> None:
    refused = guarded.post(None)

    assert guarded.post(guarded.parse).status_code == 200
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"] == 'Bearer realm="limn", scope="parse"'
    assert refused.json()["type"] == "urn:limn:problem:key-required"
    assert guarded.post(guarded.metrics).json()["type"] == "urn:limn:problem:scope-required"


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("Authorization", "Basic {key}")],
        [("Authorization", "{key}")],
        [("Authorization", "Bearer")],
        [("Authorization", "Bearer {key}"), ("Authorization", "Bearer {key}")],
        [("X-Api-Key", "{key}")],
        [("Cookie", "key={key}")],
    ],
)
def test_key_counts_in_one_place_alone(guarded: Guarded, headers: list[tuple[str, str]]) -> None:
    sent = [(name, value.format(key=guarded.parse)) for name, value in headers]
    url = f"http://{guarded.running.http}/v1/models?key={guarded.parse}"

    assert httpx2.get(url, headers=sent).status_code == 401


def test_body_of_a_stranger_is_not_read(guarded: Guarded) -> None:
    read = 0

    def chunks() -> Iterator[bytes]:
        nonlocal read
        for _ in range(400):
            read += 1
            yield bytes(50_000)

    try:
        answer = httpx2.post(f"http://{guarded.running.http}/v1/parse", content=chunks())
    except httpx2.TransportError:
        return
    assert answer.status_code == 401


def test_grpc_asks_for_the_same_keys(guarded: Guarded) -> None:
    with tritonclient.grpc.InferenceServerClient(guarded.running.grpc) as client:
        tensor = tritonclient.grpc.InferInput("photo", [1], "BYTES")
        tensor.set_data_from_numpy(PHOTO)
        codes = {}
        for name, key in (("none", None), ("parse", guarded.parse), ("metrics", guarded.metrics)):
            headers = {} if key is None else {"authorization": f"Bearer {key}"}
            try:
                client.infer("baseline_photo", [tensor], headers=headers)
                codes[name] = "OK"
            except InferenceServerException as error:
                codes[name] = error.status()
        assert client.is_server_live()
        assert client.is_server_ready()
        with pytest.raises(InferenceServerException, match="send a key"):
            client.get_server_metadata()

    assert codes == {
        "none": "StatusCode.UNAUTHENTICATED",
        "parse": "OK",
        "metrics": "StatusCode.PERMISSION_DENIED",
    }


def test_stream_asks_for_a_key_before_any_message(guarded: Guarded) -> None:
    with grpc.insecure_channel(guarded.running.grpc) as channel:
        call = channel.stream_stream("/inference.GRPCInferenceService/ModelStreamInfer")
        with pytest.raises(grpc.RpcError) as caught:
            next(call(iter([])))

    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED


def test_rates_are_counted_by_key_over_both_transports(repository: Path, tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    one, other = (create(file, name, ["parse"]) for name in ("one", "other"))
    with gateway(repository, keys_file=file, rate_limit_per_minute=1) as running:
        guarded = Guarded(running, one, other, "")
        statuses = [guarded.post(key).status_code for key in (one, one, other)]
        with tritonclient.grpc.InferenceServerClient(running.grpc) as client:
            tensor = tritonclient.grpc.InferInput("photo", [1], "BYTES")
            tensor.set_data_from_numpy(PHOTO)
            with pytest.raises(InferenceServerException, match="1 requests a minute"):
                client.infer("baseline_photo", [tensor], headers={"authorization": f"Bearer {one}"})

    assert statuses == [200, 429, 200]


def test_no_key_is_ever_in_the_log(guarded: Guarded, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        guarded.post(guarded.parse)
        guarded.get(f"/v1/models?key={guarded.parse}", guarded.metrics)
        guarded.get("/metrics", guarded.metrics[:-1])

    # The client here logs too, and so does the plain server of the fixture.
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("limn")]
    assert len(lines) == 3
    text = "\n".join(lines)
    for secret in (guarded.parse, guarded.metrics):
        assert secret[14:-1] not in text


def test_log_has_a_line_per_request(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "limn.access"):
        client.get("/v1/x%0d%0aINFO:%20fake?secret=1", headers={"x-request-id": "a\tb"})

    (record,) = [record for record in caplog.records if record.name == "limn.access"]
    assert re.fullmatch(
        r'testclient "GET /v1/x%0D%0AINFO%3A%20fake" 404 \d+ ms [0-9a-f]{16}', record.getMessage()
    )


def test_service_without_its_keys_does_not_start(repository: Path, tmp_path: Path) -> None:
    settings = Settings(
        model_repository=repository, http_port=0, grpc_port=0, keys_file=tmp_path / "none"
    )

    with pytest.raises(KeysUnusable, match="cannot be read"):
        serve(settings, Opening(settings))


def test_command_makes_lists_and_revokes_keys(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"

    def limn(*arguments: str) -> str:
        command = [str(LIMN), "key", *arguments, "--file", str(file)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.stdout.strip() or done.stderr.strip()

    shown = limn("create", "app", "--scope", "parse", "--scope", "metrics")
    assert re.fullmatch("limn_[0-9a-f]{8}_[A-Za-z0-9_-]{43}", shown)
    assert shown not in file.read_text()
    assert limn("list") == "app: metrics, parse"
    assert "revoke it first" in limn("create", "app")
    assert limn("revoke", "app") == "app: revoked"
    assert limn("list") == ""
