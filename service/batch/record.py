"""`run.json`: what a batch was asked for, and how far it is."""

from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

import limn
from limn.contract import ModelContract
from service.errors import OutputRefused
from service.parameters import ParsePlan

RECORD_FILE = "run.json"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BatchSettings(_Frozen):
    """All that an answer depends on: the same in every run that writes to one folder."""

    source: str
    model: str
    version: int
    contract_sha256: str
    engine: str
    scales: tuple[float, ...]
    flip: bool
    label_set: str
    overlay: bool


class Run(_Frozen):
    """One run of the command, times in UTC; without `ended` it was cut off.

    Attributes:
        parsed, bad: pictures of this run.
        rate: of both, per second.
    """

    started: datetime
    ended: datetime | None = None
    parsed: int = 0
    bad: int = 0
    rate: float = 0

    @classmethod
    def begin(cls) -> "Run":
        return cls(started=datetime.now(UTC))

    def end(self, parsed: int, bad: int) -> "Run":
        ended = datetime.now(UTC)
        seconds = (ended - self.started).total_seconds()
        rate = round((parsed + bad) / seconds, 3) if seconds else 0
        return Run(started=self.started, ended=ended, parsed=parsed, bad=bad, rate=rate)


class Record(_Frozen):
    """The file.

    Attributes:
        state: `running` also when the process was killed.
        pictures: in the source.
        parsed: those with outputs, of all runs; the rest is in the report, once `finished`.
        runs: the first one first.
    """

    limn: str = limn.__version__
    settings: BatchSettings
    state: Literal["running", "finished"]
    pictures: int
    parsed: int
    runs: tuple[Run, ...]

    @property
    def bad(self) -> int:
        return self.pictures - self.parsed


def settings_of(plan: ParsePlan, source: str, engine: str, overlay: bool) -> BatchSettings:
    """The settings that a checked request stands for."""
    return BatchSettings(
        source=source,
        model=plan.model.id.name,
        version=plan.model.id.version,
        contract_sha256=contract_sha256(plan.model.contract),
        engine=engine,
        scales=plan.tta.scales,
        flip=plan.tta.flip,
        label_set=plan.label_set.name,
        overlay=overlay,
    )


def contract_sha256(contract: ModelContract) -> str:
    """Hash of all that a contract says but the accuracy, which may be measured later."""
    facts = contract.model_copy(update={"measured": ()})
    return sha256(facts.model_dump_json().encode()).hexdigest()


def earlier_runs(root: Path, settings: BatchSettings) -> tuple[Run, ...]:
    """Runs that wrote to a folder before.

    Raises:
        OutputRefused: they had other settings, or the record cannot be read.
    """
    path = root / RECORD_FILE
    try:
        record = Record.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return ()
    except ValidationError as error:
        raise OutputRefused(f"{path} is no record of `limn batch` that can be read") from error
    if record.settings != settings:
        there, asked = record.settings.model_dump(), settings.model_dump()
        others = "; ".join(
            f"{name} {there[name]}, not {asked[name]}"
            for name in there
            if there[name] != asked[name]
        )
        raise OutputRefused(
            f"{root} was made with {others}: take the same settings, or another folder"
        )
    return record.runs
