"""Batches: never too large, never kept waiting, in order, nothing lost and nothing twice."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.engines.device.batching import BatchQueue
from service.engines.device.former import AHEAD, BatchFormer

WAIT_S = 2.0

Arrival = tuple[float, str]


def arrivals() -> st.SearchStrategy[list[Arrival]]:
    """(seconds since the one before, key)."""
    gap = st.one_of(st.just(0.0), st.floats(0, 3))
    return st.lists(st.tuples(gap, st.sampled_from("abc")), max_size=40)


@given(arrivals=arrivals(), most=st.integers(1, 5), work_s=st.floats(0, 4))
def test_batches_keep_every_promise(arrivals: list[Arrival], most: int, work_s: float) -> None:
    queue: BatchQueue[str, int] = BatchQueue(most, WAIT_S)
    times: list[float] = []
    batches: list[tuple[float, str, list[int]]] = []
    clock, free_at, coming = 0.0, 0.0, list(enumerate(arrivals))
    due = 0.0
    while coming or len(queue):
        next_s = due + coming[0][1][0] if coming else float("inf")
        wait_s = queue.wait_s(clock)
        starts = max(clock + wait_s, free_at) if wait_s is not None else float("inf")
        if next_s <= starts:
            clock = due = max(clock, next_s)
            number, (_, key) = coming.pop(0)
            times.append(clock)
            queue.add(key, number, clock)
            continue
        clock = starts
        key, jobs = queue.take(clock)
        batches.append((clock, key, jobs))
        free_at = clock + work_s

    assert sorted(job for _, _, jobs in batches for job in jobs) == list(range(len(arrivals)))
    assert all(1 <= len(jobs) <= most for _, _, jobs in batches)
    assert all(arrivals[job][1] == key for _, key, jobs in batches for job in jobs)
    for key in "abc":
        served = [job for _, one, jobs in batches if one == key for job in jobs]
        assert served == sorted(served), "one client's jobs stay in their order"
    for (taken, _, _), (following, _, jobs) in pairwise([(-work_s, "", []), *batches]):
        free = taken + work_s
        # A free device keeps nobody waiting for company longer than it may.
        longest = min(times[job] for job in jobs) + WAIT_S
        assert following <= max(longest, free) + 1e-9


def test_full_batch_does_not_wait() -> None:
    queue: BatchQueue[str, int] = BatchQueue(2, WAIT_S)
    queue.add("a", 1, now=0)
    assert queue.wait_s(0.5) == 1.5
    queue.add("a", 2, now=0.5)

    assert queue.wait_s(0.5) == 0
    assert queue.take(0.5) == ("a", [1, 2])
    assert queue.wait_s(0.5) is None


def test_full_batch_goes_before_one_that_can_wait_but_not_before_one_that_cannot() -> None:
    queue: BatchQueue[str, int] = BatchQueue(2, WAIT_S)
    for key, job in (("a", 1), ("b", 2), ("b", 3), ("b", 4), ("b", 5)):
        queue.add(key, job, now=0)

    assert queue.take(1.9) == ("b", [2, 3])
    assert queue.take(2.0) == ("a", [1])
    assert queue.take(2.0) == ("b", [4, 5])


def test_job_that_nobody_wants_is_not_done() -> None:
    queue: BatchQueue[str, object] = BatchQueue(4, WAIT_S)
    kept, dropped = object(), object()
    for job in (dropped, kept):
        queue.add("a", job, now=0)

    queue.discard("a", dropped)

    assert queue.take(2) == ("a", [kept])
    queue.discard("a", dropped)
    assert len(queue) == 0


Work = Callable[[str, Sequence[int]], list[int]]


def former(work: Work, most: int = 4, wait_s: float = 0.0) -> BatchFormer[str, int, int]:
    """Of a device that has done a batch as soon as it has it."""

    def begin(key: str, items: Sequence[int]) -> Callable[[], list[int]]:
        results = work(key, items)
        return lambda: results

    return BatchFormer(begin, ThreadPoolExecutor(1), most, wait_s)


def test_jobs_gather_while_the_device_works() -> None:
    begun, go_on = threading.Event(), threading.Event()
    seen: list[list[int]] = []

    def work(key: str, items: Sequence[int]) -> list[int]:
        seen.append(list(items))
        begun.set()
        go_on.wait(10)
        return [item * 10 for item in items]

    async def run() -> list[int]:
        batches = former(work, most=3)
        jobs = [asyncio.create_task(batches.submit("a", 0))]
        await asyncio.to_thread(begun.wait, 10)
        jobs += [asyncio.create_task(batches.submit("a", item)) for item in range(1, 6)]
        await asyncio.sleep(0)
        go_on.set()
        return list(await asyncio.gather(*jobs))

    assert asyncio.run(run()) == [0, 10, 20, 30, 40, 50]
    assert seen == [[0], [1, 2, 3], [4, 5]]


def test_next_batch_is_handed_over_while_the_device_works_but_no_more() -> None:
    begun: list[int] = []
    go_on = threading.Event()
    handed = threading.Semaphore(0)

    def begin(key: str, items: Sequence[int]) -> Callable[[], list[int]]:
        begun.extend(items)
        handed.release()

        def finish() -> list[int]:
            assert go_on.wait(10)
            return list(items)

        return finish

    async def run() -> list[int]:
        batches = BatchFormer(begin, ThreadPoolExecutor(1), 1, 0.0)
        jobs = [asyncio.create_task(batches.submit("a", item)) for item in range(4)]
        for _ in range(AHEAD):
            assert await asyncio.to_thread(handed.acquire, timeout=10)
        # The device has what it may have: nothing more comes, however long one looks.
        assert not await asyncio.to_thread(handed.acquire, timeout=0.05)
        go_on.set()
        return list(await asyncio.gather(*jobs))

    assert asyncio.run(run()) == [0, 1, 2, 3]
    assert begun == [0, 1, 2, 3]


def test_failure_while_the_device_works_reaches_its_batch_and_frees_its_place() -> None:
    def begin(key: str, items: Sequence[int]) -> Callable[[], list[int]]:
        def finish() -> list[int]:
            if key == "bad":
                raise ValueError("no")
            return list(items)

        return finish

    async def run() -> list[object]:
        batches = BatchFormer(begin, ThreadPoolExecutor(1), 1, 0.0)
        keys = ["bad"] * (AHEAD + 1) + ["good"]
        jobs = [batches.submit(key, index) for index, key in enumerate(keys)]
        return list(await asyncio.gather(*jobs, return_exceptions=True))

    *bad, good = asyncio.run(run())

    assert good == AHEAD + 1
    assert all(isinstance(one, ValueError) for one in bad)


def test_first_job_waits_for_company() -> None:
    seen: list[list[int]] = []

    def work(key: str, items: Sequence[int]) -> list[int]:
        seen.append(list(items))
        return list(items)

    async def run() -> None:
        batches = former(work, most=2, wait_s=30)
        first = asyncio.create_task(batches.submit("a", 1))
        await asyncio.sleep(0.01)
        await batches.submit("a", 2)
        await first

    asyncio.run(run())

    assert seen == [[1, 2]]


def test_failure_reaches_the_jobs_of_its_batch_alone() -> None:
    def work(key: str, items: Sequence[int]) -> list[int]:
        if key == "bad":
            raise ValueError("no")
        return list(items)

    async def run() -> list[object]:
        batches = former(work)
        jobs = [batches.submit(key, index) for index, key in enumerate(("bad", "good", "bad"))]
        return list(await asyncio.gather(*jobs, return_exceptions=True))

    first, second, third = asyncio.run(run())

    assert second == 1
    assert isinstance(first, ValueError)
    assert isinstance(third, ValueError)


def test_cancelled_job_is_not_begun() -> None:
    begun, go_on = threading.Event(), threading.Event()
    seen: list[int] = []

    def work(key: str, items: Sequence[int]) -> list[int]:
        seen.extend(items)
        begun.set()
        go_on.wait(10)
        return list(items)

    async def run() -> None:
        batches = former(work)
        first = asyncio.create_task(batches.submit("a", 1))
        await asyncio.to_thread(begun.wait, 10)
        second = asyncio.create_task(batches.submit("a", 2))
        await asyncio.sleep(0)
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        go_on.set()
        await first
        assert await batches.submit("a", 3) == 3

    asyncio.run(run())

    assert seen == [1, 3]
