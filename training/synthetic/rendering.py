"""The run over many pictures: processes that render, each given the next number when free."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from queue import Empty, SimpleQueue

from training.synthetic.environment import CHECKOUT, Environment
from training.synthetic.errors import SynthesisError
from training.synthetic.output import Output
from training.synthetic.sources import Sources
from training.synthetic.worker import Answer, WorkerSettings


def render_all(
    environment: Environment,
    sources: Sources,
    output: Output,
    count: int,
    workers: int,
    done: Callable[[Answer], None],
) -> list[Answer]:
    """Render what is missing of the first `count` pictures.

    Args:
        environment: that workers run in.
        sources: what pictures are made from.
        output: where they go.
        workers: processes.
        done: called after every picture, from any thread.

    Returns:
        The pictures that could not be made.

    Raises:
        SynthesisError: a worker does not start, or dies.
    """
    numbers: SimpleQueue[int] = SimpleQueue()
    missing = output.missing(count)
    for index in missing:
        numbers.put(index)
    program = [str(environment.python), "-m", "training.synthetic.worker"]
    with ThreadPoolExecutor(workers) as pool:
        runs = []
        for core in islice(cycle(_cores()), min(workers, len(missing))):
            settings = WorkerSettings.of(output, sources, core)
            runs.append(pool.submit(_feed, [*program, settings.model_dump_json()], numbers, done))
        failed = [answer for run in runs for answer in run.result()]
    return sorted(failed, key=lambda answer: answer.index)


def _cores() -> list[int] | list[None]:
    """What this process may compute on; one of no name where the system does not tell."""
    return sorted(os.sched_getaffinity(0)) if sys.platform == "linux" else [None]


def _feed(
    command: list[str], numbers: SimpleQueue[int], done: Callable[[Answer], None]
) -> list[Answer]:
    """One worker from start to end; what it failed at."""
    failed: list[Answer] = []
    # A pipe that nobody reads would stop a worker that has much to complain of.
    with (
        tempfile.TemporaryFile("w+") as complaints,
        subprocess.Popen(  # noqa: S603 - ours
            command,
            cwd=CHECKOUT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
        ) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        while True:
            try:
                index = numbers.get_nowait()
            except Empty:
                process.stdin.close()
                return failed
            try:
                process.stdin.write(f"{index}\n")
                process.stdin.flush()
            except BrokenPipeError:
                pass
            line = process.stdout.readline()
            if not line:
                process.wait()
                complaints.seek(0)
                last = complaints.read().strip().splitlines()[-1:]
                raise SynthesisError(f"a worker died at picture {index}: {' '.join(last)}")
            answer = Answer.model_validate_json(line)
            if answer.error is not None:
                failed.append(answer)
            done(answer)
