"""The gateway's app."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

import limn
from service.access import Access, AccessGate
from service.admission import Admission
from service.attendance import TIMEOUT_HEADER, Attendance
from service.body_pace import BodyPace
from service.dependencies import RequestLimits
from service.handlers import answer_with_problems
from service.kserve.access import AccessInterceptor
from service.kserve.http_messages import HEADER_LENGTH
from service.kserve.inference import InferenceService
from service.kserve.server import grpc_server
from service.kserve.servicer import InferenceServicer
from service.metrics import Metrics
from service.middleware import AdmissionGate, BodyLimit, RequestContext
from service.openapi import with_problem_types
from service.rate_gate import RateGate
from service.rates import Rates
from service.routes import catalogue, documentation, kserve, operations, parse
from service.security_headers import SecurityHeaders
from service.settings import Settings
from service.startup import start_pipeline

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
    "Retry-After",
    "RateLimit",
    "RateLimit-Policy",
    HEADER_LENGTH,
)
"""Headers that pages of other origins may send and see."""


def create_app(settings: Settings) -> FastAPI:
    """An app that loads its models and serves gRPC when it starts, and gives all back at its end.

    `app.state.grpc_port` is where gRPC listens, while the app runs.
    """
    metrics = Metrics()
    admission = Admission(settings.max_in_flight, settings.max_body_bytes_in_flight, metrics)
    access = Access(settings.keys_file)
    per_minute = settings.rate_limit_per_minute
    rates = Rates(per_minute) if per_minute else None

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        state = app.state
        state.pipeline = await start_pipeline(settings)
        metrics.cost_in_flight.set_function(lambda: state.pipeline.budget.taken)
        state.inference = InferenceService(
            state.pipeline, settings.max_batch_images, settings.request_timeout_s
        )
        servicer = InferenceServicer(state.inference, admission, access, rates, metrics)
        try:
            async with grpc_server(
                servicer,
                AccessInterceptor(access, metrics),
                settings.tls,
                settings.grpc_host,
                settings.grpc_port,
                max_message_bytes=settings.max_upload_bytes,
                max_calls=settings.max_in_flight,
            ) as state.grpc_port:
                yield
        finally:
            await state.pipeline.close()

    app = _Gateway(
        title="Limn",
        version=limn.__version__,
        summary="Human parsing",
        description=_DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.state.metrics = metrics
    app.state.limits = RequestLimits(
        settings.max_upload_bytes, settings.max_batch_images, settings.request_timeout_s
    )
    # The one added last is the first to see a request.
    app.add_middleware(AdmissionGate, paths=_ADMITTED, admission=admission)
    app.add_middleware(Attendance, paths=_ADMITTED)
    if rates is not None:
        app.add_middleware(RateGate, paths=_ADMITTED, rates=rates)
    app.add_middleware(BodyLimit, limit=settings.max_upload_bytes)
    app.add_middleware(
        BodyPace,
        timeout_s=settings.request_timeout_s,
        min_rate=settings.min_upload_bytes_per_s,
    )
    app.add_middleware(AccessGate, access=access)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=("GET", "POST"),
            allow_headers=_CORS_SENT,
            expose_headers=_CORS_SHOWN,
        )
    app.add_middleware(SecurityHeaders)
    app.add_middleware(RequestContext, metrics=metrics)
    answer_with_problems(app)
    for routes in (parse, kserve, catalogue, operations, documentation):
        app.include_router(routes.router)
    app.mount("/static", documentation.FILES, name="static")
    return app


class _Gateway(FastAPI):
    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = with_problem_types(super().openapi())
        return self.openapi_schema
