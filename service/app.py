"""The gateway's app: `create_app` builds one, `serve` runs it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI

import limn
from service.dependencies import RequestLimits
from service.handlers import answer_with_problems
from service.metrics import Metrics
from service.middleware import Admission, BodyLimit, RequestContext
from service.openapi import with_problem_types
from service.repository import ModelRepository
from service.routes import catalogue, documentation, operations, parse
from service.settings import Settings
from service.startup import start_pipeline

_DESCRIPTION = (
    "A photo of a person in, a map out that says for every pixel which body part or garment it"
    " shows. Errors are RFC 9457 problem documents."
)


def create_app(settings: Settings) -> FastAPI:
    """An app that loads its models when it starts and gives them back when it ends."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.pipeline = await start_pipeline(settings)
        try:
            yield
        finally:
            await app.state.pipeline.close()

    app = _Gateway(
        title="Limn",
        version=limn.__version__,
        summary="Human parsing",
        description=_DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.state.metrics = Metrics()
    app.state.limits = RequestLimits(settings.max_batch_images, settings.request_timeout_s)
    # The one added last is the first to see a request.
    app.add_middleware(BodyLimit, limit=settings.max_upload_bytes)
    app.add_middleware(
        Admission,
        prefix=parse.router.prefix,
        limit=settings.max_in_flight,
        metrics=app.state.metrics,
    )
    app.add_middleware(RequestContext, metrics=app.state.metrics)
    answer_with_problems(app)
    for routes in (parse, catalogue, operations, documentation):
        app.include_router(routes.router)
    app.mount("/static", documentation.FILES, name="static")
    return app


def serve(settings: Settings) -> None:
    """Run the app until it is told to stop; ContractError where the models are not whole."""
    # The lifespan reads them again: a fault should show as one line, before a port is taken.
    ModelRepository(settings.model_repository, settings.default_model)
    uvicorn.run(
        create_app(settings),
        host=settings.http_host,
        port=settings.http_port,
        log_level=settings.log_level,
        server_header=False,
    )


class _Gateway(FastAPI):
    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = with_problem_types(super().openapi())
        return self.openapi_schema
