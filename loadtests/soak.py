"""Soak: thousands of mixed requests, a fifth of them bad, to a server that must stay as it was.

    python -m loadtests.soak --requests 20000 --out docs/results/soak.md

Starts `limn serve` with the shipped models, keeps the same number of requests in flight over HTTP
and gRPC, asks the same in every tenth of the run, and rests after every fifth. Exits with 1 where
memory climbs, descriptors or threads become more, answers become slower, a good request fails, or a
bad one is not told so; see `loadtests.drift`. It means nothing beside other work on the same cores.
"""

import argparse
import random
import shlex
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import numpy as np
from tritonclient.grpc import InferenceServerClient, InferInput
from tritonclient.utils import InferenceServerException

from loadtests.drift import TENTHS, Drift, Sample, Timing, drift
from loadtests.mix import Request, bad_request, good_request, picture
from loadtests.own_server import OwnServer, own_server
from loadtests.report import conditions, table
from loadtests.server import CannotMeasure
from loadtests.verdict import Answer, Outcomes, grpc_answer, http_answer

PICTURES = 60
GRPC_EVERY = 4
BAD_EVERY = 5
SAMPLE_EVERY = 20
RESTS = 5
REST_S = 65.0
"""The server gives back what memory is free once a minute."""
TIMEOUT_S = 120
MODEL = "mman_photo"


class Soak:
    """Sends the requests and keeps what it saw."""

    def __init__(self, server: OwnServer, requests: int, seed: int) -> None:
        self._server = server
        self._count = requests
        self._seed = seed
        self._lock = threading.Lock()
        self._http = httpx2.Client(base_url=server.ports.url, timeout=TIMEOUT_S)
        self._grpc = InferenceServerClient(f"127.0.0.1:{server.ports.grpc}")
        self._pictures = [picture(random.Random(index)) for index in range(PICTURES)]
        self.samples: list[Sample] = []
        self.rests: list[Sample] = []
        self.seconds = 0.0
        self.timings: list[Timing] = []
        self.outcomes = Outcomes()

    def run(self, clients: int) -> None:
        with self._http, self._grpc, ThreadPoolExecutor(clients) as pool:
            for rest in range(RESTS):
                first, stop = (self._count * part // RESTS for part in (rest, rest + 1))
                start = time.perf_counter()
                for _ in pool.map(self._send, range(first, stop)):
                    pass
                self.seconds += time.perf_counter() - start
                self._rest(stop)

    def _send(self, index: int) -> None:
        # The same in every tenth, so that tenths can be compared.
        position = index % (self._count // TENTHS)
        rng = random.Random(self._seed * 1_000_003 + position)
        body = rng.choice(self._pictures)
        is_good = position % BAD_EVERY != 0
        request = (good_request if is_good else bad_request)(rng, body)
        ask = self._ask_grpc if position % GRPC_EVERY == 0 else self._ask_http
        start = time.perf_counter()
        answer, status = ask(request)
        seconds = time.perf_counter() - start
        with self._lock:
            self._count_one(index, request, answer, seconds, status)

    def _rest(self, index: int) -> None:
        time.sleep(REST_S)
        self.rests.append(Sample(index, self._server.tree.usage()))
        print(f"{index:6d} requests  {self.rests[-1].usage} at rest", flush=True)

    def _count_one(
        self, index: int, request: Request, answer: Answer, seconds: float, status: str
    ) -> None:
        error = self.outcomes.count(request.is_good, answer, seconds, status)
        if error is not None:
            print(f"request {index}: {error}, {request.query}", flush=True)
        elif request.is_good:
            self.timings.append(Timing(index, seconds))
        if index % SAMPLE_EVERY == 0:
            self.samples.append(Sample(index, self._server.tree.usage()))
        if index % (self._count // TENTHS) == 0:
            print(f"{index:6d} requests  {self._server.tree.usage()}", flush=True)

    def _ask_http(self, request: Request) -> tuple[Answer, str]:
        try:
            response = self._http.post("/v1/parse", content=request.body, params=request.query)
        except httpx2.TransportError as exc:
            return http_answer(0, len(request.body)), type(exc).__name__
        return http_answer(response.status_code, len(request.body)), f"HTTP {response.status_code}"

    def _ask_grpc(self, request: Request) -> tuple[Answer, str]:
        """The same picture; of a bad request half of it, as what else is bad are its parameters."""
        body = request.body if request.is_good else request.body[: len(request.body) // 2]
        tensor = InferInput("photo", [1], "BYTES")
        tensor.set_data_from_numpy(np.array([body], dtype=object))
        try:
            self._grpc.infer(MODEL, [tensor], client_timeout=TIMEOUT_S)
        except InferenceServerException as exc:
            return grpc_answer(str(exc.status())), str(exc.status())
        return grpc_answer("StatusCode.OK"), "StatusCode.OK"


def page(command: str, options: argparse.Namespace, soak: Soak, found: Drift) -> str:
    outcomes = soak.outcomes
    rows = [(*cells, "passes" if passes else "FAILS") for *cells, passes in found.rows()]
    rate = options.requests / soak.seconds
    return "\n".join(
        [
            "# Soak",
            "",
            *conditions(command, ["`limn serve` with the shipped models and its own settings"]),
            f"- Load: {options.requests:,} requests, {options.clients} in flight, every"
            f" {GRPC_EVERY}th over gRPC, every {BAD_EVERY}th bad; the same in every tenth;"
            f" {soak.seconds:.0f} s, {rate:.1f} a second, and {RESTS} rests of {REST_S:.0f} s",
            f"- Answers: {len(outcomes.latencies):,} good requests answered, {outcomes.bad:,} bad"
            f" ones told so, {outcomes.refused:,} refused, {outcomes.failed:,} failed",
            f"- Peak of memory: {found.peak_mb:.0f} MB",
            "",
            table(("", "second tenth", "last tenth", "change", "verdict"), rows),
            "",
        ]
    )


def passes(outcomes: Outcomes, found: Drift) -> bool:
    """Nobody is refused, as fewer are in flight than the server takes."""
    return not (outcomes.failed or outcomes.refused) and all(row[-1] for row in found.rows())


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Soak of `limn serve`.")
    parser.add_argument("--requests", type=int, default=20_000, help="how many; a multiple of 200")
    parser.add_argument("--clients", type=int, default=4, help="requests in flight")
    parser.add_argument("--seed", type=int, default=0, help="of the mix")
    parser.add_argument("--out", type=Path, help="page to write")
    options = parser.parse_args(arguments)
    if options.requests < 200 or options.requests % 200:
        # Else what is asked would not be the same in every tenth.
        parser.error("--requests is a multiple of 200")
    command = shlex.join(["python", "-m", "loadtests.soak", *(arguments or sys.argv[1:])])
    with tempfile.TemporaryDirectory() as folder, own_server(Path(folder)) as server:
        soak = Soak(server, options.requests, options.seed)
        soak.run(options.clients)
    found = drift(soak.samples, soak.rests, soak.timings, options.requests)
    text = page(command, options, soak, found)
    print(text)
    if options.out:
        options.out.write_text(text)
    is_fine = passes(soak.outcomes, found)
    print("PASS" if is_fine else "FAIL")
    return 0 if is_fine else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CannotMeasure as error:
        sys.exit(f"Error: {error}")
