"""BentoML: two workers, started by its own command."""

import os
import sys
from typing import Annotated

import bentoml
from bentoml.validators import ContentType

from loadtests.bench.peers.work import onnx_parser, port

WORKERS = 2

# A worker gets whole connections, so one may have to work on two photos while the other has none.
THREADS = 2


@bentoml.service(
    workers=WORKERS,
    threads=THREADS,
    traffic={"timeout": 60},
    logging={"access": {"enabled": False}},
)
class ParserService:
    """One parser per worker."""

    def __init__(self) -> None:
        self._parser = onnx_parser()

    @bentoml.api  # type: ignore[untyped-decorator]
    def parse(self, jpeg: bytes, /) -> Annotated[bytes, ContentType("image/png")]:
        return self._parser.parse(jpeg)


if __name__ == "__main__":
    service = f"{__spec__.name}:ParserService"
    options = ["--host", "127.0.0.1", "--port", str(port())]
    os.execv(sys.executable, [sys.executable, "-m", "bentoml", "serve", service, *options])  # noqa: S606
