"""A whole training run: one TOML file, checked before anything is loaded."""

import tomllib
from pathlib import Path

from pydantic import Field, ValidationError, model_validator

from training.config.adversarial import AdversarialSection
from training.config.data import DataSection
from training.config.loss import LossSection
from training.config.model import ModelSection
from training.config.schedule import ScheduleSection
from training.config.section import Section
from training.config.structure import StructureSection
from training.errors import ConfigError


class TrainingConfig(Section):
    """A whole run."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    model: ModelSection
    data: DataSection
    loss: LossSection = LossSection()
    structure: StructureSection | None = None
    adversarial: AdversarialSection | None = None
    schedule: ScheduleSection

    def changed(self, section: str, **settings: object) -> "TrainingConfig":
        """A copy with other settings in one section; they are known to be valid."""
        changed = getattr(self, section).model_copy(update=settings)
        return self.model_copy(update={section: changed})

    @model_validator(mode="after")
    def _canvas_fits_the_network(self) -> "TrainingConfig":
        multiple = self.model.size_multiple
        if any(side < 1 or side % multiple for side in self.data.canvas):
            raise ValueError(
                f"data.canvas: sides must be multiples of {multiple} for {self.model.network}"
            )
        return self


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
