"""OpenTelemetry: a span for every request, one below it for every stage, to a collector.

The SDK reads its own `OTEL_*` variables, for example for sampling. Names of attributes are those of
OpenTelemetry's semantic conventions for HTTP and RPC; ours begin with `limn.`.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

from starlette.types import ASGIApp, Message, Receive, Scope, Send

import limn
from service.errors import NotOffered
from service.log_context import log_fields
from service.stages import StageClock, clock_here

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span

_SERVER_FAULT = 500

Value = str | int


class Traced:
    """The span of one request; nothing where it is not recorded.

    Attributes:
        trace_id: 32 hexadecimal digits; None where nothing is recorded.
    """

    def __init__(self, span: "Span | None" = None, trace_id: str | None = None) -> None:
        self._span = span
        self.trace_id = trace_id

    def name(self, name: str) -> None:
        """What kind of request it turned out to be."""
        if self._span is not None:
            self._span.update_name(name)

    def set(self, **attributes: Value | None) -> None:
        """Attributes by name, with `__` for the dots; None is left out."""
        if self._span is not None:
            for name, value in attributes.items():
                if value is not None:
                    self._span.set_attribute(name.replace("__", "."), value)

    def failed(self) -> None:
        """It was the service's fault."""
        if self._span is not None:
            from opentelemetry.trace import StatusCode

            self._span.set_status(StatusCode.ERROR)


class Traces:
    """Records requests where a collector is named."""

    def __init__(self, endpoint: str | None) -> None:
        """Spans go to `endpoint`, OTLP over HTTP; without one nothing is recorded.

        Raises:
            NotOffered: OpenTelemetry is not installed.
        """
        self._provider = None if endpoint is None else _provider(endpoint)

    @contextmanager
    def request(self, name: str, carrier: Mapping[str, str]) -> Iterator[Traced]:
        """The span of a request, below the caller's own where `carrier` tells of it.

        Args:
            name: until more is known.
            carrier: headers or metadata, of which `traceparent` is read (W3C Trace Context).
        """
        if self._provider is None:
            yield Traced()
            return
        from opentelemetry.trace import SpanKind, format_trace_id
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        above = TraceContextTextMapPropagator().extract(carrier)
        tracer = self._provider.get_tracer("limn", limn.__version__)
        with tracer.start_as_current_span(
            name, above, SpanKind.SERVER, record_exception=False, set_status_on_exception=False
        ) as span:
            trace_id = format_trace_id(span.get_span_context().trace_id)
            with log_fields(trace_id=trace_id):
                try:
                    yield Traced(span, trace_id)
                finally:
                    clock = clock_here()
                    if clock is not None and span.is_recording():
                        self._stages(clock)

    def close(self) -> None:
        """Send what is left."""
        if self._provider is not None:
            self._provider.shutdown()

    def _stages(self, clock: StageClock) -> None:
        """A span below the current one for every block of work."""
        assert self._provider is not None
        tracer = self._provider.get_tracer("limn", limn.__version__)
        # Stages are measured by the clock that does not jump.
        origin = time.time_ns() - time.perf_counter_ns()
        for stage, start, end in clock.blocks:
            span = tracer.start_span(f"limn.{stage}", start_time=origin + round(start * 1e9))
            span.end(origin + round(end * 1e9))


def _provider(endpoint: str) -> "TracerProvider":
    if find_spec("opentelemetry.sdk") is None:
        raise NotOffered("LIMN_TRACES_ENDPOINT needs what limn[traces] installs")
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    resource = Resource.create({SERVICE_NAME: "limn", SERVICE_VERSION: limn.__version__})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    return provider


class TraceRequests:
    """Records HTTP requests; inside of `RequestContext`, which measures the stages."""

    def __init__(self, app: ASGIApp, traces: Traces) -> None:
        self.app = app
        self._traces = traces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        method = scope["method"]
        carrier = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        with self._traces.request(method, carrier) as traced:
            status = None
            if traced.trace_id is not None:
                scope["state"]["trace_id"] = traced.trace_id

            async def noted(message: Message) -> None:
                nonlocal status
                if message["type"] == "http.response.start":
                    status = message["status"]
                await send(message)

            try:
                await self.app(scope, receive, noted)
            finally:
                route = getattr(scope.get("route"), "path", None)
                state = scope.get("state", {})
                if route is not None:
                    traced.name(f"{method} {route}")
                traced.set(
                    http__request__method=method,
                    http__route=route,
                    http__response__status_code=status,
                    error__type=state.get("problem"),
                    limn__request_id=state.get("request_id"),
                )
                if status is None or status >= _SERVER_FAULT:
                    traced.failed()
