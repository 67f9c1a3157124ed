"""Batches for a device, for whoever brings jobs: one is prepared while another is worked on."""

import asyncio
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Executor
from typing import Generic, TypeVar

from service.engines.device.batching import BatchQueue

Key = TypeVar("Key", bound=Hashable)
Item = TypeVar("Item")
Result = TypeVar("Result")

Begin = Callable[[Key, Sequence[Item]], Callable[[], Sequence[Result]]]
"""Hands a batch to the device; what it returns waits for one result per item, in order."""

AHEAD = 2
"""How many batches the device has: one that it works on, and the next."""


class _Job(Generic[Item, Result]):
    """An item, and the future that its result is put into."""

    def __init__(self, item: Item) -> None:
        self.item = item
        self.result: asyncio.Future[Result] = asyncio.get_running_loop().create_future()

    def fail(self, error: Exception) -> None:
        if not self.result.done():
            self.result.set_exception(error)

    def succeed(self, result: Result) -> None:
        if not self.result.done():
            self.result.set_result(result)


class BatchFormer(Generic[Key, Item, Result]):
    """Forms batches and hands them to a device; needs asyncio's loop."""

    def __init__(
        self,
        begin: "Begin[Key, Item, Result]",
        device: Executor,
        most: int,
        longest_wait_s: float,
    ) -> None:
        """A former of batches.

        Args:
            begin: called by `device`; what it returns is called in another thread.
            device: the thread that talks to the device, one batch at a time.
            most, longest_wait_s: see `BatchQueue`.
        """
        self._begin = begin
        self._queue: BatchQueue[Key, _Job[Item, Result]] = BatchQueue(most, longest_wait_s)
        self._device = device
        self._arrived = asyncio.Event()
        self._places = asyncio.Semaphore(AHEAD)
        self._worker: asyncio.Task[None] | None = None
        self._begun: set[asyncio.Task[None]] = set()

    async def submit(self, key: Key, item: Item) -> Result:
        """The item's result, or what was raised for its batch.

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

    async def drained(self) -> None:
        """Wait until nothing waits to be handed over."""
        if self._worker is not None:
            await self._worker

    async def _drain(self) -> None:
        """Hand over batches until nothing waits."""
        try:
            while len(self._queue):
                await self._places.acquire()
                if not await self._gathered():
                    self._places.release()
                    break
                key, jobs = self._queue.take(self._now())
                await self._hand_over(key, jobs)
        finally:
            self._worker = None

    async def _gathered(self) -> bool:
        """Wait until a batch should be taken; False where nothing waits any more."""
        while (wait_s := self._queue.wait_s(self._now())) is not None:
            if wait_s == 0:
                return True
            self._arrived.clear()
            try:
                await asyncio.wait_for(self._arrived.wait(), wait_s)
            except TimeoutError:
                continue
        return False

    async def _hand_over(self, key: Key, jobs: Sequence[_Job[Item, Result]]) -> None:
        loop = asyncio.get_running_loop()
        items = [job.item for job in jobs]
        try:
            finish = await loop.run_in_executor(self._device, self._begin, key, items)
        except Exception as error:
            self._places.release()
            for job in jobs:
                job.fail(error)
            return
        task = asyncio.create_task(self._answer(jobs, finish))
        self._begun.add(task)
        task.add_done_callback(self._begun.discard)

    async def _answer(
        self, jobs: Sequence[_Job[Item, Result]], finish: Callable[[], Sequence[Result]]
    ) -> None:
        try:
            results = await asyncio.to_thread(finish)
        except Exception as error:
            for job in jobs:
                job.fail(error)
        else:
            for job, result in zip(jobs, results, strict=True):
                job.succeed(result)
        finally:
            self._places.release()

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
