"""A batch from its first look at the output folder to its report."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

import anyio

from service.batch.job import Job
from service.batch.outcome import Bad
from service.batch.output import REPORT_FILE, Output, claimed
from service.batch.parts import Part, cut
from service.batch.record import (
    RECORD_FILE,
    BatchSettings,
    Record,
    Run,
    earlier_runs,
    settings_of,
)
from service.batch.source import Source
from service.batch.work import Tell, Worker
from service.parameters import ParseLimits, ParseParameters, plan
from service.repository import ModelRepository
from service.settings import Settings

IN_FLIGHT_PER_SESSION = 2
"""One picture is in the network while another is read, decoded or written."""


@dataclass(frozen=True)
class Order:
    """What is asked for.

    Attributes:
        parameters: as for a request; the outputs are a batch's own.
        part_size: pictures per Parquet part.
        in_flight: pictures at a time in one process; None for a default.
        ray: address of a Ray cluster, `local` for one that is started here, None for this process.
    """

    settings: Settings
    parameters: ParseParameters
    source: Source
    out: Path
    overlay: bool
    part_size: int
    in_flight: int | None = None
    ray: str | None = None


class Watcher(Protocol):
    """Is told how a run goes."""

    def begin(self, pictures: int, parsed: int) -> None:
        """How many there are, and how many of them earlier runs have parsed."""
        ...

    def picture(self, is_bad: bool) -> None:
        """One more is parsed, or bad."""
        ...


def run_batch(order: Order, watcher: Watcher) -> Record:
    """Parse all pictures of the source that are not in a closed part yet.

    Raises:
        UnknownModel, UnknownLabelSet, InvalidParameter, ContractError: see `parameters.plan`.
        OutputRefused: the folder was made with other settings, or is not ours to write to.
        BatchStopped: the run cannot go on; the same order continues.
    """
    promised = _promised(order)
    with claimed(order.out) as output:
        runs = earlier_runs(output.root, promised)
        finished, number = output.finished()
        entries = order.source.entries
        left = [entry for entry in entries if entry.fault is not None or entry.id not in finished]
        before = len(entries) - len(left)
        watcher.begin(len(entries), before)
        begun = Run.begin()
        record = Record(
            settings=promised,
            state="running",
            pictures=len(entries),
            parsed=before,
            runs=(*runs, begun),
        )
        output.write_json(RECORD_FILE, _json(record))
        bad = _do(order, promised, output, cut(left, order.part_size, number), watcher)
        output.write_json(REPORT_FILE, json.dumps([asdict(one) for one in bad], indent=1) + "\n")
        parsed = len(left) - len(bad)
        record = record.model_copy(
            update={
                "state": "finished",
                "parsed": before + parsed,
                "runs": (*runs, begun.end(parsed, len(bad))),
            }
        )
        output.write_json(RECORD_FILE, _json(record))
        return record


def _promised(order: Order) -> BatchSettings:
    settings = order.settings
    repository = ModelRepository(settings.model_repository, settings.default_model)
    limits = ParseLimits(
        settings.max_boxes, settings.max_scales, settings.min_scale, settings.max_scale
    )
    checked = plan(order.parameters, repository, limits)
    return settings_of(checked, order.source.title, settings.engine, order.overlay)


def _do(
    order: Order,
    promised: BatchSettings,
    output: Output,
    parts: Sequence[Part],
    watcher: Watcher,
) -> list[Bad]:
    """Do the parts, here or on a cluster; the pictures that were bad, by id."""
    bad: list[Bad] = []

    def tell(one: Bad | None) -> None:
        if one is not None:
            bad.append(one)
        watcher.picture(one is not None)

    sessions = order.settings.sessions
    if parts and order.ray is None:
        anyio.run(_work, _job(order, promised, output, sessions), parts, tell)
    elif parts and order.ray is not None:
        from service.batch.cluster import work_on_cluster

        # Every core of a cluster has a process of its own.
        work_on_cluster(order.ray, sessions, _job(order, promised, output, 1), parts, tell)
    return sorted(bad, key=lambda one: (one.id, one.name))


def _job(order: Order, promised: BatchSettings, output: Output, sessions: int) -> Job:
    settings = order.settings
    here = {"sessions": sessions, "model_repository": settings.model_repository.resolve()}
    return Job(
        settings=settings.model_copy(update=here),
        # The pipeline keeps what regions are made from where the output is json.
        parameters=order.parameters.model_copy(update={"output": "json"}),
        source=order.source,
        output=output,
        promised=promised,
        in_flight=order.in_flight or IN_FLIGHT_PER_SESSION * sessions,
    )


async def _work(job: Job, parts: Sequence[Part], tell: Tell) -> None:
    worker = await Worker.start(job)
    try:
        await worker.run(parts, tell)
    finally:
        await worker.close()


def _json(record: Record) -> str:
    return record.model_dump_json(indent=2) + "\n"
