import threading

import anyio

from service.stages import StageClock, stage, stage_clock
from service.workers import Workers


def test_stages_add_up_in_order() -> None:
    clock = StageClock()

    for name, seconds in (("encode", 0.001), ("decode", 0.002), ("encode", 0.0005)):
        clock.add(name, 7, 7 + seconds)  # type: ignore[arg-type]

    assert clock.server_timing() == "decode;dur=2.00, encode;dur=1.50"


def test_worker_threads_add_to_their_request_s_clock() -> None:
    def work() -> str:
        with stage("network"):
            return threading.current_thread().name

    async def run() -> str:
        return await Workers(1).run(work)

    with stage_clock() as clock:
        thread = anyio.run(run)

    assert thread != threading.current_thread().name
    assert list(clock.seconds) == ["network"]


def test_work_outside_of_a_request_is_not_measured() -> None:
    with stage_clock() as clock:
        pass
    with stage("network"):
        pass

    assert clock.seconds == {}


def test_no_more_steps_run_at_once_than_there_are_workers() -> None:
    running, most = 0, 0
    lock = threading.Lock()
    together = threading.Barrier(2)

    def work() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        together.wait(5)
        with lock:
            running -= 1

    async def run() -> None:
        workers = Workers(2)
        async with anyio.create_task_group() as group:
            for _ in range(6):
                group.start_soon(workers.run, work)

    anyio.run(run)

    assert most == 2
