"""How a person finder is trained: one TOML file, checked before anything is loaded."""

import tomllib
from pathlib import Path

from pydantic import Field, ValidationError

from training.config.data import PicturesSection
from training.config.section import Section
from training.errors import ConfigError


class PersonsConfig(Section):
    """A whole run."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    initial: Path = Field(
        description="checkpoint of a parser, for encoder and neck, or of a finder, for all"
    )
    sources: tuple[PicturesSection, ...] = Field(
        min_length=1, description="data sets in LIP's layout; the photos of the first are places"
    )
    crowded: Path | None = Field(
        default=None,
        description="list of photos of the first data set that show others too, who have no boxes",
    )
    side: int = Field(multiple_of=16, description="pixels of the square canvas that is served")
    sides: tuple[int, ...] = Field(min_length=1, description="of the batches, in turn by chance")
    cutout_height: int = Field(ge=64, description="most pixels of a cut-out person")
    steps: int = Field(ge=1)
    batch_size: int = Field(ge=1)
    learning_rate: float = Field(gt=0)
    encoder_learning_rate: float = Field(gt=0)
    weight_decay: float = Field(ge=0)
    warmup_steps: int = Field(ge=0)
    ema_decay: float = Field(ge=0, lt=1)
    precision: str = Field(pattern="^(32-true|bf16-mixed)$")
    workers: int = Field(default=0, ge=0, description="processes that compose pictures")
    validate_every: int = Field(ge=1, description="steps")
    seed: int = Field(default=0, ge=0)


def read_persons_config(path: Path) -> PersonsConfig:
    """Raises ConfigError with every fault of the file."""
    try:
        return PersonsConfig.model_validate(tomllib.loads(path.read_text()))
    except FileNotFoundError:
        raise ConfigError(f"there is no config {path}") from None
    except tomllib.TOMLDecodeError as exc:
        raise ConfigError(f"{path} is not TOML: {exc}") from exc
    except ValidationError as exc:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in exc.errors()
        )
        raise ConfigError(f"{path}: {faults}") from exc
