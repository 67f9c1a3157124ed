"""A whole training run: one TOML file, checked before anything is loaded."""

import tomllib
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, model_validator

from training.config.adversarial import AdversarialSection
from training.config.data import DataSection
from training.config.loss import LossSection
from training.config.model import ModelSection
from training.config.schedule import ScheduleSection
from training.config.section import Section
from training.config.structure import StructureSection
from training.errors import ConfigError

DUAL_OUTPUT = ("light", "do_deeplab_aspp", "attention_mman")
"""Networks that answer at stride 16 as well."""


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

    @model_validator(mode="after")
    def _companion_leaves_room(self) -> "TrainingConfig":
        companion = self.data.companion
        if companion is not None and companion.per_batch >= self.schedule.batch_size:
            raise ValueError("data.companion.per_batch: must be less than schedule.batch_size")
        return self

    @model_validator(mode="after")
    def _discriminators_have_something_to_judge(self) -> "TrainingConfig":
        kinds = self.adversarial.weights if self.adversarial is not None else {}
        if "macro" in kinds and self.model.network not in DUAL_OUTPUT:
            raise ValueError(f"adversarial.weights: {self.model.network} has no low output")
        if "middle" in kinds and not getattr(self.model, "middle_head", False):
            raise ValueError("adversarial.weights: middle needs model.middle_head = true")
        return self

    @model_validator(mode="after")
    def _gate_is_there_to_be_taught(self) -> "TrainingConfig":
        if self.loss.behind > 0 and not getattr(self.model, "behind_gate", False):
            raise ValueError("loss.behind: needs model.behind_gate = true")
        return self


def read_config(path: Path) -> TrainingConfig:
    """A config file, upon the one that it extends: `extends = "other.toml"`, beside it.

    Settings of a section replace those of the same name; a section or setting that only the other
    file has stays.

    Raises:
        ConfigError: every fault of the file.
    """
    try:
        return TrainingConfig.model_validate(_merged(path, ()))
    except ValidationError as exc:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in exc.errors()
        )
        raise ConfigError(f"{path}: {faults}") from exc


def _merged(path: Path, followed: tuple[Path, ...]) -> dict[str, Any]:
    if path in followed:
        raise ConfigError(f"{path} extends itself, through {', '.join(map(str, followed))}")
    try:
        own = tomllib.loads(path.read_text())
    except FileNotFoundError:
        raise ConfigError(f"there is no config {path}") from None
    except tomllib.TOMLDecodeError as exc:
        raise ConfigError(f"{path} is not TOML: {exc}") from exc
    base = own.pop("extends", None)
    if base is None:
        return own
    if not isinstance(base, str):
        raise ConfigError(f"{path}: extends names no file")
    merged = _merged(path.parent / base, (*followed, path))
    for name, value in own.items():
        known = merged.get(name)
        if isinstance(known, dict) and isinstance(value, dict):
            merged[name] = {**known, **value}
        else:
            merged[name] = value
    return merged
