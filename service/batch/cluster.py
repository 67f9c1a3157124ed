"""Parts of a batch on a Ray cluster: an actor per core, each with a pipeline of its own."""

import json
import logging
import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import ray
import ray.data
from anyio.from_thread import start_blocking_portal
from ray.exceptions import RayError, RayTaskError

from limn.errors import LimnError
from service.batch.job import Job
from service.batch.outcome import Bad
from service.batch.parts import Part
from service.batch.work import Tell, Worker
from service.errors import BatchStopped

LOCAL = "local"
"""Ray's own word for a cluster that is started on this machine."""

CONNECT_S = 10
"""Seconds for a cluster to answer."""

MOST_ATTEMPTS = 10
"""How often a part is begun whose worker dies each time; Ray itself would never give up."""

# Numbers of parts and lists of bad pictures are all that Ray moves; it accepts no less.
_STORE_BYTES = 100 * 2**20


def work_on_cluster(
    address: str, workers: int, job: Job, parts: Sequence[Part], tell: Tell
) -> None:
    """Do parts on all cores of a cluster; Ray does those of a worker that dies again.

    Every node needs Limn, its models, and the source and the output folder at the same paths.

    Args:
        address: as Ray takes it; `local` starts a cluster here.
        workers: of a cluster that is started here; another one knows its cores.
        tell: as for `Worker.run`, when the part of a picture is closed.

    Raises:
        BatchStopped: the run cannot go on, or there is no such cluster; closed parts stay.
    """
    with _connected(address, workers) as cores:
        numbers = [{"index": index} for index in range(len(parts))]
        results = ray.data.from_items(numbers, override_num_blocks=len(parts)).map_batches(
            PartWorker,
            batch_size=1,
            num_cpus=1,
            # A part that waits for one worker could be done by another one.
            compute=ray.data.ActorPoolStrategy(
                size=min(cores, len(parts)), max_tasks_in_flight_per_actor=1
            ),
            fn_constructor_args=(job, parts),
        )
        for row in results.iter_rows():
            _tell(row, tell)


class PartWorker:
    """An actor: a process of its own that does a part per call."""

    def __init__(self, job: Job, parts: Sequence[Part]) -> None:
        self._job = job
        self._parts = parts
        # Open until the process ends: Ray ends an actor by killing it.
        self._portal_context = start_blocking_portal()
        self._portal = self._portal_context.__enter__()
        self._worker: Worker | None = None

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, list[Any]]:
        """Do the part of a batch of one `index`.

        Returns:
            One row: how many pictures were `parsed`, those that were `bad` as JSON, and why the run
            is `stopped`, or nothing. An exception would come out as one of Ray's own.
        """
        bad: list[Bad] = []
        pictures = 0

        def tell(one: Bad | None) -> None:
            nonlocal pictures
            pictures += 1
            if one is not None:
                bad.append(one)

        stopped = ""
        try:
            (index,) = batch["index"]
            self._do(self._parts[index], tell)
        except LimnError as error:
            stopped = str(error)
        return {
            "parsed": [pictures - len(bad)],
            "bad": [json.dumps([asdict(one) for one in bad])],
            "stopped": [stopped],
        }

    def _do(self, part: Part, tell: Tell) -> None:
        attempts = self._job.output.scratch.count(f"part-{part.number}")
        if attempts > MOST_ATTEMPTS:
            raise BatchStopped(
                f"workers died {MOST_ATTEMPTS} times over the pictures from"
                f" {part.entries[0].id} to {part.entries[-1].id}"
            )
        if self._worker is None:
            self._worker = self._portal.call(Worker.start, self._job)
        self._portal.call(self._worker.run, [part], tell)


def _tell(row: Mapping[str, Any], tell: Tell) -> None:
    """Pass on what a worker answered; BatchStopped where it cannot go on."""
    if row["stopped"]:
        raise BatchStopped(row["stopped"])
    for _ in range(row["parsed"]):
        tell(None)
    for one in json.loads(row["bad"]):
        tell(Bad(**one))


@contextmanager
def _connected(address: str, workers: int) -> Iterator[int]:
    """The number of cores of a cluster while the block runs."""
    # It warns of Ray Data's own way to start actors, which does keep what they are made from.
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    # What goes wrong is raised too.
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)
    options: dict[str, Any] = {}
    if address == LOCAL:
        # Ray reports every cluster to its makers otherwise.
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
        options = {
            "num_cpus": workers,
            "include_dashboard": False,
            "object_store_memory": _STORE_BYTES,
        }
    try:
        _require_open(address)
        ray.init(address=address, log_to_driver=False, logging_level="ERROR", **options)
    except (OSError, ValueError, RuntimeError) as error:
        raise BatchStopped(f"no Ray cluster at {address}: {error}") from error
    try:
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        context.print_on_execution_start = False
        yield int(ray.cluster_resources().get("CPU", 1))
    except RayTaskError:
        # A fault of ours in a worker, with its traceback.
        raise
    except RayError as error:
        raise BatchStopped(f"the Ray cluster failed: {error}") from error
    finally:
        ray.shutdown()


def _require_open(address: str) -> None:
    """OSError where nothing listens at `host:port`; Ray would try for minutes."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if colon and port.isdecimal():
        socket.create_connection((host, int(port)), CONNECT_S).close()
