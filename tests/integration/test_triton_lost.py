"""A Triton that dies under load: clients are told so in time, and it goes on when it is back."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest
from tritonclient.grpc import InferenceServerClient

from export.triton.local import LocalTriton, free_ports, local_triton
from tests.fixtures.gateway import Gateway, gateway
from tests.fixtures.pictures import jpeg

DEADLINE_S = 5
BACK_S = 20
CLIENTS = 3

pytestmark = pytest.mark.usefixtures("triton")  # skipped where no Triton runs


@pytest.fixture(params=[True, False], ids=["shared-memory", "wire"])
def shares_memory(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def own(triton_repository: Path, tmp_path: Path) -> Iterator[LocalTriton]:
    """A server that a test may kill."""
    with local_triton(triton_repository, tmp_path) as server:
        yield server


@pytest.fixture
def running(triton_repository: Path, own: LocalTriton, shares_memory: bool) -> Iterator[Gateway]:
    with gateway(
        triton_repository,
        engine="triton",
        triton_url=own.grpc,
        triton_shared_memory="system" if shares_memory else "none",
        request_timeout_s=DEADLINE_S,
    ) as app:
        yield app


def status_of(running: Gateway, path: str) -> int:
    return httpx2.get(f"http://{running.http}{path}", timeout=10).status_code


def parse(running: Gateway) -> tuple[httpx2.Response, float]:
    """The answer, and the seconds it took."""
    started = time.monotonic()
    url = f"http://{running.http}/v1/parse?model=mman"
    answer = httpx2.post(url, content=jpeg(), timeout=3 * DEADLINE_S)
    return answer, time.monotonic() - started


def load(running: Gateway, until: float) -> list[tuple[httpx2.Response, float]]:
    """Everything that one client was answered, one request after the other."""
    seen = []
    while time.monotonic() < until:
        seen.append(parse(running))
    return seen


def shared_regions(server: LocalTriton) -> list[str]:
    """Names of the gateway's memory that a server knows."""
    with InferenceServerClient(server.grpc) as client:
        status = client.get_system_shared_memory_status(as_json=True)
    return [name for name in status.get("regions", {}) if name.startswith("limn_")]


def wait_until_ready(running: Gateway) -> None:
    deadline = time.monotonic() + BACK_S
    while status_of(running, "/readyz") != 200:
        assert time.monotonic() < deadline, f"not ready within {BACK_S} s"
        time.sleep(0.1)


def test_requests_fail_in_time_and_service_returns_by_itself(
    running: Gateway,
    own: LocalTriton,
    shares_memory: bool,
    triton_repository: Path,
    tmp_path: Path,
) -> None:
    assert status_of(running, "/readyz") == 200
    before, _ = parse(running)
    assert before.status_code == 200, before.text
    assert bool(shared_regions(own)) == shares_memory

    with ThreadPoolExecutor(CLIENTS) as pool:
        until = time.monotonic() + 4
        clients = [pool.submit(load, running, until) for _ in range(CLIENTS)]
        time.sleep(1.5)
        own.kill()
        answers = [answer for client in clients for answer in client.result()]

    statuses = {answer.status_code for answer, _ in answers}
    assert statuses == {200, 503}
    for answer, seconds in answers:
        assert seconds < DEADLINE_S + 1
        if answer.status_code == 503:
            problem = answer.json()
            assert problem["type"] == "urn:limn:problem:engine-unavailable"
            assert f"Triton at {own.grpc} cannot be reached" in problem["detail"]
    assert status_of(running, "/readyz") == 503
    assert status_of(running, "/livez") == 200

    again = tmp_path / "again"
    again.mkdir()
    with local_triton(triton_repository, again, own.ports) as new:
        wait_until_ready(running)
        assert not shared_regions(new)
        after, _ = parse(running)

        assert after.status_code == 200, after.text
        assert after.content == before.content
        assert bool(shared_regions(new)) == shares_memory


def test_gateway_starts_before_its_triton(triton_repository: Path, tmp_path: Path) -> None:
    ports = free_ports()
    url = f"127.0.0.1:{ports.grpc}"
    with gateway(triton_repository, engine="triton", triton_url=url) as running:
        assert status_of(running, "/readyz") == 503
        answer, _ = parse(running)
        assert answer.status_code == 503

        with local_triton(triton_repository, tmp_path, ports):
            wait_until_ready(running)
            answer, _ = parse(running)

            assert answer.status_code == 200, answer.text
