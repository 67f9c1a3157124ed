"""`make triton`: a local Triton over the built repository, until Ctrl-C. For loopback tests alone.

    python tools/triton.py REPOSITORY

The repository is as `limn repository build --platform python` writes it; the log stays beside it.
"""

import signal
import sys
from pathlib import Path

from export.triton.local import LocalTriton, Ports, local_triton
from limn.errors import LimnError

PORTS = Ports(http=8010, grpc=8011, metrics=8012)


def serve(repository: Path) -> None:
    """Wait for the server's end or ours."""
    work = repository.with_name(f"{repository.name}-server")
    work.mkdir(exist_ok=True)
    with local_triton(repository, work, PORTS) as triton:
        announce(triton)
        triton.process.wait()
        sys.exit(f"Triton ended with status {triton.process.returncode}, see {triton.log}")


def announce(triton: LocalTriton) -> None:
    print(
        f"Triton is ready: HTTP {triton.http}, gRPC {triton.grpc}, {triton.metrics};"
        f" log in {triton.log}; Ctrl-C stops it",
        flush=True,
    )


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        serve(Path(sys.argv[1]))
    except LimnError as error:
        sys.exit(f"Error: {error}")
    except KeyboardInterrupt:
        print("Triton has stopped")
