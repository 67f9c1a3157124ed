"""What routes ask for, taken from the app they are mounted in.

All are coroutines: FastAPI would call anything else in a thread.
"""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from service.deadline import Deadline
from service.metrics import Metrics
from service.pipeline import ParsingPipeline


@dataclass(frozen=True)
class RequestLimits:
    """Bounds on one request: bytes, images in a batch, seconds to send and to answer."""

    max_body_bytes: int
    max_batch_images: int
    timeout_s: float


async def _pipeline(request: Request) -> ParsingPipeline:
    pipeline: ParsingPipeline = request.app.state.pipeline
    return pipeline


async def _limits(request: Request) -> RequestLimits:
    limits: RequestLimits = request.app.state.limits
    return limits


async def _metrics(request: Request) -> Metrics:
    metrics: Metrics = request.app.state.metrics
    return metrics


def _deadline(request: Request) -> Deadline:
    deadline: Deadline = request.state.deadline
    return deadline


PipelineOf = Annotated[ParsingPipeline, Depends(_pipeline)]
LimitsOf = Annotated[RequestLimits, Depends(_limits)]
MetricsOf = Annotated[Metrics, Depends(_metrics)]
DeadlineOf = Annotated[Deadline, Depends(_deadline)]
