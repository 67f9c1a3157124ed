"""What was asked of each model since the start, as the protocol's statistics extension counts."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from service.kserve.model import ModelSpec
from service.stages import Stage

_PHASES: dict[str, tuple[Stage, ...]] = {
    "compute_input": ("decode", "canvas"),
    "compute_infer": ("network", "fuse"),
    "compute_output": ("choose", "encode"),
}


@dataclass
class Duration:
    """How often something happened, and how long it took in all."""

    count: int = 0
    ns: int = 0

    def add(self, seconds: float) -> None:
        self.count += 1
        self.ns += round(seconds * 1e9)

    def document(self) -> dict[str, int]:
        return {"count": self.count, "ns": self.ns}


@dataclass
class ModelStatistics:
    """Of one version of one model; phases are work, summed over threads."""

    inferences: int = 0
    executions: int = 0
    last_ms: int = 0
    success: Duration = field(default_factory=Duration)
    fail: Duration = field(default_factory=Duration)
    phases: dict[str, Duration] = field(
        default_factory=lambda: {phase: Duration() for phase in _PHASES}
    )

    def succeeded(self, batch: int, seconds: float, stages: Mapping[Stage, float]) -> None:
        self.inferences += batch
        self.executions += 1
        self.last_ms = time.time_ns() // 1_000_000
        self.success.add(seconds)
        for phase, parts in _PHASES.items():
            self.phases[phase].add(sum(stages.get(part, 0.0) for part in parts))

    def failed(self, seconds: float) -> None:
        self.fail.add(seconds)

    def document(self, spec: ModelSpec) -> dict[str, Any]:
        """An entry of `model_stats`."""
        durations = {"success": self.success, "fail": self.fail, **self.phases}
        return {
            "name": spec.name,
            "version": str(spec.version),
            "last_inference": self.last_ms,
            "inference_count": self.inferences,
            "execution_count": self.executions,
            "inference_stats": {name: entry.document() for name, entry in durations.items()},
        }
