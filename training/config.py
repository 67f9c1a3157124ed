"""What a training run is: one TOML file, checked before anything is loaded."""

import tomllib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from training.augment.view import VIEW_SHARES, ViewKind
from training.errors import ConfigError

SIZE_MULTIPLE = 16
"""Of every network's input side; `LightGenerator.size_multiple` is the same."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ModelSection(_Section):
    """The network."""

    network: Literal["light"]
    encoder: Literal["lite0", "lite1"] = "lite0"
    dropout: float = Field(default=0.1, ge=0, lt=1)
    initial: Path | None = Field(
        default=None, description="checkpoint whose averaged weights it starts from; else ImageNet"
    )


class DataSection(_Section):
    """The data set and how it becomes canvases."""

    root: Path = Field(description="folder in the LIP layout, relative to the working directory")
    name: str = Field(description="as the contract of an exported model names it")
    licence: str
    canvas: tuple[int, int] = Field(description="(height, width) in pixels at scale 1")
    canvas_scales: tuple[float, ...] = Field(
        min_length=1, description="each batch takes the canvas at one of these scales"
    )
    view_shares: dict[ViewKind, float] = Field(
        default=dict(VIEW_SHARES), description="how often each view of a person is drawn"
    )
    test_scales: tuple[float, ...] = (0.8, 1.0, 1.2)

    @model_validator(mode="after")
    def _can_be_exported(self) -> "DataSection":
        if any(side < 1 or side % SIZE_MULTIPLE for side in self.canvas):
            raise ValueError(f"canvas: sides must be multiples of {SIZE_MULTIPLE}")
        if 1.0 not in self.test_scales or min(self.canvas_scales + self.test_scales) <= 0:
            raise ValueError("scales must be above 0, and test_scales must hold 1")
        if abs(sum(self.view_shares.values()) - 1) > 1e-6:
            raise ValueError("view_shares: the shares must add up to 1")
        return self


class ScheduleSection(_Section):
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


class TrainingConfig(_Section):
    """A whole run."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    model: ModelSection
    data: DataSection
    schedule: ScheduleSection


def read_config(path: Path) -> TrainingConfig:
    """Raises ConfigError with every fault of the file."""
    try:
        return TrainingConfig.model_validate(tomllib.loads(path.read_text()))
    except FileNotFoundError:
        raise ConfigError(f"there is no config {path}") from None
    except tomllib.TOMLDecodeError as exc:
        raise ConfigError(f"{path} is not TOML: {exc}") from exc
    except ValidationError as exc:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in exc.errors()
        )
        raise ConfigError(f"{path}: {faults}") from exc
