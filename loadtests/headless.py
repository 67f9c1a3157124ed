"""`make load`: locust against the server that runs here, or against one started for it.

    python -m loadtests.headless LOCUST --pattern spike --duration 30

LOCUST is the command; what follows is given to it. Asks the loopback address alone. Exits as locust
does: with 0 where the load passes.
"""

import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from loadtests.bench.processes import free_port, started
from loadtests.bench.roster import ROOT, Program
from loadtests.server import CannotMeasure

START_S = 60.0


class Ports(NamedTuple):
    """Of a server on the loopback address."""

    http: int
    grpc: int


USUAL = Ports(8080, 8001)


def is_ready(ports: Ports) -> bool:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{ports.http}/readyz", timeout=5).close()
    except OSError:
        return False
    return True


@contextmanager
def server(folder: Path) -> Iterator[Ports]:
    """The one on the usual ports if it is ready; else one of our own, until the block is left."""
    if is_ready(USUAL):
        print(f"asking the server on port {USUAL.http}", flush=True)
        yield USUAL
        return
    ports = Ports(free_port(), free_port())
    variables = {"LIMN_HTTP_PORT": str(ports.http), "LIMN_GRPC_PORT": str(ports.grpc)}
    program = Program([Path(sys.executable).with_name("limn"), "serve"], variables)
    print(f"nobody is ready on port {USUAL.http}: starting a server", flush=True)
    with started(program, ROOT, folder / "limn.log") as tree:
        deadline = time.monotonic() + START_S
        while not is_ready(ports):
            if tree.has_ended or time.monotonic() > deadline:
                raise CannotMeasure(f"the server did not start:\n{tree.last_words()}")
            time.sleep(0.1)
        yield ports


def main() -> int:
    locust, *arguments = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder, server(Path(folder)) as ports:
        done = subprocess.run(  # noqa: S603 - our own command line
            [
                *(locust, "--locustfile", ROOT / "loadtests/locustfile.py", "--headless"),
                *("--only-summary", "--host", f"http://127.0.0.1:{ports.http}"),
                *("--grpc", f"127.0.0.1:{ports.grpc}", *arguments),
            ],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            check=False,
        )
    return done.returncode


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CannotMeasure as error:
        sys.exit(f"Error: {error}")
