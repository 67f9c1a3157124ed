"""Why a local Triton does not start, in words."""

import platform
import socket
import sys
from pathlib import Path

import pytest

from export.errors import TritonNotStarted
from export.triton import host
from export.triton.local import ENVIRONMENT, Ports, free_ports, local_triton

runs_here = pytest.mark.skipif(host.refusal() is not None, reason="no local Triton")


def start(repository: Path, work: Path, environment: Path = ENVIRONMENT) -> None:
    with local_triton(repository, work, environment=environment):
        pytest.fail("it started")


@runs_here
def test_environment_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(TritonNotStarted, match=r"no local Triton in .*`make triton` installs it"):
        start(tmp_path, tmp_path, environment=tmp_path / "none")


@runs_here
def test_server_that_ends_shows_its_log(tmp_path: Path) -> None:
    (tmp_path / "broken/1").mkdir(parents=True)
    (tmp_path / "broken/config.pbtxt").write_text('backend: "nowhere"')

    with pytest.raises(TritonNotStarted, match=r"(?s)ended with status 1.*nowhere"):
        start(tmp_path, tmp_path)


@runs_here
def test_port_of_another_server_is_refused(tmp_path: Path) -> None:
    ports = free_ports()
    with socket.socket() as other:
        other.bind(("127.0.0.1", ports.grpc))
        other.listen()

        with (
            pytest.raises(TritonNotStarted, match=f"port {ports.grpc}, for grpc, is taken"),
            local_triton(tmp_path, tmp_path, ports),
        ):
            pytest.fail("it started")


@pytest.mark.parametrize(
    ("version", "system", "libc", "reason"),
    [
        ((3, 13, 0), "Linux", ("glibc", "2.36"), "needs Python 3.11 or 3.12, this is 3.13"),
        ((3, 11, 0), "Darwin", ("", ""), "is for Linux on x86_64, this is Darwin"),
        ((3, 11, 0), "Linux", ("glibc", "2.31"), "needs glibc 2.35, this is glibc 2.31"),
        ((3, 11, 0), "Linux", ("", ""), "needs glibc 2.35, this is another C library"),
    ],
)
def test_machine_that_it_does_not_run_on_is_named(
    version: tuple[int, int, int],
    system: str,
    libc: tuple[str, str],
    reason: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "version_info", version)
    monkeypatch.setattr(platform, "system", lambda: system)
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(platform, "libc_ver", lambda: libc)

    assert reason in str(host.refusal())


def test_free_ports_differ_and_are_free() -> None:
    ports = free_ports()

    assert len(set(ports)) == 3
    for port in Ports(*ports):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
