"""A machine that runs out of things: descriptors, disk, shared memory, room for its log."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2
import psutil
import pytest

from tests.fixtures import batches, pictures
from tests.fixtures.fake_triton import LABEL, FakeTriton, fake_triton
from tests.fixtures.models import write_model, write_parser
from tests.fixtures.process import LIMN, process
from tests.integration.faults.asking import PATIENCE_S, asked

FILE = "RLIMIT_FSIZE"
DESCRIPTORS = "RLIMIT_NOFILE"


def limited(name: str, most: int, *command: str) -> tuple[str, ...]:
    """A command that may have no more than so much of something."""
    code = (
        "import os, resource, sys;"
        f"resource.setrlimit(resource.{name}, ({most}, {most}));"
        "os.execv(sys.argv[1], sys.argv[1:])"
    )
    return sys.executable, "-c", code, *command


def connect(address: str) -> socket.socket:
    host, port = address.split(":")
    return socket.create_connection((host, int(port)), timeout=PATIENCE_S)


def test_more_connections_than_descriptors_pass_by(repository: Path) -> None:
    most = 100
    command = limited(DESCRIPTORS, most, str(LIMN), "serve")
    with process(repository, command=command) as running, asked(running) as service:
        before = psutil.Process(running.popen.pid).num_fds()
        with ExitStack() as stack:
            for _ in range(most + 50):
                stack.enter_context(connect(running.http))
            # What was connected before is answered while nobody new can be.
            assert service.get("/livez").status_code == 200
            service.require_served()
            assert psutil.Process(running.popen.pid).num_fds() <= most

        httpx2.get(f"http://{running.http}/livez", timeout=PATIENCE_S).raise_for_status()
        service.require_served()
        deadline = time.monotonic() + PATIENCE_S
        while psutil.Process(running.popen.pid).num_fds() > before + 2:
            assert time.monotonic() < deadline, "descriptors are not given back"
            time.sleep(0.05)
        running.signal(signal.SIGTERM)
        assert running.wait() == 0


@pytest.mark.slow  # waits the ten seconds that a connection without a request has
def test_descriptors_come_back_from_clients_that_keep_them(repository: Path) -> None:
    command = limited(DESCRIPTORS, 100, str(LIMN), "serve")
    with process(repository, command=command) as running, ExitStack() as stack:
        for _ in range(150):
            stack.enter_context(connect(running.http))
        start = time.monotonic()
        refused = 0
        while True:
            try:
                httpx2.get(f"http://{running.http}/livez", timeout=PATIENCE_S).raise_for_status()
                break
            except httpx2.TransportError:
                refused += 1
                assert time.monotonic() - start < 2 * PATIENCE_S, "nobody new is answered"
                time.sleep(0.2)

    assert refused, "there were descriptors left"
    assert time.monotonic() - start < PATIENCE_S


def test_log_on_a_full_disk_stops_nobody(repository: Path) -> None:
    with Path("/dev/full").open("w") as full, free_process(repository, stderr=full) as http:
        for _ in range(3):
            assert httpx2.post(f"http://{http}/v1/parse", content=b"x").status_code == 415
        good = httpx2.post(f"http://{http}/v1/parse", content=pictures.jpeg(), timeout=PATIENCE_S)
        assert good.status_code == 200


def test_log_whose_reader_has_gone_stops_nobody(repository: Path) -> None:
    read, write = os.pipe()
    with os.fdopen(write, "w") as log, free_process(repository, stderr=log) as http:
        os.close(read)
        good = httpx2.post(f"http://{http}/v1/parse", content=pictures.jpeg(), timeout=PATIENCE_S)
        assert good.status_code == 200
        assert httpx2.get(f"http://{http}/livez").status_code == 200


@contextmanager
def free_process(repository: Path, stderr: object) -> Iterator[str]:
    """A service whose log nobody can read, on a port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    settings = {"HTTP_PORT": port, "GRPC_PORT": 0, "MODEL_REPOSITORY": repository, "SESSIONS": 1}
    chosen = {f"LIMN_{name}": str(value) for name, value in settings.items()}
    service = subprocess.Popen([str(LIMN), "serve"], env={**os.environ, **chosen}, stderr=stderr)  # type: ignore[call-overload]
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                httpx2.get(f"http://127.0.0.1:{port}/readyz").raise_for_status()
                break
            except httpx2.HTTPError:
                assert service.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
        yield f"127.0.0.1:{port}"
        service.send_signal(signal.SIGTERM)
        assert service.wait(60) == 0
    finally:
        if service.poll() is None:
            service.kill()
            service.wait()


def run_batch(repository: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        env=batches.environment(repository),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_batch_on_a_full_disk_says_so_and_goes_on_later(repository: Path, tmp_path: Path) -> None:
    photos = batches.write_photos(tmp_path / "photos", 3)
    out, whole = tmp_path / "out", tmp_path / "whole"
    command = (str(LIMN), "batch", str(photos), str(out))
    size = max(len(data) for data in masks(run_whole(repository, photos, whole)).values())

    full = run_batch(repository, *limited(FILE, size // 2, *command))
    left = masks(out)
    again = run_batch(repository, *command)

    assert full.returncode == 1, full.stderr
    assert "Traceback" not in full.stderr
    assert "File too large" in full.stderr
    assert left.items() <= masks(whole).items()
    assert again.returncode == 0, again.stderr
    assert masks(out) == masks(whole)


def run_whole(repository: Path, photos: Path, out: Path) -> Path:
    done = run_batch(repository, str(LIMN), "batch", str(photos), str(out))
    assert done.returncode == 0, done.stderr
    return out


def masks(out: Path) -> dict[str, bytes]:
    return {name: data for name, data in batches.files(out).items() if name.endswith(".png")}


HAS_NAMESPACES = (
    shutil.which("unshare") is not None
    and subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode == 0
)


@pytest.fixture(scope="module")
def triton() -> Iterator[FakeTriton]:
    with fake_triton() as fake:
        yield fake


@pytest.mark.skipif(not HAS_NAMESPACES, reason="no namespaces for users here")
@pytest.mark.parametrize(
    "prepare",
    [
        pytest.param("mount -t tmpfs -o size=64k tmpfs /dev/shm", id="full"),
        pytest.param("mount -t tmpfs -o ro tmpfs /dev/shm", id="read-only"),
        pytest.param(
            "mkdir {old}; mount --rbind /dev {old}; mount -t tmpfs tmpfs /dev;"
            " for file in null urandom; do"
            " touch /dev/$file; mount --bind {old}/$file /dev/$file; done",
            id="missing",
        ),
    ],
)
def test_triton_is_asked_in_messages_where_there_is_no_shared_memory(
    tmp_path: Path, triton: FakeTriton, prepare: str
) -> None:
    root = tmp_path / "repository"
    write_parser(write_model(root))
    # In a namespace of its own, which has another /dev/shm and the same network.
    script = prepare.format(old=tmp_path / "old") + '; exec "$0" serve'
    command = ("unshare", "-rm", "sh", "-c", script, str(LIMN))
    with process(root, command=command, engine="triton", triton_url=triton.grpc) as running:
        for _ in range(2):
            answer = httpx2.post(
                f"http://{running.http}/v1/parse", content=pictures.jpeg(), timeout=PATIENCE_S
            )
            assert answer.status_code == 200, answer.text
            assert (pictures.png_indices(answer.content) == LABEL).all()

        assert triton.asked[-1].raw_input_contents
        assert "memory not shared with Triton" in running.log
