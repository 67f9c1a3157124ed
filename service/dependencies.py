"""What routes ask for, taken from the app they are mounted in.

All are coroutines: FastAPI would call anything else in a thread.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from service.access import Access
from service.deadline import Deadline
from service.kserve.inference import InferenceService
from service.metrics import Metrics
from service.pipeline import ParsingPipeline
from service.serving import Generation, Serving
from service.watchdog import Watchdog


@dataclass(frozen=True)
class RequestLimits:
    """Bounds on one request: bytes, images in a batch, seconds to send and to answer."""

    max_body_bytes: int
    max_batch_images: int
    timeout_s: float


async def _serving(request: Request) -> Serving:
    serving: Serving = request.app.state.serving
    return serving


ServingOf = Annotated[Serving, Depends(_serving)]


async def _generation(serving: ServingOf) -> AsyncIterator[Generation]:
    """Held until the answer is sent, whatever is reloaded in between."""
    with serving.current.used() as generation:
        yield generation


GenerationOf = Annotated[Generation, Depends(_generation)]


async def _pipeline(generation: GenerationOf) -> ParsingPipeline:
    return generation.pipeline


async def _inference(generation: GenerationOf) -> InferenceService:
    return generation.inference


async def _access(request: Request) -> Access:
    access: Access = request.app.state.access
    return access


async def _watchdog(request: Request) -> Watchdog:
    watchdog: Watchdog = request.app.state.watchdog
    return watchdog


async def _limits(request: Request) -> RequestLimits:
    limits: RequestLimits = request.app.state.limits
    return limits


async def _metrics(request: Request) -> Metrics:
    metrics: Metrics = request.app.state.metrics
    return metrics


async def _deadline(request: Request) -> Deadline:
    deadline: Deadline = request.state.deadline
    return deadline


PipelineOf = Annotated[ParsingPipeline, Depends(_pipeline)]
InferenceOf = Annotated[InferenceService, Depends(_inference)]
AccessOf = Annotated[Access, Depends(_access)]
WatchdogOf = Annotated[Watchdog, Depends(_watchdog)]
LimitsOf = Annotated[RequestLimits, Depends(_limits)]
MetricsOf = Annotated[Metrics, Depends(_metrics)]
DeadlineOf = Annotated[Deadline, Depends(_deadline)]
