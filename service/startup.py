"""From settings to a pipeline that is ready to parse."""

from dataclasses import dataclass
from typing import Self

from anyio import to_thread

from limn.errors import DeviceUnavailable
from service.budget import WorkBudget
from service.engines.embedded import EmbeddedEngine
from service.engines.protocol import Engine
from service.engines.triton.engine import TritonEngine
from service.memory import MemoryBudget
from service.metrics import Metrics
from service.opening import Opened, Opening
from service.parameters import ParseLimits
from service.pipeline import ParsingPipeline
from service.settings import Settings
from service.workers import Workers


@dataclass(frozen=True)
class Resources:
    """What a machine has once, however many pipelines come after each other."""

    workers: Workers
    budget: WorkBudget
    memory: MemoryBudget
    metrics: Metrics

    @classmethod
    def of(cls, settings: Settings, metrics: Metrics | None = None) -> Self:
        """Without `metrics` it has its own, which nobody reads."""
        resources = cls(
            Workers(settings.sessions),
            WorkBudget(settings.max_cost),
            MemoryBudget(settings.max_image_bytes_in_flight),
            metrics or Metrics(),
        )
        resources._show()
        return resources

    def _show(self) -> None:
        """Let metrics ask for what changes all the time."""
        self.metrics.workers.set(self.workers.count)
        self.metrics.workers_busy.set_function(lambda: self.workers.count - self.workers.idle)
        self.metrics.cost_limit.set(self.budget.limit)
        self.metrics.cost_in_flight.set_function(lambda: self.budget.taken)
        self.metrics.image_bytes_in_flight.set_function(lambda: self.memory.taken)


async def start_pipeline(
    settings: Settings, resources: Resources | None = None, opening: Opening | None = None
) -> ParsingPipeline:
    """Open the models, start the engine; raises what `Opening.opened` does.

    A Triton that is not there yet may come. Without `resources` it has its own, and it opens the
    models now unless that has begun.
    """
    opening = opening or Opening(settings)
    resources = resources or Resources.of(settings)
    opened = await to_thread.run_sync(opening.opened)
    return ParsingPipeline(
        opened.repository,
        await _engine(settings, opened, resources),
        opened.finder,
        resources.workers,
        resources.budget,
        resources.memory,
        settings.image_limits,
        ParseLimits(
            settings.max_boxes, settings.max_scales, settings.min_scale, settings.max_scale
        ),
        resources.metrics.labelled,
        resources.metrics.found,
    )


def require_device(settings: Settings) -> None:
    """DeviceUnavailable where the settings ask for a GPU that this machine does not have."""
    if settings.engine == "embedded" and settings.device == "cuda":
        try:
            from service.engines.device.engine import require
        except ImportError as exc:
            raise DeviceUnavailable(
                f"a GPU needs what limn[gpu] installs: {exc}; LIMN_DEVICE=cpu runs without it"
            ) from exc
        require(settings.device)


async def _engine(settings: Settings, opened: Opened, resources: Resources) -> Engine:
    repository, workers, metrics = opened.repository, resources.workers, resources.metrics
    if settings.engine == "embedded" and settings.device == "cuda":
        # torch takes seconds to import, and a CPU does without it.
        from service.engines.device.engine import DeviceEngine

        engine = await DeviceEngine.start(
            tuple(repository),
            settings.device,
            settings.device_batch,
            settings.device_wait_ms / 1e3,
            metrics.batched,
        )
        metrics.device_memory.set_function(engine.memory_bytes)
        return engine
    if settings.engine == "embedded":
        return EmbeddedEngine(opened.networks, workers)
    return await TritonEngine.start(
        repository, workers, settings.triton_url, settings.triton_shared_memory
    )
