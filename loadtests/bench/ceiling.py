"""The ceiling: the network's calls of one photo in a bare ONNX Runtime loop, and nothing else.

    python -m loadtests.bench.ceiling MODEL SECONDS [LIBRARY]

Prints JSON: photos per second of one single-threaded session per core, each pinned to its core, and
the median milliseconds of a photo on one core while the others rest. A graph of Limn's operators
needs their library.
"""

import json
import multiprocessing
import os
import statistics
import sys
import time
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path

import numpy as np
import onnxruntime

from loadtests.bench.models import input_shapes

WARM_UP = 2
START_S = 60.0


def loop(
    model: Path,
    library: str | None,
    core: int,
    seconds: float,
    begin: Barrier,
    found: "Queue[list[float]]",
) -> None:
    """Seconds of every photo that one core works on; as many as begin within the time."""
    os.sched_setaffinity(0, {core})
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    if library:
        options.register_custom_ops_library(library)
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    rng = np.random.default_rng(0)
    views = [{name: rng.standard_normal(s, dtype=np.float32)} for s in input_shapes(model)]

    def photo() -> float:
        start = time.perf_counter()
        for view in views:
            session.run(None, view)
        return time.perf_counter() - start

    for _ in range(WARM_UP):
        photo()
    begin.wait(START_S)
    end = time.perf_counter() + seconds
    times = []
    while time.perf_counter() < end:
        times.append(photo())
    found.put(times)


def photos(model: Path, library: str | None, seconds: float, cores: list[int]) -> list[list[float]]:
    """Seconds of every photo, by core; all cores begin at once."""
    context = multiprocessing.get_context("spawn")
    begin, found = context.Barrier(len(cores)), context.Queue()
    processes = [
        context.Process(target=loop, args=(model, library, core, seconds, begin, found))
        for core in cores
    ]
    for process in processes:
        process.start()
    times = [found.get(timeout=START_S + 10 * seconds) for _ in processes]
    for process in processes:
        process.join()
    return times


def rate(times: list[list[float]]) -> float:
    """Photos per second of all cores together."""
    return sum(len(of_core) / sum(of_core) for of_core in times)


def main() -> None:
    model, seconds = Path(sys.argv[1]), float(sys.argv[2])
    library = sys.argv[3] if len(sys.argv) > 3 else None
    cores = sorted(os.sched_getaffinity(0))
    together = photos(model, library, seconds, cores)
    (alone,) = photos(model, library, seconds / 2, cores[:1])
    print(
        json.dumps(
            {
                "cores": len(cores),
                "photos_per_second": rate(together),
                "alone_ms": statistics.median(alone) * 1e3,
            }
        )
    )


if __name__ == "__main__":
    main()
