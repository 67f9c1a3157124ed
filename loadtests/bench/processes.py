"""A server as a tree of processes: started, watched, and ended with all of its children."""

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from loadtests.bench.roster import Program

STOP_S = 10.0


@dataclass(frozen=True)
class Usage:
    """What processes hold: resident memory in MB, file descriptors, threads."""

    memory_mb: float
    descriptors: int
    threads: int


def free_port() -> int:
    """A port of the loopback address that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Tree:
    """A running process and its descendants, those that have lost their parent among them."""

    def __init__(self, program: Program, process: subprocess.Popen[bytes], log: Path) -> None:
        self._program = program
        self._process = process
        self._log = log
        self._known: dict[int, psutil.Process] = {}

    def members(self) -> list[psutil.Process]:
        """All that run, the launcher left out where it is only that."""
        with suppress(psutil.NoSuchProcess):
            root = psutil.Process(self._process.pid)
            own = [] if self._program.is_only_launcher else [root]
            for each in (*own, *root.children(recursive=True)):
                self._known.setdefault(each.pid, each)
        return [each for each in self._known.values() if each.is_running()]

    def cpu_s(self) -> float:
        """User and system seconds so far."""
        total = 0.0
        for each in self.members():
            with suppress(psutil.Error):
                times = each.cpu_times()
                total += times.user + times.system
        return total

    def memory_mib(self) -> float:
        """Proportional set size: what several processes share counts once."""
        total = 0
        for each in self.members():
            with suppress(psutil.Error):
                total += each.memory_full_info().pss
        return total / 2**20

    def usage(self) -> Usage:
        """Now; cheap enough to be asked often, and what several processes share counts for each."""
        memory, descriptors, threads = 0, 0, 0
        for each in self.members():
            with suppress(psutil.Error), each.oneshot():
                memory += each.memory_info().rss
                descriptors += each.num_fds()
                threads += each.num_threads()
        return Usage(memory / 1e6, descriptors, threads)

    def signal(self, number: signal.Signals) -> None:
        """To the process that was started."""
        self._process.send_signal(number)

    def wait(self) -> int:
        """Until it has ended; its exit status."""
        return self._process.wait(STOP_S)

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def last_words(self) -> str:
        """The end of its log."""
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-25:])

    def stop(self) -> None:
        """Ask, wait, and then end whatever is left."""
        members = self.members()
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_S)
        _, alive = psutil.wait_procs(members, timeout=1)
        for each in alive:
            with suppress(psutil.NoSuchProcess):
                each.kill()
        psutil.wait_procs(alive, timeout=STOP_S)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


@contextmanager
def started(program: Program, folder: Path, log: Path) -> Iterator[Tree]:
    """A process group inside the block; `folder` is where it runs, `log` what it says."""
    with log.open("wb") as file:
        process = subprocess.Popen(  # noqa: S603 - our own command lines
            program.command,
            cwd=folder,
            env={**_inherited(), **program.variables},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            process_group=0,
        )
    tree = Tree(program, process, log)
    try:
        yield tree
    finally:
        tree.stop()


def _inherited() -> dict[str, str]:
    """Without settings of Limn and of the Python that measures."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("LIMN_", "PYTHON", "VIRTUAL_ENV"))
    }
