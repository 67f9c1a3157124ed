"""Overload: ten times what `limn serve` can do, come what may, and what becomes of each request.

    python -m loadtests.overload --out docs/results/overload.md

Starts a server with the shipped models, finds out how many photos it parses a second, and then lets
ten times as many requests come, whether the earlier ones are answered or not. Exits with 1 where an
answer is not the one that the photo gets alone, where somebody is told anything but 429, or late,
where memory exceeds its bound, or where service is not back to normal soon after. It means nothing
beside other work on the same cores.
"""

import argparse
import asyncio
import random
import re
import shlex
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import numpy as np

from loadtests.bench.arrivals import OpenWindow, offer, poisson
from loadtests.bench.client import Client, Status, allow_many_connections
from loadtests.bench.processes import Tree
from loadtests.inputs import astronaut, portrait
from loadtests.load import measure
from loadtests.own_server import OwnServer, own_server
from loadtests.report import conditions, table
from loadtests.server import CannotMeasure

OVERLOAD = 10
PATIENCE_S = 30.0
CLOSED_CLIENTS = 8
CAPACITY_S = 5.0
ALONE = 20

MOST_REFUSAL_MS = 50.0
MOST_MEMORY = 1.5
"""Times what the idle server has and its budgets allow."""
MOST_RECOVERY_S = 2.0
NORMAL = 2.0
"""Times the median of a request alone; slower is not normal service."""

IMAGE_BYTES = 128 * 2**20
BODY_BYTES = 32 * 2**20
SETTINGS = {
    "LIMN_LOG_LEVEL": "warning",
    "LIMN_MAX_IMAGE_PIXELS": "4000000",
    "LIMN_MAX_IMAGE_BYTES_IN_FLIGHT": str(IMAGE_BYTES),
    "LIMN_MAX_BODY_BYTES_IN_FLIGHT": str(BODY_BYTES),
}
"""Budgets far below the usual ones: within those, sixteen small photos would show nothing."""


class WrongAnswer(Exception):
    """Not the mask that the photo gets alone."""


class Crowd:
    """Asks for one photo or the other, by turns, and looks at what comes."""

    def __init__(self, clients: Sequence[Client]) -> None:
        self._clients = clients
        self._expected: list[bytes] = []
        self._turn = 0
        self.refusals_ms: list[float] = []
        """Of those told 429, as the server has counted them."""

    async def learn(self) -> None:
        """What each photo is answered alone."""
        self._expected = [await client.ask() for client in self._clients]

    async def ask(self) -> None:
        """Raises Status where it is refused, and WrongAnswer."""
        self._turn += 1
        which = self._turn % len(self._clients)
        try:
            answer = await self._clients[which].ask()
        except Status as exc:
            if exc.code == 429 and exc.server_ms is not None:
                self.refusals_ms.append(exc.server_ms)
            raise
        if answer != self._expected[which]:
            raise WrongAnswer(f"{len(answer)} bytes")

    async def alone_s(self) -> float:
        """Seconds of a request with nobody else."""
        start = time.perf_counter()
        await self.ask()
        return time.perf_counter() - start


@dataclass(frozen=True)
class Found:
    """What was measured; memory in MB, `capacity` and `window.offered` in photos."""

    capacity: float
    window: OpenWindow
    refusals_ms: Sequence[float]
    idle_mb: float
    peak_mb: float
    recovery_s: float
    restart_s: float

    @property
    def others(self) -> dict[str, int]:
        """Whatever came that is neither an answer nor 429, by its text."""
        return {text: n for text, n in self.window.errors.items() if text != "Status: 429"}

    def rows(self) -> list[tuple[str, str, str, bool]]:
        """What is asked for, what was measured, what passes, whether it does."""
        told = self.window.errors["Status: 429"]
        others = sum(self.others.values())
        slowest = max(self.refusals_ms, default=0.0)
        bound = MOST_MEMORY * (self.idle_mb + (IMAGE_BYTES + BODY_BYTES) / 1e6)
        return [
            (
                "answered right, or told 429",
                f"{len(self.window.latencies):,} and {told:,} of {self.window.offered:,}",
                "all, and some of both",
                not others and bool(told and self.window.latencies),
            ),
            (
                "slowest 429, by the server's clock",
                f"{slowest:.1f} ms",
                f"at most {MOST_REFUSAL_MS:g} ms",
                len(self.refusals_ms) == told and slowest <= MOST_REFUSAL_MS,
            ),
            (
                "peak of memory",
                f"{self.peak_mb:.0f} MB",
                f"at most {bound:.0f} MB",
                self.peak_mb <= bound,
            ),
            (
                "normal service again",
                f"{self.recovery_s:.2f} s",
                f"within {MOST_RECOVERY_S:g} s",
                self.recovery_s <= MOST_RECOVERY_S,
            ),
        ]


