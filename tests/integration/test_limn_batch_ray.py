"""`limn batch --ray` on a real Ray cluster of two workers on this machine."""

import signal
import time
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import psutil
import pytest

from service.batch.atomic import Scratch
from service.batch.entries import Entry
from service.batch.job import Job
from service.batch.parts import Part
from tests.fixtures import batches

pytest.importorskip("ray", reason="needs the extra `batch`")

pytestmark = pytest.mark.slow

COUNT = 120
OPTIONS = ("--scales", "0.8,1,1.2", "--flip", "--part-size", "10")
START_S = 180


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = batches.write_photos(tmp_path_factory.mktemp("photos"), COUNT)
    (root / "bad.jpg").write_bytes(b"no picture")
    return root


@pytest.fixture(scope="module")
def local(photos: Path, repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Output of a run without Ray."""
    out = tmp_path_factory.mktemp("local") / "out"
    status, printed = batches.finish(batches.start(repository, str(photos), str(out), *OPTIONS))
    assert status == 3, printed
    return out


def wait_for_labels(out: Path, count: int) -> None:
    until = time.monotonic() + START_S
    while len(list(out.glob("labels/*/*.png"))) < count:
        assert time.monotonic() < until, "no worker has started"
        time.sleep(0.01)


def workers(driver: int) -> list[psutil.Process]:
    """Processes that parse, of a cluster that `driver` started."""
    found = psutil.Process(driver).children(recursive=True)
    return [process for process in found if "MapWorker" in " ".join(process.cmdline())]


def require_equal(out: Path, local: Path) -> None:
    assert batches.files(out / "labels") == batches.files(local / "labels")
    assert batches.rows(out) == batches.rows(local)
    assert (out / "report.json").read_bytes() == (local / "report.json").read_bytes()


def test_worker_killed_on_the_way(
    photos: Path, local: Path, repository: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    process = batches.start(repository, str(photos), str(out), *OPTIONS, "--ray", "local")
    wait_for_labels(out, 15)
    both = workers(process.pid)
    assert len(both) == 2
    both[0].kill()

    status, printed = batches.finish(process, START_S)

    assert status == 3, printed
    assert not both[0].is_running()
    assert "121 pictures: 120 parsed, 1 bad" in printed
    require_equal(out, local)


def test_killed_on_ray_and_continued_without(
    photos: Path, local: Path, repository: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    process = batches.start(repository, str(photos), str(out), *OPTIONS, "--ray", "local")
    wait_for_labels(out, 30)
    cluster = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGKILL)
    batches.finish(process)

    status, printed = batches.finish(batches.start(repository, str(photos), str(out), *OPTIONS))

    assert status == 3, printed
    require_equal(out, local)
    assert psutil.wait_procs(cluster, START_S)[1] == []


def test_part_that_kills_its_workers_ends_the_run(tmp_path: Path) -> None:
    from service.batch.cluster import MOST_ATTEMPTS, PartWorker

    scratch = Scratch(tmp_path)
    for _ in range(MOST_ATTEMPTS):
        scratch.count("part-3")
    job = SimpleNamespace(output=SimpleNamespace(scratch=scratch))
    worker = PartWorker(cast("Job", job), [Part(3, (Entry("a", "a.jpg"), Entry("b", "b.jpg")))])

    answer = worker({"index": [0]})

    assert answer["stopped"] == ["workers died 10 times over the pictures from a to b"]


def test_no_cluster_is_explained(photos: Path, repository: Path, tmp_path: Path) -> None:
    arguments = (str(photos), str(tmp_path / "out"), "--ray", "127.0.0.1:1")

    status, printed = batches.finish(batches.start(repository, *arguments), START_S)

    assert status == 1
    assert "no Ray cluster at 127.0.0.1:1" in printed
