"""The order of the measurement: rounds in which every peer has its turn, by chance."""

import asyncio
import json
import random
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

from loadtests.bench.agreement import LEAST, LEAST_IN_FLOATS, LEAST_IN_INT8, require_agreement
from loadtests.bench.models import is_quantised, kernel_model
from loadtests.bench.roster import ROOT, Peer
from loadtests.bench.running import Running, running
from loadtests.bench.trial import Document, Plan, Trial
from loadtests.server import CannotMeasure


@dataclass(frozen=True)
class Task:
    """A graph, and what Limn answers with it to the photo that everybody gets."""

    model: Path
    expected: bytes

    def require_agreement(self, server: Running) -> float:
        """See `agreement.require_agreement`."""
        least = LEAST
        if is_quantised(self.model):
            least = LEAST_IN_INT8 if server.peer.computes_in_int8 else LEAST_IN_FLOATS
        return require_agreement(server.peer.title, server.answer, self.expected, least)


@dataclass(frozen=True)
class Bench:
    """Peers with their interpreters, Limn first, and the two graphs.

    Attributes:
        photo: JPEG that is sent.
        work: folder for logs.
        overloads: also measure the overload.
    """

    peers: Mapping[Peer, Path]
    real: Path
    null: Path
    photo: bytes
    work: Path
    plan: Plan
    rng: random.Random
    overloads: bool

    async def run(self, rounds: int) -> AsyncIterator[list[Document]]:
        """Round by round, a document per peer.

        Raises:
            Disagreement: a peer answers another picture than Limn; nothing was timed.
            CannotMeasure: a peer does not start.
        """
        real, null = await self._agreed(self.real), await self._agreed(self.null)
        for number in range(rounds):
            turns = []
            for peer in self.rng.sample(list(self.peers), len(self.peers)):
                print(f"round {number + 1}: {peer.title}", file=sys.stderr, flush=True)
                turns.append(await self._turn(number, peer, real, null))
            yield turns

    async def _agreed(self, model: Path) -> Task:
        """Start every peer once and compare; the files of all are in memory afterwards."""
        task: Task | None = None
        for peer in self.peers:
            print(f"comparing {peer.title}, {model.parents[2].name}", file=sys.stderr, flush=True)
            async with self._running(peer, model) as server:
                task = task or Task(model, server.answer)
                task.require_agreement(server)
        assert task is not None, "Limn is always among the peers"
        return task

    def _running(self, peer: Peer, model: Path) -> AbstractAsyncContextManager[Running]:
        return running(peer, self.peers[peer], model, self.photo, self.work)

    async def _turn(self, number: int, peer: Peer, real: Task, null: Task) -> Document:
        """The ceiling and the peer right after it, so that they share the machine's mood."""
        ceiling = await measure_ceiling(real.model, self.plan.seconds)
        kernels = kernel_model(real.model) if peer == next(iter(self.peers)) else None
        own = kernels and await measure_ceiling(kernels.model, self.plan.seconds, kernels.library)
        async with self._running(peer, real.model) as server:
            share = real.require_agreement(server)
            document = await self._real(server)
        async with self._running(peer, null.model) as server:
            null.require_agreement(server)
            levels = sorted({min(self.plan.levels), max(self.plan.levels)})
            without_network = await Trial(server, self.plan, self.rng).closed(levels)
        return {
            "peer": peer.name,
            "round": number,
            "ceiling": ceiling,
            "kernels": own,
            "agreement": share,
            **document,
            "null": without_network,
        }

    async def _real(self, server: Running) -> Document:
        trial = Trial(server, self.plan, self.rng)
        closed = await trial.closed(self.plan.levels)
        maximum = max(level["photos_per_second"] for level in closed)
        if not maximum:
            raise CannotMeasure(f"{server.peer.title} answers nothing: {closed[0]['errors']}")
        document = {
            "ready_s": server.ready_s,
            "maximum": maximum,
            "closed": closed,
            "open": await trial.open(maximum),
        }
        if self.overloads:
            # Last: what it leaves behind in a server falls on nothing else.
            document["overload"] = await trial.overload(maximum)
        return document


async def measure_ceiling(model: Path, seconds: float, *library: Path) -> Document:
    """What `loadtests.bench.ceiling` prints."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "loadtests.bench.ceiling"),
        *map(str, (model, seconds, *library)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    if process.returncode:
        raise CannotMeasure(f"the ceiling ended with status {process.returncode}")
    found: Document = json.loads(output)
    return found
