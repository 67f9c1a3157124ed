"""The `[schedule]` section: the optimiser, and how long it works."""

from typing import Literal

from pydantic import Field

from training.config.section import Section


class ScheduleSection(Section):
    """The optimiser and how long it works."""

    epochs: int = Field(ge=1)
    batch_size: int = Field(ge=1)
    learning_rate: float = Field(gt=0)
    encoder_learning_rate: float = Field(gt=0, description="of the pretrained encoder")
    weight_decay: float = Field(ge=0)
    warmup_steps: int = Field(ge=0)
    ema_decay: float = Field(ge=0, lt=1, description="of the averaged weights, per step")
    class_weight_power: float = Field(
        default=0.3, ge=0, le=1, description="of the inverse share of a class; 0 weighs all alike"
    )
    precision: Literal["32-true", "bf16-mixed"] = "32-true"
    workers: int = Field(default=1, ge=0, description="processes that make pictures")
    validate_every: int = Field(default=1, ge=1, description="epochs")
    seed: int = 0
