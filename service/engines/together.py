"""Several jobs of one request at once."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from anyio import create_task_group

from service.errors import EngineError

T = TypeVar("T")


async def all_of(jobs: Sequence[Callable[[], Awaitable[T]]]) -> list[T]:
    """Results of jobs run at once, in their order; the first failure ends the rest."""
    if len(jobs) == 1:
        return [await jobs[0]()]
    results: dict[int, T] = {}

    async def run(index: int) -> None:
        results[index] = await jobs[index]()

    try:
        async with create_task_group() as group:
            for index in range(len(jobs)):
                group.start_soon(run, index)
    except* EngineError as failures:
        raise failures.exceptions[0] from failures
    return [results[index] for index in range(len(jobs))]
