"""`limn serve` on free ports of the loopback address, started for a load test and ended with it."""

import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from loadtests.bench.processes import Tree, free_port, started
from loadtests.bench.roster import ROOT, Program
from loadtests.server import CannotMeasure

START_S = 60.0
POLL_S = 0.02


class Ports(NamedTuple):
    """Of a server on the loopback address."""

    http: int
    grpc: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http}"


@dataclass(frozen=True)
class OwnServer:
    """A server that is ready; `ready_s` is how long that took from its start."""

    ports: Ports
    tree: Tree
    ready_s: float


def is_ready(ports: Ports) -> bool:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{ports.http}/readyz", timeout=5).close()
    except OSError:
        return False
    return True


@contextmanager
def own_server(
    folder: Path, settings: Mapping[str, str] | None = None, start_s: float = START_S
) -> Iterator[OwnServer]:
    """Serve the shipped models inside the block; `folder` is for the log.

    Args:
        settings: `LIMN_*` variables beside the ports.
        start_s: how long it may take until it is ready.

    Raises:
        CannotMeasure: it ended, or was not ready in time; with the end of its log.
    """
    ports = Ports(free_port(), free_port())
    variables = {"LIMN_HTTP_PORT": str(ports.http), "LIMN_GRPC_PORT": str(ports.grpc)}
    program = Program(
        [Path(sys.executable).with_name("limn"), "serve"], variables | dict(settings or {})
    )
    begin = time.monotonic()
    with started(program, ROOT, folder / "limn.log") as tree:
        while not is_ready(ports):
            if tree.has_ended or time.monotonic() > begin + start_s:
                raise CannotMeasure(f"the server did not start:\n{tree.last_words()}")
            time.sleep(POLL_S)
        yield OwnServer(ports, tree, time.monotonic() - begin)
