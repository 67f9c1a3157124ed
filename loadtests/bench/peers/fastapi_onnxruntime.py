"""FastAPI and ONNX Runtime, as written by hand: two uvicorn workers with a session each."""

from typing import Annotated

import uvicorn
from fastapi import Body, FastAPI, Response

from loadtests.bench.peers.work import onnx_parser, port

WORKERS = 2


def create_app() -> FastAPI:
    app = FastAPI()
    parser = onnx_parser()

    # Not a coroutine: FastAPI runs it in a thread, and the event loop stays free.
    @app.post("/parse")
    def parse(jpeg: Annotated[bytes, Body(media_type="image/jpeg")]) -> Response:
        return Response(parser.parse(jpeg), media_type="image/png")

    return app


if __name__ == "__main__":
    uvicorn.run(
        f"{__spec__.name}:create_app",
        factory=True,
        port=port(),
        workers=WORKERS,
        log_level="warning",
    )
