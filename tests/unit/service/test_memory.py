import anyio
import pytest

from limn.image_formats import ImageHeader
from service.errors import TooCostly
from service.memory import MemoryBudget, bytes_of


def test_bytes_are_those_of_the_header() -> None:
    assert bytes_of(ImageHeader("JPEG", 100, 200)) == 300_000
    assert bytes_of(ImageHeader("PNG", 100, 200)) == 540_000


async def _hold(budget: MemoryBudget, count: int, order: list[int], let_go: anyio.Event) -> None:
    async with budget.held(count):
        order.append(count)
        await let_go.wait()


def test_next_one_waits_and_large_ones_are_not_overtaken() -> None:
    budget, order = MemoryBudget(10), list[int]()

    async def run() -> None:
        first, rest = anyio.Event(), anyio.Event()
        async with anyio.create_task_group() as group:
            for count, let_go in ((6, first), (9, rest), (1, rest)):
                group.start_soon(_hold, budget, count, order, let_go)
                await anyio.wait_all_tasks_blocked()
            assert (order, budget.taken) == ([6], 6)
            first.set()
            await anyio.wait_all_tasks_blocked()
            assert (order, budget.taken) == ([6, 9, 1], 10)
            rest.set()

    anyio.run(run)
    assert budget.taken == 0


def test_what_is_given_back_lets_the_next_one_in() -> None:
    budget = MemoryBudget(10)

    async def run() -> None:
        async with budget.held(10) as held, anyio.create_task_group() as group:
            order, let_go = list[int](), anyio.Event()
            group.start_soon(_hold, budget, 6, order, let_go)
            await anyio.wait_all_tasks_blocked()
            held.shrink(4)
            await anyio.wait_all_tasks_blocked()
            assert (order, budget.taken) == ([6], 10)
            let_go.set()

    anyio.run(run)
    assert budget.taken == 0


def test_cancelled_one_leaves_the_line() -> None:
    budget, order = MemoryBudget(10), list[int]()

    async def run() -> None:
        async with budget.held(5), anyio.create_task_group() as group:
            with anyio.move_on_after(0.01):
                await _hold(budget, 9, order, anyio.Event())
            let_go = anyio.Event()
            group.start_soon(_hold, budget, 5, order, let_go)
            await anyio.wait_all_tasks_blocked()
            assert order == [5]
            let_go.set()

    anyio.run(run)
    assert budget.taken == 0


def test_one_cancelled_in_line_lets_smaller_ones_behind_it_in() -> None:
    budget, order = MemoryBudget(10), list[int]()

    async def run() -> None:
        async with budget.held(5), anyio.create_task_group() as group:
            large, let_go = anyio.CancelScope(), anyio.Event()

            async def wait() -> None:
                with large:
                    await _hold(budget, 9, order, let_go)

            group.start_soon(wait)
            await anyio.wait_all_tasks_blocked()
            group.start_soon(_hold, budget, 5, order, let_go)
            await anyio.wait_all_tasks_blocked()
            assert order == []
            large.cancel()
            await anyio.wait_all_tasks_blocked()
            assert order == [5]
            let_go.set()

    anyio.run(run)
    assert budget.taken == 0


def test_what_never_fits_is_told_so() -> None:
    async def run() -> None:
        with pytest.raises(TooCostly, match="takes 11 bytes, and the limit is 10"):
            async with MemoryBudget(10).held(11):
                pass

    anyio.run(run)
