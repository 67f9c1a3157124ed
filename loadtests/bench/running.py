"""A peer that runs: started, known to answer, and watched as one tree of processes."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from loadtests.bench.client import Client, Status
from loadtests.bench.processes import Tree, free_port, started
from loadtests.bench.roster import ROOT, Launch, Peer
from loadtests.server import CannotMeasure

START_S = 120.0
POLL_S = 0.01


@dataclass
class Running:
    """A server that has answered once.

    Attributes:
        ready_s: seconds from the start of its programs to its first answer.
        answer: that first answer.
    """

    peer: Peer
    client: Client
    trees: list[Tree]
    ready_s: float
    answer: bytes

    def cpu_s(self) -> float:
        """Seconds of all its processes so far."""
        return sum(tree.cpu_s() for tree in self.trees)

    def memory_mib(self) -> float:
        """Of all its processes, shared memory counted once."""
        return sum(tree.memory_mib() for tree in self.trees)


@asynccontextmanager
async def running(
    peer: Peer, python: Path, model: Path, photo: bytes, work: Path
) -> AsyncIterator[Running]:
    """Start a peer with a graph, and end it when left.

    Raises:
        CannotMeasure: it ended, or did not answer in time; with the end of its log.
    """
    launch = Launch(python, model, free_port(), work)
    work.mkdir(parents=True, exist_ok=True)
    peer.prepare(launch)
    begin = time.perf_counter()
    async with AsyncExitStack() as stack:
        trees = [
            stack.enter_context(started(program, ROOT, work / f"{peer.name}-{index}.log"))
            for index, program in enumerate(peer.programs(launch))
        ]
        url = f"http://127.0.0.1:{launch.port}{peer.path}"
        client = await stack.enter_async_context(Client(url, photo))
        answer = await _first_answer(peer, client, trees)
        yield Running(peer, client, trees, time.perf_counter() - begin, answer)


async def _first_answer(peer: Peer, client: Client, trees: list[Tree]) -> bytes:
    deadline = time.monotonic() + START_S
    words = "no answer"
    while time.monotonic() < deadline:
        for tree in trees:
            if tree.has_ended:
                raise CannotMeasure(f"{peer.title} ended when started:\n{tree.last_words()}")
        # Nobody listens yet, or what does is not ready.
        with suppress(aiohttp.ClientError, TimeoutError):
            try:
                async with asyncio.timeout(START_S / 4):
                    return await client.ask()
            except Status as exc:
                words = f"status {exc}"
        await asyncio.sleep(POLL_S)
    raise CannotMeasure(
        f"{peer.title}: {words} in {START_S:g} s after its start:\n{trees[-1].last_words()}"
    )
