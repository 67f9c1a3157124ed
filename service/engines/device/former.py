"""A device that works through batches, one after the other, for whoever brings jobs."""

import asyncio
from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import Generic, TypeVar

from anyio import CapacityLimiter, to_thread

from service.engines.device.batching import BatchQueue

Key = TypeVar("Key", bound=Hashable)
Item = TypeVar("Item")
Result = TypeVar("Result")


class _Job(Generic[Item, Result]):
    """An item, and the future that its result is put into."""

    def __init__(self, item: Item) -> None:
        self.item = item
        self.result: asyncio.Future[Result] = asyncio.get_running_loop().create_future()


class BatchFormer(Generic[Key, Item, Result]):
    """Runs `work` on one batch at a time; needs asyncio's loop."""

    def __init__(
        self,
        work: Callable[[Key, Sequence[Item]], Sequence[Result]],
        device: CapacityLimiter,
        most: int,
        longest_wait_s: float,
    ) -> None:
        """A former of batches.

        Args:
            work: one result per item, in order; called in a thread.
            device: whose one token is held while `work` runs.
            most, longest_wait_s: see `BatchQueue`.
        """
        self._work = work
        self._queue: BatchQueue[Key, _Job[Item, Result]] = BatchQueue(most, longest_wait_s)
        self._device = device
        self._arrived = asyncio.Event()
        self._worker: asyncio.Task[None] | None = None

    async def submit(self, key: Key, item: Item) -> Result:
        """The item's result, or what `work` raised on its batch.

        Cancelling takes the item out of the queue, if it is still there.
        """
        job: _Job[Item, Result] = _Job(item)
        self._queue.add(key, job, self._now())
        self._arrived.set()
        if self._worker is None:
            self._worker = asyncio.create_task(self._drain())
        try:
            return await job.result
        finally:
            self._queue.discard(key, job)

    async def _drain(self) -> None:
        """Work until nothing waits."""
        try:
            while (wait_s := self._queue.wait_s(self._now())) is not None:
                if wait_s > 0:
                    await self._company(wait_s)
                    continue
                key, jobs = self._queue.take(self._now())
                await self._run(key, jobs)
        finally:
            self._worker = None

    async def _company(self, wait_s: float) -> None:
        """Wait so long, or until another job is there."""
        self._arrived.clear()
        try:
            await asyncio.wait_for(self._arrived.wait(), wait_s)
        except TimeoutError:
            return

    async def _run(self, key: Key, jobs: Sequence[_Job[Item, Result]]) -> None:
        work = partial(self._work, key, [job.item for job in jobs])
        try:
            results = await to_thread.run_sync(work, limiter=self._device)
        except Exception as error:
            for job in jobs:
                if not job.result.done():
                    job.result.set_exception(error)
            return
        for job, result in zip(jobs, results, strict=True):
            if not job.result.done():
                job.result.set_result(result)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
