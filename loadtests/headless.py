"""`make load`: locust against the server that runs here, or against one started for it.

    python -m loadtests.headless LOCUST --pattern spike --duration 30

LOCUST is the command; what follows is given to it. Asks the loopback address alone. Exits as locust
does: with 0 where the load passes.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loadtests.bench.roster import ROOT
from loadtests.own_server import Ports, is_ready, own_server
from loadtests.server import CannotMeasure

USUAL = Ports(8080, 8001)


@contextmanager
def server(folder: Path) -> Iterator[Ports]:
    """The one on the usual ports if it is ready; else one of our own, until the block is left."""
    if is_ready(USUAL):
        print(f"asking the server on port {USUAL.http}", flush=True)
        yield USUAL
        return
    print(f"nobody is ready on port {USUAL.http}: starting a server", flush=True)
    with own_server(folder) as own:
        yield own.ports


def main() -> int:
    locust, *arguments = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder, server(Path(folder)) as ports:
        done = subprocess.run(  # noqa: S603 - our own command line
            [
                *(locust, "--locustfile", ROOT / "loadtests/locustfile.py", "--headless"),
                *("--only-summary", "--host", ports.url),
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
