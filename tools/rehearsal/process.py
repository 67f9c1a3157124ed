"""Commands of limn in processes of their own, and a training that is killed and goes on."""

import csv
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil

from tools.rehearsal.layout import EPOCHS, PHOTOS
from tools.rehearsal.results import Training

LOOK_EVERY = 0.02
"""Seconds between two looks at what a training process has written."""


def command_of(*arguments: str | Path) -> list[str]:
    return [str(Path(sys.executable).with_name("limn")), *map(str, arguments)]


def run_command(log: Path, *arguments: str | Path) -> tuple[int, str]:
    """A command of limn to its end: its status, and everything it said."""
    done = subprocess.run(  # noqa: S603 - our own command line
        command_of(*arguments), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    with log.open("a") as file:
        file.write(done.stdout)
    return done.returncode, done.stdout


def reason(said: str) -> str:
    """What a command that failed gave as its reason, on one line."""
    return " ".join(said[said.rfind("Error: ") :].split())


class TrainingProcess:
    """`limn train` in a process of its own, which is watched."""

    def __init__(self, folder: Path) -> None:
        self.peak_bytes = 0
        with (folder / "log.txt").open("a") as log:
            self.process = subprocess.Popen(  # noqa: S603 - our own command line
                command_of("train", folder / "config.toml", "--run", folder / "run"),
                stdout=log,
                stderr=log,
            )

    def seconds_until(self, path: Path) -> float:
        """CPU seconds, of all threads, that it has used when `path` appears.

        Raises:
            ChildProcessError: it ended before.
        """
        seen = psutil.Process(self.process.pid)
        while not path.exists():
            if seen.status() == psutil.STATUS_ZOMBIE:
                self.end()
                raise ChildProcessError(f"limn train ended before it wrote {path}")
            time.sleep(LOOK_EVERY)
        times = seen.cpu_times()
        return times.user + times.system

    def end(self) -> int:
        """Wait for its end; its status, with what its memory came to in `peak_bytes`."""
        _, status, usage = os.wait4(self.process.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        self.peak_bytes = usage.ru_maxrss * 1024
        return self.process.returncode


def rows_of(run_folder: Path) -> list[dict[str, str]]:
    with (run_folder / "history.csv").open() as file:
        return list(csv.DictReader(file))


def train(folder: Path) -> Training:
    """Kill it when the checkpoint of epoch 1 is there, start it again and let it end.

    Epoch 1 is not validated, so that between the facts of the run and its history there is
    nothing but training.

    Raises:
        ChildProcessError: a process failed.
    """
    run_folder = folder / "run"
    first = TrainingProcess(folder)
    started = first.seconds_until(run_folder / "environment.json")
    ended = first.seconds_until(run_folder / "history.csv")
    first.seconds_until(run_folder / "last.pt")
    first.process.kill()
    first.end()
    before = rows_of(run_folder)
    second = TrainingProcess(folder)
    if second.end():
        raise ChildProcessError("limn train failed when it was started again")
    after = rows_of(run_folder)
    common = before[0].keys()
    unchanged = {key: after[0][key] for key in common} == before[0]
    return Training(
        [float(row["loss"]) for row in after],
        unchanged and (len(before), len(after)) == (1, EPOCHS),
        (ended - started) / PHOTOS["train"],
        max(first.peak_bytes, second.peak_bytes),
    )
