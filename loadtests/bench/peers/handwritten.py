"""What people write around a model by hand: a FastAPI route, and uvicorn with two workers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import uvicorn
from anyio.to_thread import current_default_thread_limiter
from fastapi import Body, FastAPI, Response

from loadtests.bench.peers.work import Parser, port

WORKERS = 2

# A worker gets whole connections, so one may have to work on two photos while the other has none;
# more at a time would only take memory and caches from each other.
THREADS = 2


@asynccontextmanager
async def few_threads(app: FastAPI) -> AsyncIterator[None]:
    current_default_thread_limiter().total_tokens = THREADS
    yield


def app_of(parser: Parser) -> FastAPI:
    app = FastAPI(lifespan=few_threads)

    # Not a coroutine: FastAPI runs it in a thread, and the event loop stays free.
    @app.post("/parse")
    def parse(jpeg: Annotated[bytes, Body(media_type="image/jpeg")]) -> Response:
        return Response(parser.parse(jpeg), media_type="image/png")

    return app


def serve(factory: str) -> None:
    """Serve what `module:function` makes, in every worker."""
    uvicorn.run(factory, factory=True, port=port(), workers=WORKERS, log_level="warning")
