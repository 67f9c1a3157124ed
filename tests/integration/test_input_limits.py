"""What arrives slowly, is spooled or takes memory: bounded, on real sockets where it matters."""

import json
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import httpx2
import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from service import body_pace
from service.app import create_app
from service.settings import Settings
from tests.fixtures import pictures
from tests.fixtures.gateway import Gateway, gateway


def _read_answer(connection: socket.socket) -> tuple[int, dict[str, object]]:
    """Status and JSON body of an answer after which the connection may stay open."""
    connection.settimeout(10)
    received = b""
    while b"\r\n\r\n" not in received or not received.endswith(b"}"):
        chunk = connection.recv(65_536)
        assert chunk, f"closed after {received!r}"
        received += chunk
    head, body = received.split(b"\r\n\r\n", 1)
    return int(head.split()[1]), json.loads(body)


def _begin(running: Gateway, length: int) -> socket.socket:
    host, port = running.http.split(":")
    connection = socket.create_connection((host, int(port)))
    connection.sendall(
        f"POST /v1/parse HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode()
    )
    return connection


def _in_flight(running: Gateway) -> bool:
    return "limn_requests_in_flight 0.0" not in httpx2.get(f"http://{running.http}/metrics").text


def test_body_that_never_comes_is_given_up(repository: Path) -> None:
    with gateway(repository, request_timeout_s=0.2) as running, _begin(running, 100) as silent:
        status, problem = _read_answer(silent)

        assert not _in_flight(running)

    assert (status, problem["type"]) == (408, "urn:limn:problem:body-timeout")
    assert problem["detail"] == "the body did not arrive within 0.2 s"


def test_body_that_trickles_is_given_up_long_before_the_time_is_over(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body_pace, "GRACE_S", 0.3)
    stop = threading.Event()
    with gateway(repository, request_timeout_s=60) as running, _begin(running, 10_000) as slow:

        def trickle() -> None:
            while not stop.wait(0.05):
                try:
                    slow.sendall(b"x")
                except OSError:
                    return

        sender = threading.Thread(target=trickle)
        sender.start()
        start = time.monotonic()
        status, problem = _read_answer(slow)
        seconds = time.monotonic() - start
        stop.set()
        sender.join()

    assert (status, problem["type"]) == (408, "urn:limn:problem:body-timeout")
    assert "send 1024 bytes a second or more" in str(problem["detail"])
    assert seconds < 5


def test_body_that_is_slow_but_fast_enough_is_answered(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body_pace, "GRACE_S", 0.3)
    data = pictures.jpeg()
    with gateway(repository) as running, _begin(running, len(data)) as slow:
        for start in range(0, len(data), 2_000):
            slow.sendall(data[start : start + 2_000])
            time.sleep(0.05)
        slow.settimeout(10)

        assert slow.recv(65_536).startswith(b"HTTP/1.1 200")


def test_form_is_never_written_to_disk(
    repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    # More than the framework keeps in memory by itself.
    noise = np.random.default_rng(0).integers(0, 255, (800, 800, 3), np.uint8)
    data = pictures.encoded(noise, "PNG")
    assert len(data) > 2**20
    settings = Settings(model_repository=repository, sessions=1, grpc_port=0)

    with TestClient(create_app(settings)) as client:
        answer = client.post("/v1/parse", files={"image": ("photo.png", data)})

    assert answer.status_code == 200


@pytest.mark.parametrize("kind", ["AVIF", "BMP", "GIF"])
def test_format_is_read_where_it_is_asked_for(repository: Path, kind: str) -> None:
    formats = {"image_formats": f"jpeg,{kind.lower()}"}
    settings = Settings.model_validate(
        {"model_repository": repository, "sessions": 1, "grpc_port": 0} | formats
    )
    with TestClient(create_app(settings)) as client:
        read = client.post("/v1/parse", content=pictures.encoded(pictures.photo(), kind))
        refused = client.post("/v1/parse", content=pictures.png())

    assert read.status_code == 200
    assert refused.status_code == 415
    assert refused.json()["detail"] == f"the body is a PNG; JPEG or {kind} is accepted"


def test_photos_wait_for_memory_and_none_is_refused(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = 256 * 192
    settings = Settings(
        model_repository=repository,
        sessions=4,
        grpc_port=0,
        max_image_pixels=pixels,
        max_image_bytes_in_flight=pixels * 28,
    )
    app = create_app(settings)
    most = 0
    with TestClient(app) as client:
        pipeline = app.state.serving.current.pipeline
        prepare = pipeline._prepare

        def watched(*arguments: object) -> object:
            nonlocal most
            most = max(most, pipeline.memory.taken)
            return prepare(*arguments)

        monkeypatch.setattr(pipeline, "_prepare", watched)
        images = [("image", (f"{index}.png", pictures.png())) for index in range(8)]
        items = client.post("/v1/parse/batch", files=images).json()["items"]

    assert [item["status"] for item in items] == [200] * 8
    assert most == pixels * 27
    assert pipeline.memory.taken == 0


def test_opencv_is_bounded_whichever_module_comes_first() -> None:
    code = (
        "import service.workers, cv2, numpy, sys\n"
        "data = numpy.frombuffer(sys.stdin.buffer.read(), numpy.uint8)\n"
        "try:\n"
        "    print(cv2.imdecode(data, cv2.IMREAD_COLOR).shape)\n"
        "except cv2.error:\n"
        "    print('refused')\n"
    )
    bomb = pictures.encoded(Image.new("1", (10_000, 9_000)), "PNG")

    done = subprocess.run([sys.executable, "-c", code], input=bomb, capture_output=True, check=True)

    assert done.stdout.strip() == b"refused", done
