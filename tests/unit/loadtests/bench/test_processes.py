"""Processes that are started, watched and ended with all of their children."""

import sys
import time
from pathlib import Path

import psutil

from loadtests.bench.processes import started
from loadtests.bench.roster import Program

CHILD = """
import time
while time.process_time() < 0.2:
    pass
print("ready", flush=True)
time.sleep(60)
"""
PARENT = f"""
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", {CHILD!r}])
time.sleep(60)
"""


def wait_for(file: Path, words: str) -> None:
    deadline = time.monotonic() + 20
    while words not in file.read_text():
        assert time.monotonic() < deadline, file.read_text()
        time.sleep(0.02)


def test_children_count_and_end_with_their_parent(tmp_path: Path) -> None:
    program = Program([sys.executable, "-c", PARENT])

    with started(program, tmp_path, tmp_path / "log") as tree:
        wait_for(tmp_path / "log", "ready")
        members = tree.members()
        assert len(members) == 2
        assert tree.cpu_s() >= 0.2
        assert 5 < tree.memory_mib() < 200
        assert not tree.has_ended

    assert not any(psutil.pid_exists(each.pid) and each.is_running() for each in members)
    assert tree.has_ended


def test_launcher_is_not_measured(tmp_path: Path) -> None:
    program = Program([sys.executable, "-c", PARENT], is_only_launcher=True)

    with started(program, tmp_path, tmp_path / "log") as tree:
        wait_for(tmp_path / "log", "ready")
        assert len(tree.members()) == 1


def test_last_words_are_kept(tmp_path: Path) -> None:
    program = Program([sys.executable, "-c", "raise SystemExit('no such model')"])

    with started(program, tmp_path, tmp_path / "log") as tree:
        wait_for(tmp_path / "log", "no such model")

    assert tree.last_words() == "no such model"
