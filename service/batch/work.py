"""Parts of a batch in this process: many pictures in flight, every part closed as it is whole."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Self

from anyio import Semaphore, create_task_group, to_thread

from service.batch.entries import Entry
from service.batch.job import Job
from service.batch.outcome import Bad
from service.batch.parts import OpenPart, Part
from service.batch.picture import PictureParser
from service.batch.record import settings_of
from service.batch.source import Read
from service.errors import BatchStopped
from service.parameters import ParsePlan
from service.pipeline import ParsingPipeline
from service.startup import start_pipeline

Tell = Callable[[Bad | None], None]
"""Is called once per picture: with what is wrong with it, or with None where it is parsed."""


class Worker:
    """A pipeline of its own, and what to do with it."""

    def __init__(self, pipeline: ParsingPipeline, plan: ParsePlan, job: Job) -> None:
        self._pipeline = pipeline
        self._plan = plan
        self._job = job
        self._parser = PictureParser(pipeline, plan, job)

    @classmethod
    async def start(cls, job: Job) -> Self:
        """Load the model.

        Raises:
            BatchStopped: what this machine serves under its name is not what was promised.
            ContractError: a model is not whole.
        """
        pipeline = await start_pipeline(job.settings)
        plan = pipeline.plan(job.parameters)
        promised = job.promised
        here = settings_of(plan, promised.source, job.settings.engine, promised.overlay)
        if here != promised:
            await pipeline.close()
            raise BatchStopped(f"another {plan.model.id} is served here than where the run began")
        return cls(pipeline, plan, job)

    async def close(self) -> None:
        await self._pipeline.close()

    async def run(self, parts: Iterable[Part], tell: Tell) -> None:
        """Do parts, in order; their pictures overlap, those of two parts too.

        Raises:
            BatchStopped: the run cannot go on; the parts closed so far are.
        """
        try:
            await self._run(parts, tell)
        except* BatchStopped as stopped:
            raise _first(stopped) from None

    async def _run(self, parts: Iterable[Part], tell: Tell) -> None:
        slots = Semaphore(self._job.in_flight)

        async def one(part: OpenPart, entry: Entry, data: bytes | Exception) -> None:
            outcome = await self._parser.outcome(entry, data)
            if part.add(outcome):
                await self._close_part(part)
            tell(outcome if isinstance(outcome, Bad) else None)
            slots.release()

        with self._job.source.open(self._job.settings.max_upload_bytes) as read:
            async with create_task_group() as tasks:
                for part in parts:
                    open_part = OpenPart(part)
                    for entry in part.entries:
                        await slots.acquire()
                        # One after the other: a compressed archive can only be read in its order.
                        data = await to_thread.run_sync(_bytes, read, entry)
                        tasks.start_soon(one, open_part, entry, data)

    async def _close_part(self, part: OpenPart) -> None:
        done = part.done
        if done:
            close = partial(
                self._job.output.close_part,
                part.part.number,
                done,
                self._plan.model.id,
                self._job.promised.overlay,
            )
            await to_thread.run_sync(close)


def _bytes(read: Read, entry: Entry) -> bytes | Exception:
    """Bytes of a picture, or why there are none."""
    if entry.fault is not None:
        return b""
    try:
        return read(entry)
    except Exception as error:
        return error


def _first(group: BaseExceptionGroup[BatchStopped]) -> BatchStopped:
    """One of the errors of tasks that ended together."""
    errors: Sequence[BatchStopped | BaseExceptionGroup[BatchStopped]] = group.exceptions
    first = errors[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
