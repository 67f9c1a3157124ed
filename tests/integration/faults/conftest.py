"""One real process for the whole table: whatever a row does to it, it answers the next request."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.fixtures.process import Process, process
from tests.integration.faults.asking import LOG_LINE, PATIENCE_S, Service, asked

LIMITS: dict[str, Any] = {
    "max_upload_bytes": 1_000_000,
    "max_image_pixels": 1_000_000,
    "max_boxes": 3,
    "max_batch_images": 3,
}
FORMATS = "jpeg,png,webp,avif,bmp,gif"
SPARE = 4
"""Descriptors and threads that may be more than after the first request."""
MOST_MEMORY = 400 * 2**20
"""Resident bytes after all rows, some of which promise gigabytes; 160 MB after one request."""


def check_log(running: Process) -> None:
    """Whatever was sent, the service wrote lines of its own alone, and of no failure."""
    assert [line for line in running.lines if not LOG_LINE.fullmatch(line)] == []
    assert [line for line in running.lines if line.startswith(("ERROR", "CRITICAL"))] == []


def check_resources(service: psutil.Process, descriptors: int, threads: int) -> None:
    """No row has left descriptors, threads or much memory behind; the counts are from before."""
    deadline = time.monotonic() + PATIENCE_S
    while service.num_fds() > descriptors + SPARE or service.num_threads() > threads + SPARE:
        assert time.monotonic() < deadline, (service.num_threads(), service.net_connections())
        time.sleep(0.1)
    assert service.memory_info().rss < MOST_MEMORY


@contextmanager
def judged(repository: Path, **settings: Any) -> Iterator[Service]:
    """A service whose log and resources are judged after the last row."""
    with process(repository, **LIMITS, **settings) as running:
        with asked(running) as service:
            seen = psutil.Process(running.popen.pid)
            before = seen.num_fds(), seen.num_threads()
            yield service
            check_resources(seen, *before)
        check_log(running)


@pytest.fixture(scope="session")
def shared(repository: Path) -> Iterator[Service]:
    """With limits that are small enough to be met."""
    with judged(repository) as service:
        yield service


@pytest.fixture
def service(shared: Service) -> Iterator[Service]:
    """The shared service, which answers the good photo after the row as it did before."""
    yield shared
    shared.require_served()


@pytest.fixture(scope="session")
def shared_reader(repository: Path) -> Iterator[Service]:
    """One that reads every format there is."""
    with judged(repository, image_formats=FORMATS) as service:
        yield service


@pytest.fixture
def reader(shared_reader: Service) -> Iterator[Service]:
    yield shared_reader
    shared_reader.require_served()
