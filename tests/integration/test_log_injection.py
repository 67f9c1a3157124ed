"""The log of a real process, while a client tries to write into it."""

import json
import re
import signal
import socket
from pathlib import Path

import pytest
import tritonclient.grpc
from tritonclient.utils import InferenceServerException

from service.keys import create
from tests.fixtures.process import Process, process

LINE = re.compile(r"(INFO|WARNING|ERROR|CRITICAL): +\S.*\n")
FORGED = "INFO:     forged"
PATIENCE_S = 10


def send(running: Process, raw: bytes) -> None:
    host, port = running.http.split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.settimeout(PATIENCE_S)
        connection.sendall(raw)
        try:
            while connection.recv(65_536):
                pass
        except ConnectionResetError:
            pass


def test_nobody_writes_into_the_log_but_the_service(repository: Path, tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    key = create(file, "app", ["parse"])
    guess = "limn_00000000_" + "s" * 43
    ends = b"\r\nHost: x\r\nConnection: close\r\n\r\n"
    evil = [
        b"GET /%0d%0aINFO:%20%20%20%20%20forged HTTP/1.1" + ends,
        b"GET /%1b[2J%c2%9b%e2%80%a8INFO:%20forged HTTP/1.1" + ends,
        b"GET /\x1b[2J HTTP/1.1" + ends,
        b"GET /v1/models?key=" + guess.encode() + b" HTTP/1.1" + ends,
        b"G\x1bT / HTTP/1.1" + ends,
        b"GET /livez HTTP/1.1\r\nX-Request-Id: a\x0bINFO:     forged" + ends,
        b"GET /livez HTTP/1.1\r\nX-Request-Id: a\xc2\x85INFO:     forged" + ends,
        b"GET /livez HTTP/1.1\r\nX-Forwarded-For: 6.6.6.6 INFO:     forged" + ends,
        b"GET /v1/models HTTP/1.1\r\nAuthorization: Bearer " + key.encode() + ends,
        b"GET /v1/models HTTP/1.1\r\nAuthorization: Bearer " + guess.encode() + ends,
        b"POST /v2/models/a%0aINFO:%20forged/infer HTTP/1.1\r\nContent-Length: 0" + ends,
    ]
    with process(repository, keys_file=file) as running:
        for raw in evil:
            send(running, raw)
        with tritonclient.grpc.InferenceServerClient(running.grpc) as client:
            for token in (key, guess):
                with pytest.raises(InferenceServerException):
                    client.get_model_metadata(
                        f"a\n{FORGED}", headers={"authorization": f"Bearer {token}"}
                    )
        running.signal(signal.SIGTERM)
        assert running.wait() == 0

    assert [line for line in running.lines if not LINE.fullmatch(line)] == []
    assert [line for line in running.lines if line.startswith(FORGED)] == []
    assert re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028]", running.log) is None
    assert "6.6.6.6" not in running.log
    for secret in (key, guess):
        assert secret[14:] not in running.log
    assert running.log.count("127.0.0.1") >= 8


def test_log_for_machines_is_an_object_a_line(repository: Path) -> None:
    with process(repository, log_format="json") as running:
        head = ["GET /%0d%0aforged HTTP/1.1", "X-Request-Id: r7", "Host: x", "Connection: close"]
        send(running, "".join(f"{line}\r\n" for line in [*head, ""]).encode())
        running.signal(signal.SIGTERM)
        assert running.wait() == 0

    lines = [json.loads(line) for line in running.lines]
    (asked,) = [line for line in lines if line["logger"] == "limn.access"]
    assert (asked["request_id"], asked["status"], asked["method"]) == ("r7", 404, "GET")
    assert asked["problem"] == "not-found"
    assert asked["path"] == "/%0D%0Aforged"
