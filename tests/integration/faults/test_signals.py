"""Real signals to a real process, most of them under load."""

import signal
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import numpy as np
import psutil
import tritonclient.grpc
from numpy.typing import NDArray

from tests.fixtures import pictures
from tests.fixtures.process import Process, process
from tests.integration.faults.asking import PATIENCE_S, asked
from tests.integration.test_life_cycle import in_flight, parse, slow

CLIENTS = 4


class Load:
    """Clients that ask one request after the other, and what they were answered."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, bytes]] = []
        self.failures: list[httpx2.HTTPError] = []

    def wait_for_more(self, count: int) -> None:
        """Until so many more have been answered."""
        deadline, wanted = time.monotonic() + PATIENCE_S, len(self.answers) + count
        while len(self.answers) < wanted:
            assert time.monotonic() < deadline, f"{wanted - len(self.answers)} answers are missing"
            time.sleep(0.01)


@contextmanager
def loaded(running: Process) -> Iterator[Load]:
    load, stop = Load(), threading.Event()

    def ask() -> None:
        with httpx2.Client(base_url=f"http://{running.http}", timeout=PATIENCE_S) as client:
            while not stop.is_set():
                try:
                    answer = client.post("/v1/parse", content=pictures.jpeg())
                    load.answers.append((answer.status_code, answer.content))
                except httpx2.HTTPError as error:
                    load.failures.append(error)

    clients = [threading.Thread(target=ask) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    try:
        yield load
    finally:
        stop.set()
        for client in clients:
            client.join()


def test_process_that_is_stopped_and_continued_loses_no_request(repository: Path) -> None:
    with process(repository) as running, asked(running) as service:
        with loaded(running) as load:
            for _ in range(3):
                load.wait_for_more(5)
                running.signal(signal.SIGSTOP)
                time.sleep(0.5)
                running.signal(signal.SIGCONT)
            load.wait_for_more(5)
        service.require_served()
        assert service.get("/livez").status_code == 200

    assert load.failures == []
    assert set(load.answers) == {(200, service.expected)}


def test_body_that_comes_while_the_process_is_stopped_is_in_time(repository: Path) -> None:
    """So it is on a machine that was asleep: no client was slow."""
    photo = pictures.jpeg()
    head = b"POST /v1/parse?scales=1 HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(photo)
    with (
        process(repository, request_timeout_s=1) as running,
        asked(running) as service,
        service.connect() as connection,
    ):
        connection.sendall(head)
        in_flight(running, 1)
        running.signal(signal.SIGSTOP)
        connection.sendall(photo)
        time.sleep(1.6)
        running.signal(signal.SIGCONT)

        assert connection.recv(65_536).startswith(b"HTTP/1.1 200")


def test_storm_of_hangups_loses_no_request_and_piles_nothing_up(repository: Path) -> None:
    with process(repository) as running, asked(running) as service:
        threads = psutil.Process(running.popen.pid).num_threads()
        with loaded(running) as load:
            for _ in range(200):
                running.signal(signal.SIGHUP)
                time.sleep(0.005)
            load.wait_for_more(5)
        deadline = time.monotonic() + PATIENCE_S
        while (count := running.log.count("INFO:     serving ")) != settled(running):
            assert time.monotonic() < deadline, count
        service.require_served()
        assert psutil.Process(running.popen.pid).num_threads() <= threads + 4
        running.signal(signal.SIGTERM)
        assert running.wait() == 0

    assert load.failures == []
    assert set(load.answers) == {(200, service.expected)}
    assert 1 <= count <= 200


def settled(running: Process) -> int:
    """How often was reloaded, half a second later."""
    time.sleep(0.5)
    return running.log.count("INFO:     serving ")


def test_hangups_that_come_together_are_one_reload(repository: Path, tmp_path: Path) -> None:
    with process(repository) as running, asked(running) as service:
        # While it is stopped none can be handled: all are there at once when it goes on.
        running.signal(signal.SIGSTOP)
        for _ in range(50):
            running.signal(signal.SIGHUP)
        running.signal(signal.SIGCONT)
        running.wait_for("INFO:     serving ")
        service.require_served()

        assert settled(running) <= 2


def test_signals_that_mean_nothing_do_nothing(repository: Path) -> None:
    with process(repository) as running, asked(running) as service:
        for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGWINCH, signal.SIGURG):
            running.signal(number)
            service.require_served()

        assert running.popen.poll() is None


def test_interrupt_under_load_ends_in_order(repository: Path) -> None:
    with process(repository) as running:
        expected = parse(running.http).content
        with loaded(running) as load:
            load.wait_for_more(5)
            running.signal(signal.SIGINT)
            status = running.wait()

    assert status == 0
    # Whoever came afterwards was refused the connection, and nobody was answered by halves.
    assert set(load.answers) == {(200, expected)}
    assert "Traceback" not in running.log


def test_stop_during_the_start_ends_at_once(repository: Path) -> None:
    with process(repository, servers=0) as running:
        running.wait_for("Waiting for application startup")
        running.signal(signal.SIGTERM)

        assert running.wait() == 0
    assert "Traceback" not in running.log


def test_killed_under_load_it_is_ready_again_soon(repository: Path) -> None:
    with process(repository) as running, loaded(running) as load:
        load.wait_for_more(5)
        running.signal(signal.SIGKILL)
        assert running.wait() == -signal.SIGKILL
    start = time.monotonic()
    with process(repository) as again:
        httpx2.get(f"http://{again.http}/readyz").raise_for_status()
        seconds = time.monotonic() - start
        after = parse(again.http)

    print(f"ready {seconds:.2f} s after kill -9")
    assert (after.status_code, after.content) in load.answers
    assert seconds < 30


def test_clients_that_reset_within_the_answer_break_no_other(repository: Path) -> None:
    with process(repository) as running, asked(running) as service, loaded(running) as load:
        host, port = running.http.split(":")
        for _ in range(8):
            # The answer is larger than what the client's window takes, so it is being written.
            client = socket.socket()
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1_024)
            client.connect((host, int(port)))
            client.sendall(
                b"POST /v1/parse?output=npz HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
                % len(pictures.jpeg())
                + pictures.jpeg()
            )
            client.recv(100)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()
        load.wait_for_more(5)
        service.require_served()
        assert "limn_requests_in_flight" in service.get("/metrics").text

    assert load.failures == []
    assert set(load.answers) == {(200, service.expected)}
    assert "Traceback" not in running.log


def test_call_that_is_cancelled_in_the_queue_leaves_it(repository: Path) -> None:
    with (
        process(repository, command=slow(1.0), sessions=1) as running,
        tritonclient.grpc.InferenceServerClient(running.grpc) as client,
    ):
        photo = tritonclient.grpc.InferInput("photo", [1], "BYTES")
        photo.set_data_from_numpy(np.array([pictures.jpeg()], dtype=object))
        seen: list[NDArray[np.uint8] | None] = []
        calls = [
            client.async_infer("baseline_photo", [photo], lambda result, error: seen.append(error))
            for _ in range(6)
        ]
        in_flight(running, 6)
        start = time.monotonic()

        for call in calls[1:]:
            call.cancel()

        in_flight(running, 1)
        assert time.monotonic() - start < 2
        in_flight(running, 0)
        assert parse(running.http).status_code == 200
    assert "Traceback" not in running.log
