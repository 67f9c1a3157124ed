"""Memory soak: mixed requests against a running server, whose resident memory must stay flat.

    python -m loadtests.soak --pid $(pgrep -f 'limn serve' | head -1) --requests 2000

Prints the server's memory as it goes, then a straight line fitted through it; exits with 1 where
the line climbs, a good request fails, or a bad one is answered with anything but a 4xx.
"""

import argparse
import random
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx2
import numpy as np
import psutil

from loadtests.mix import Request, bad_request, good_request, picture

WARM_UP = 0.3
"""Share of the requests after which caches and arenas should have their final size."""
MAX_GROWTH = 0.05
"""Growth per run that still counts as flat, relative to the memory after warming up."""


def memory_mib(server: psutil.Process) -> float:
    """Resident memory of a process and its children."""
    family = [server, *server.children(recursive=True)]
    return float(sum(process.memory_info().rss for process in family)) / 2**20


class Soak:
    """Sends the requests and keeps what it saw."""

    def __init__(self, url: str, server: psutil.Process, requests: int, seed: int) -> None:
        self._client = httpx2.Client(base_url=url, timeout=120)
        self._server = server
        self._count = requests
        self._seed = seed
        self._lock = threading.Lock()
        self._pictures = [picture(random.Random(index)) for index in range(60)]
        self.samples: list[tuple[int, float]] = []
        self.answers: Counter[str] = Counter()
        self.failures: list[str] = []

    def run(self, clients: int) -> None:
        with ThreadPoolExecutor(clients) as pool:
            list(pool.map(self._send, range(self._count)))

    def _send(self, index: int) -> None:
        rng = random.Random(self._seed * 1_000_003 + index)
        body = rng.choice(self._pictures)
        request = (bad_request if rng.random() < 0.2 else good_request)(rng, body)
        outcome, as_expected = self._outcome(request)
        with self._lock:
            self.answers[outcome] += 1
            if not as_expected:
                self.failures.append(f"request {index}: {outcome} for {request.query}")
            if index % 25 == 0:
                self.samples.append((index, memory_mib(self._server)))
            if index % 200 == 0:
                print(f"{index:6d} requests  {self.samples[-1][1]:8.1f} MiB", flush=True)

    def _outcome(self, request: Request) -> tuple[str, bool]:
        try:
            response = self._client.post("/v1/parse", content=request.body, params=request.query)
        except httpx2.TransportError:
            # A server may hang up on a body that it refuses.
            return "hung up", len(request.body) > 2**20 and not request.is_good
        status = response.status_code
        return str(status), status == 200 if request.is_good else 400 <= status < 500


def is_flat(samples: list[tuple[int, float]], requests: int) -> bool:
    """Fit a line through the samples after the warm-up, and print it."""
    settled = [sample for sample in sorted(samples) if sample[0] >= WARM_UP * requests]
    indices, memory = np.array(settled).T
    slope, base = np.polyfit(indices, memory, 1)
    growth = slope * (indices[-1] - indices[0])
    start = base + slope * indices[0]
    print(
        f"after warming up: {start:.1f} MiB, {slope * 1000:+.2f} MiB per 1,000 requests,"
        f" {growth:+.1f} MiB in all, peak {memory.max():.1f} MiB"
    )
    return bool(growth <= MAX_GROWTH * start)


def main() -> int:
    parser = argparse.ArgumentParser(description="Memory soak of a running Limn server.")
    parser.add_argument("--url", default="http://127.0.0.1:8080", help="where it listens")
    parser.add_argument("--pid", type=int, required=True, help="its process; children count too")
    parser.add_argument("--requests", type=int, default=2_000, help="how many, a fifth of them bad")
    parser.add_argument("--clients", type=int, default=4, help="requests at a time")
    parser.add_argument("--seed", type=int, default=0, help="of the mix")
    options = parser.parse_args()

    soak = Soak(options.url, psutil.Process(options.pid), options.requests, options.seed)
    start = time.perf_counter()
    soak.run(options.clients)
    print(f"{options.requests} requests in {time.perf_counter() - start:.0f} s: {soak.answers}")
    for failure in soak.failures[:20]:
        print(failure)
    flat = is_flat(soak.samples, options.requests)
    print("memory is flat" if flat else "memory grows")
    return 0 if flat and not soak.failures else 1


if __name__ == "__main__":
    sys.exit(main())
