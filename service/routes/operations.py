"""Health, metrics and version: what operators and their machines ask."""

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST

import limn
from service.dependencies import MetricsOf, PipelineOf
from service.errors import EngineUnavailable
from service.openapi import problem_responses
from service.schemas import Health, Version

router = APIRouter(tags=["operations"])

_OK = Health(status="ok")


@router.get("/livez")
async def live() -> Health:
    """The process runs."""
    return _OK


@router.get("/startupz")
async def started() -> Health:
    """Every model is loaded and warm; before that nothing is answered at all."""
    return _OK


@router.get("/readyz", responses=problem_responses(503))
async def ready(pipeline: PipelineOf) -> Health:
    """The engine would answer now."""
    if not await pipeline.engine.ready():
        raise EngineUnavailable("the engine is not ready")
    return _OK


@router.get("/metrics", response_class=Response)
async def metrics(metrics: MetricsOf) -> Response:
    """Prometheus exposition."""
    return Response(metrics.exposition(), media_type=CONTENT_TYPE_LATEST)


@router.get("/version")
async def version() -> Version:
    """Name and version of this software."""
    return Version(name="limn", version=limn.__version__)
