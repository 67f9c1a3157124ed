"""The gateway's apps: what answers clients, and what answers operators."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from anyio import to_thread
from fastapi import FastAPI
from starlette.datastructures import State
from starlette.middleware.cors import CORSMiddleware

import limn
from limn.wire import BOXES_HEADER
from service import heap
from service.access import Access, AccessGate
from service.admission import Admission
from service.attendance import TIMEOUT_HEADER, Attendance
from service.body_pace import BodyPace
from service.dependencies import RequestLimits
from service.handlers import answer_with_problems
from service.kserve.access import AccessInterceptor
from service.kserve.http_messages import HEADER_LENGTH
from service.kserve.server import grpc_server
from service.kserve.servicer import InferenceServicer
from service.metrics import Metrics
from service.middleware import AdmissionGate, BodyLimit, RequestContext
from service.openapi import completed
from service.opening import Opening
from service.rate_gate import RateGate
from service.rates import Rates
from service.routes import admin, catalogue, documentation, kserve, operations, page, parse
from service.security_headers import SecurityHeaders
from service.serving import Serving
from service.settings import Settings
from service.traces import TraceRequests, Traces
from service.watchdog import Watchdog

_DESCRIPTION = (
    "A photo of a person in, a map out that says for every pixel which body part or garment it"
    " shows. Errors are RFC 9457 problem documents."
)

_ADMITTED = re.compile(r"/v1/parse|/v2/models/.+/infer$")
"""Paths whose requests cost work."""

_CORS_SENT = ("Authorization", "Content-Type", "X-Request-Id", TIMEOUT_HEADER, HEADER_LENGTH)
_CORS_SHOWN = (
    "X-Request-Id",
    "Server-Timing",
    BOXES_HEADER,
    "Retry-After",
    "RateLimit",
    "RateLimit-Policy",
    HEADER_LENGTH,
)
"""Headers that pages of other origins may send and see."""

_NO_BODY = 1_024
"""Bytes; nothing that operators ask has a body to speak of."""


def create_app(settings: Settings, opening: Opening | None = None) -> FastAPI:
    """An app that loads its models and serves gRPC when it starts, and gives all back at its end.

    `opening` is that of the models, if it has begun.
    `app.state.grpc_port` is where gRPC listens, while the app runs.
    """
    app = _Gateway(
        title="Limn",
        version=limn.__version__,
        summary="Human parsing",
        description=_DESCRIPTION,
        lifespan=partial(_lifespan, settings=settings),
        docs_url=None,
        redoc_url=None,
    )
    _set_state(app.state, settings, opening)
    _add_middleware(app, settings)
    answer_with_problems(app)
    for routes in (parse, kserve, catalogue, documentation, page):
        app.include_router(routes.router)
    if settings.operations_port is None:
        _include_operations(app)
    app.mount("/static", documentation.FILES, name="static")
    return app


def create_operations_app(gateway: FastAPI) -> FastAPI:
    """Health, metrics and administration of a gateway, for a port of their own."""
    app = FastAPI(title="Limn operations", docs_url=None, redoc_url=None, openapi_url=None)
    app.state = gateway.state
    app.add_middleware(BodyLimit, limit=_NO_BODY)
    app.add_middleware(AccessGate, access=app.state.access)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(RequestContext, metrics=app.state.metrics)
    answer_with_problems(app)
    _include_operations(app)
    return app


def _include_operations(app: FastAPI) -> None:
    for routes in (operations, admin):
        app.include_router(routes.router)


def _set_state(state: State, settings: Settings, opening: Opening | None) -> None:
    """What routes ask for; see `service.dependencies`."""
    per_minute = settings.rate_limit_per_minute
    state.metrics = Metrics()
    state.traces = Traces(settings.traces_endpoint)
    state.access = Access(settings.keys_file)
    state.rates = Rates(per_minute) if per_minute else None
    state.admission = Admission(
        settings.max_in_flight, settings.max_body_bytes_in_flight, state.metrics
    )
    state.serving = Serving(settings, state.access, state.metrics, opening)
    state.watchdog = Watchdog(state.serving.resources.workers)
    state.limits = RequestLimits(
        settings.max_upload_bytes, settings.max_batch_images, settings.request_timeout_s
    )


@asynccontextmanager
async def _lifespan(app: FastAPI, settings: Settings) -> AsyncIterator[None]:
    state = app.state
    servicer = InferenceServicer(
        state.serving,
        state.admission,
        state.access,
        state.rates,
        state.metrics,
        state.traces,
        settings.request_timeout_s,
    )
    async with (
        state.serving.running(),
        state.watchdog.watching(),
        heap.giving_back(),
        grpc_server(
            servicer,
            AccessInterceptor(state.access, state.metrics),
            settings.tls,
            settings.grpc_host,
            settings.grpc_port,
            max_message_bytes=settings.max_upload_bytes,
            max_calls=settings.max_in_flight,
            stopping=state.serving.stopping,
            grace_s=settings.shutdown_timeout_s,
        ) as state.grpc_port,
    ):
        yield
    await to_thread.run_sync(state.traces.close)


def _add_middleware(app: FastAPI, settings: Settings) -> None:
    """The one added last is the first to see a request."""
    state = app.state
    app.add_middleware(AdmissionGate, paths=_ADMITTED, admission=state.admission)
    app.add_middleware(Attendance, paths=_ADMITTED)
    if state.rates is not None:
        app.add_middleware(RateGate, paths=_ADMITTED, rates=state.rates)
    app.add_middleware(BodyLimit, limit=settings.max_upload_bytes)
    app.add_middleware(
        BodyPace,
        timeout_s=settings.request_timeout_s,
        min_rate=settings.min_upload_bytes_per_s,
    )
    app.add_middleware(AccessGate, access=state.access)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=("GET", "POST"),
            allow_headers=_CORS_SENT,
            expose_headers=_CORS_SHOWN,
        )
    app.add_middleware(SecurityHeaders)
    app.add_middleware(TraceRequests, traces=state.traces)
    app.add_middleware(RequestContext, metrics=state.metrics)


class _Gateway(FastAPI):
    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = completed(super().openapi(), self.state.access.is_restricted)
        return self.openapi_schema
