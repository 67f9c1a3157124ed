"""The `[schedule]` section: the optimiser, and how long it works."""

from typing import Literal

from pydantic import Field, model_validator

from training.config.section import Section


class ScheduleSection(Section):
    """The optimiser and how long it works."""

    epochs: int = Field(ge=1)
    batch_size: int = Field(ge=1, description="pictures per process and forward pass")
    accumulate: int = Field(default=1, ge=1, description="forward passes per optimiser step")
    sampling: Literal["repeat-factor", "uniform"] = Field(
        default="repeat-factor", description="whether pictures of rare classes come more often"
    )
    optimizer: Literal["adamw", "adam", "sgd"] = "adamw"
    betas: tuple[float, float] = Field(default=(0.9, 0.999), description="of Adam and AdamW")
    momentum: float = Field(default=0.9, ge=0, lt=1, description="of SGD")
    learning_rate: float = Field(gt=0)
    encoder_learning_rate: float = Field(gt=0, description="of the pretrained encoder")
    bias_rate_factor: float = Field(
        default=1.0, gt=0, description="of the rate of biases and norms, which never decay"
    )
    weight_decay: float = Field(ge=0)
    decay: Literal["cosine", "steps", "poly", "constant"] = Field(
        default="cosine", description="of the rate after the warm-up; poly has the power 0.9"
    )
    milestones: tuple[int, ...] = Field(
        default=(), description="epochs after which `steps` divides the rate by 10"
    )
    warmup_steps: int = Field(ge=0)
    ema_decay: float = Field(ge=0, lt=1, description="of the averaged weights, per step")
    precision: Literal["32-true", "bf16-mixed"] = "32-true"
    workers: int = Field(default=1, ge=0, description="processes that make pictures")
    validate_every: int = Field(default=1, ge=1, description="epochs")
    seed: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _milestones_belong_to_steps(self) -> "ScheduleSection":
        if bool(self.milestones) != (self.decay == "steps"):
            raise ValueError('milestones: given with decay = "steps", and only with it')
        return self
