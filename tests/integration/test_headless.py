"""Which server `make load` asks."""

import urllib.request
from pathlib import Path

import pytest

from loadtests import headless
from loadtests.bench.processes import free_port
from loadtests.headless import server
from loadtests.own_server import Ports, is_ready
from tests.fixtures.gateway import gateway


def test_server_that_runs_is_asked(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with gateway(repository) as running:
        usual = Ports(
            *(int(address.rpartition(":")[2]) for address in (running.http, running.grpc))
        )
        monkeypatch.setattr(headless, "USUAL", usual)
        with server(tmp_path) as ports:
            assert ports == usual

        assert is_ready(usual)
    assert not list(tmp_path.iterdir())


def test_server_is_started_where_none_runs_and_ends_with_the_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(headless, "USUAL", Ports(free_port(), free_port()))

    with server(tmp_path) as ports:
        with urllib.request.urlopen(f"http://127.0.0.1:{ports.http}/version") as answer:
            assert answer.status == 200
        assert ports != headless.USUAL

    assert not is_ready(ports)
