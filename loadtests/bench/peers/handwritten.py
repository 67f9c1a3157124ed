"""What people write around a model by hand: a FastAPI route, and uvicorn with two workers."""

from typing import Annotated

import uvicorn
from fastapi import Body, FastAPI, Response

from loadtests.bench.peers.work import Parser, port

WORKERS = 2


def app_of(parser: Parser) -> FastAPI:
    app = FastAPI()

    # Not a coroutine: FastAPI runs it in a thread, and the event loop stays free.
    @app.post("/parse")
    def parse(jpeg: Annotated[bytes, Body(media_type="image/jpeg")]) -> Response:
        return Response(parser.parse(jpeg), media_type="image/png")

    return app


def serve(factory: str) -> None:
    """Serve what `module:function` makes, in every worker."""
    uvicorn.run(factory, factory=True, port=port(), workers=WORKERS, log_level="warning")
