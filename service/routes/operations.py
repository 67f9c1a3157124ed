"""Health, metrics and version: what operators and their machines ask."""

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST

import limn
from limn.wire import Health, Version
from service.dependencies import MetricsOf, ServingOf, WatchdogOf
from service.errors import EngineUnavailable, WorkersStuck
from service.openapi import METRICS_RESPONSES, problem_responses

router = APIRouter(tags=["operations"])

_OK = Health(status="ok")


@router.get("/livez", responses=problem_responses(503))
async def live(watchdog: WatchdogOf) -> Health:
    """The process runs; it fails for what a restart cures, and for nothing else."""
    if not watchdog.is_alive:
        raise WorkersStuck("no worker comes back from its step")
    return _OK


@router.get("/startupz", responses=problem_responses(503))
async def started(serving: ServingOf) -> Health:
    """Every model is loaded, and has run at every size; before that the port is not open."""
    if not serving.is_started:
        raise EngineUnavailable("the models are being loaded")
    return _OK


@router.get("/readyz", responses=problem_responses(503))
async def ready(serving: ServingOf) -> Health:
    """A request would be answered now: the engine is up, and the service is not stopping."""
    if serving.is_stopping:
        raise EngineUnavailable("the service is stopping")
    if not await serving.ready():
        raise EngineUnavailable("the engine is not ready")
    return _OK


@router.get("/metrics", response_class=Response, responses=METRICS_RESPONSES)
async def metrics(metrics: MetricsOf) -> Response:
    """Prometheus exposition."""
    return Response(metrics.exposition(), media_type=CONTENT_TYPE_LATEST)


@router.get("/version")
async def version() -> Version:
    """Name and version of this software."""
    return Version(name="limn", version=limn.__version__)
