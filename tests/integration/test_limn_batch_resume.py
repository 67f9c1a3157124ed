"""`limn batch` killed at chosen moments: the run after it completes what an unbroken one gives."""

import json
import signal
import time
from pathlib import Path

import pytest

from tests.fixtures import batches

COUNT = 24
OPTIONS = ("--scales", "1", "--part-size", "5", "--overlay")

# Kills itself with SIGKILL before or after it gives a file of one kind its name, the n-th time.
SUICIDE = """
import itertools, os, signal
from pathlib import Path

real, calls = Path.replace, itertools.count(1)

def replace(self, target):
    # Two threads write label maps: a number is drawn once, which adding and then looking is not.
    here = target.suffix == "{suffix}" and next(calls) == {number}
    if here and "{moment}" == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    done = real(self, target)
    if here:
        os.kill(os.getpid(), signal.SIGKILL)
    return done

Path.replace = replace
from cli.main import main
main()
"""


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = batches.write_photos(tmp_path_factory.mktemp("photos"), COUNT)
    (root / "bad.jpg").write_bytes(b"no picture")
    return root


@pytest.fixture(scope="module")
def unbroken(photos: Path, repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("unbroken") / "out"
    status, printed = batches.finish(batches.start(repository, str(photos), str(out), *OPTIONS))
    assert status == 3, printed
    return out


def require_equal(out: Path, unbroken: Path) -> None:
    """The same label maps and overlays, byte for byte, rows and report; nothing left over."""
    for folder in ("labels", "overlays"):
        assert batches.files(out / folder) == batches.files(unbroken / folder)
    rows = batches.rows(out)
    assert rows == batches.rows(unbroken)
    assert len({(row["id"], row["label"]) for row in rows}) == len(rows)
    assert (out / "report.json").read_bytes() == (unbroken / "report.json").read_bytes()
    record = json.loads((out / "run.json").read_text())
    assert (record["state"], record["pictures"], record["parsed"]) == ("finished", COUNT + 1, COUNT)
    assert not (out / ".partial").exists()


def finished_files(out: Path) -> dict[Path, tuple[int, int]]:
    """Inode and time of every label map in a closed part; a file that is written anew changes."""
    ids = {row["id"] for row in batches.rows(out)}
    files = [out / "labels" / f"{picture}.png" for picture in ids]
    return {file: (file.stat().st_ino, file.stat().st_mtime_ns) for file in files}


def test_kill_at_every_kind_of_moment(
    photos: Path, unbroken: Path, repository: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    moments = [
        (".json", 1, "before"),
        (".json", 1, "after"),
        (".png", 1, "before"),
        (".png", 7, "after"),
        (".parquet", 1, "before"),
        (".parquet", 1, "after"),
        (".parquet", 2, "before"),
        (".png", 4, "before"),
    ]
    for suffix, number, moment in moments:
        before = finished_files(out)
        code = SUICIDE.format(suffix=suffix, number=number, moment=moment)
        process = batches.start(repository, str(photos), str(out), *OPTIONS, code=code)
        status, printed = batches.finish(process)
        assert status == -signal.SIGKILL, printed
        assert before.items() <= finished_files(out).items()
    before = finished_files(out)
    assert len(before) == 2 * 5

    status, printed = batches.finish(batches.start(repository, str(photos), str(out), *OPTIONS))

    assert status == 3, printed
    assert before.items() <= finished_files(out).items()
    require_equal(out, unbroken)
    runs = json.loads((out / "run.json").read_text())["runs"]
    assert [run["ended"] is None for run in runs] == [True] * (len(moments) - 1) + [False]
    assert runs[-1]["parsed"] == COUNT - len(before)


@pytest.mark.parametrize("label_maps", [1, 13])
def test_kill_from_outside(
    photos: Path, unbroken: Path, repository: Path, tmp_path: Path, label_maps: int
) -> None:
    out = tmp_path / "out"
    process = batches.start(repository, str(photos), str(out), *OPTIONS)
    until = time.monotonic() + 60
    while len(list(out.glob("labels/*/*.png"))) < label_maps and time.monotonic() < until:
        time.sleep(0.002)
    process.kill()
    batches.finish(process)

    status, printed = batches.finish(batches.start(repository, str(photos), str(out), *OPTIONS))

    assert status == 3, printed
    require_equal(out, unbroken)


def test_second_run_beside_the_first_is_refused(
    photos: Path, repository: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    process = batches.start(repository, str(photos), str(out), *OPTIONS)
    until = time.monotonic() + 60
    while not (out / "run.json").exists() and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(signal.SIGSTOP)
    try:
        second = batches.start(repository, str(photos), str(out), *OPTIONS)
        status, printed = batches.finish(second)
    finally:
        process.send_signal(signal.SIGCONT)

    assert status == 1
    assert "another run is writing to" in printed
    assert batches.finish(process)[0] == 3