async def recovery_s(crowd: Crowd, normal_s: float, since: float) -> float:
    """Seconds until a request is answered in its normal time; at most a minute."""
    while time.perf_counter() < since + 60:
        try:
            if await crowd.alone_s() <= NORMAL * normal_s:
                break
        except Status:
            # Full still.
            await asyncio.sleep(0.01)
    return time.perf_counter() - since


async def overload(server: OwnServer, seconds: float, rng: random.Random) -> Found:
    """Everything but the restart, which is 0."""
    url = f"{server.ports.url}/v1/parse"
    idle_mb = server.tree.usage().memory_mb
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(Client(url, photo))
            for photo in (astronaut(), portrait())
        ]
        crowd = Crowd(clients)
        await crowd.learn()
        normal_s = median([await crowd.alone_s() for _ in range(ALONE)])
        capacity = (await measure([crowd.ask] * CLOSED_CLIENTS, CAPACITY_S)).rate
        if not capacity:
            raise CannotMeasure("nothing was answered before the overload")
        rate = OVERLOAD * capacity
        times = poisson(rate, seconds, rng, most=round(2 * rate * seconds))
        crowd.refusals_ms.clear()
        start = time.perf_counter()
        window = await offer(crowd.ask, times, seconds, PATIENCE_S)
        refusals_ms = list(crowd.refusals_ms)
        # Those who were admitted last have been answered when `offer` returns.
        back_s = await recovery_s(crowd, normal_s, start + seconds)
    return Found(capacity, window, refusals_ms, idle_mb, peak_mb(server.tree), back_s, 0.0)


def peak_mb(tree: Tree) -> float:
    """The most that was resident at a time, since the start; the kernel keeps count."""
    total = 0
    for process in tree.members():
        status = Path(f"/proc/{process.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        assert found, "Linux says so of every process"
        total += int(found[1])
    return total * 1024 / 1e6


def page(command: str, found: Found, seconds: float) -> str:
    window = found.window
    rows = [(*cells, "passes" if passes else "FAILS") for *cells, passes in found.rows()]
    settings = ", ".join(f"`{name}={value}`" for name, value in SETTINGS.items())
    waits = np.percentile(np.array(window.refusals) * 1e3, (50, 99, 100)) if window.refusals else ()
    answers = np.percentile(np.array(window.latencies) * 1e3, (50, 99)) if window.latencies else ()
    return "\n".join(
        [
            "# Overload",
            "",
            *conditions(command, [f"`limn serve` with the shipped models, {settings}"]),
            f"- Load: {OVERLOAD} x {found.capacity:.1f} photos a second, which is what"
            f" {CLOSED_CLIENTS} clients in a closed loop get; {seconds:g} s, arrivals by chance and"
            f" whatever is in flight; {window.offered / seconds:.0f} a second came",
            f"- Idle memory {found.idle_mb:.0f} MB, budgets {(IMAGE_BYTES + BODY_BYTES) / 1e6:.0f}"
            " MB",
            "",
            table(("", "measured", "passes", "verdict"), rows, words=4),
            "",
            f"- The client, on the same cores, had its 429 after {_listed(waits)} ms (p50, p99,"
            f" slowest) and its answers after {_listed(answers)} ms (p50, p99)",
            f"- After `kill -9`, a new process is ready in {found.restart_s:.2f} s",
            *(f"- {count} x {text}" for text, count in found.others.items()),
            "",
        ]
    )


def _listed(values: Sequence[float] | np.ndarray[tuple[int], np.dtype[np.float64]]) -> str:
    return " / ".join(f"{value:.1f}" for value in values)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Ten times what `limn serve` can do.")
    parser.add_argument("--seconds", type=float, default=60, help="of overload")
    parser.add_argument("--seed", type=int, default=0, help="of the arrivals")
    parser.add_argument("--out", type=Path, help="page to write")
    options = parser.parse_args(arguments)
    command = shlex.join(["python", "-m", "loadtests.overload", *(arguments or sys.argv[1:])])
    allow_many_connections()
    with tempfile.TemporaryDirectory() as folder:
        with own_server(Path(folder), SETTINGS) as server:
            rng = random.Random(options.seed)
            found = asyncio.run(overload(server, options.seconds, rng))
            server.tree.signal(signal.SIGKILL)
            server.tree.wait()
        with own_server(Path(folder), SETTINGS) as server:
            found = replace(found, restart_s=server.ready_s)
    text = page(command, found, options.seconds)
    print(text)
    if options.out:
        options.out.write_text(text)
    is_fine = all(row[-1] for row in found.rows())
    print("PASS" if is_fine else "FAIL")
    return 0 if is_fine else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CannotMeasure as error:
        sys.exit(f"Error: {error}")
