"""One real process for the whole table: whatever a row does to it, it answers the next request."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.process import Process, process
from tests.integration.faults.asking import LOG_LINE, Service, asked

LIMITS: dict[str, Any] = {
    "max_upload_bytes": 1_000_000,
    "max_image_pixels": 1_000_000,
    "max_boxes": 3,
    "max_batch_images": 3,
}
FORMATS = "jpeg,png,webp,avif,bmp,gif"


def check_log(running: Process) -> None:
    """Whatever was sent, the service wrote lines of its own alone, and of no failure."""
    assert [line for line in running.lines if not LOG_LINE.fullmatch(line)] == []
    assert [line for line in running.lines if line.startswith(("ERROR", "CRITICAL"))] == []


@pytest.fixture(scope="session")
def shared(repository: Path) -> Iterator[Service]:
    """With limits that are small enough to be met; its log is judged after the last row."""
    with process(repository, **LIMITS) as running:
        with asked(running) as service:
            yield service
        check_log(running)


@pytest.fixture
def service(shared: Service) -> Iterator[Service]:
    """The shared service, which answers the good photo after the row as it did before."""
    yield shared
    shared.require_served()


@pytest.fixture(scope="session")
def shared_reader(repository: Path) -> Iterator[Service]:
    """One that reads every format there is."""
    with process(repository, image_formats=FORMATS, **LIMITS) as running:
        with asked(running) as service:
            yield service
        check_log(running)


@pytest.fixture
def reader(shared_reader: Service) -> Iterator[Service]:
    yield shared_reader
    shared_reader.require_served()
