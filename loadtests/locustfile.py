"""locust: users over HTTP and gRPC who send photos of all kinds, in one of four patterns.

    locust -f loadtests/locustfile.py --headless --host http://127.0.0.1:8080 --pattern spike

`make load` does so; prints PASS or FAIL against `loadtests.verdict`, and exits with 1 where it
fails.
"""

import random
import time
from argparse import ArgumentParser
from collections.abc import Callable
from urllib.parse import urlencode

import grpc.experimental.gevent
import numpy as np
from locust import FastHttpUser, LoadTestShape, User, between, events, task
from locust.env import Environment
from tritonclient.grpc import InferenceServerClient, InferInput
from tritonclient.utils import InferenceServerException

from loadtests.mix import Request, bad_request, good_request, picture
from loadtests.patterns import DURATION_S, users
from loadtests.verdict import PATTERNS, Answer, Outcomes, grpc_answer, http_answer, report

# locust runs its users in greenlets; gRPC has to let go of them when it waits.
grpc.experimental.gevent.init_gevent()

PICTURES = 40
BAD_SHARE = 0.15
TIMEOUT_S = 120
BACK_OFF_S = 0.5

outcomes = Outcomes()
pictures = [picture(random.Random(index)) for index in range(PICTURES)]


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator]
def add_options(parser: ArgumentParser) -> None:
    parser.add_argument("--pattern", choices=PATTERNS, default="steady", help="of load over time")
    parser.add_argument("--duration", type=float, help="seconds; the pattern's own if not given")
    parser.add_argument("--grpc", default="127.0.0.1:8001", help="host:port of the server's gRPC")
    parser.add_argument("--model", default="mman", help="whose photos gRPC users send")


@events.quitting.add_listener  # type: ignore[untyped-decorator]
def judge(environment: Environment, **_: object) -> None:
    lines, passes = report(outcomes, environment.parsed_options.pattern)
    environment.process_exit_code = 0 if passes else 1
    # After locust's own tables.
    environment.events.quit.add_listener(lambda **_: print(lines, flush=True))


class PatternShape(LoadTestShape):  # type: ignore[misc]
    """The one shape, which asks the pattern."""

    def tick(self) -> tuple[int, float] | None:
        options = self.runner.environment.parsed_options
        duration = options.duration or DURATION_S[options.pattern]
        count = users(options.pattern, self.get_run_time() / duration)
        return None if count is None else (count, count)


def back_off(answer: Answer) -> None:
    """Who is told to come later does."""
    if answer == "refused":
        time.sleep(BACK_OFF_S)


def make_request(rng: random.Random) -> Request:
    return (bad_request if rng.random() < BAD_SHARE else good_request)(rng, rng.choice(pictures))


class HttpUser(FastHttpUser):  # type: ignore[misc]
    """Asks `/v1/parse` for every output, and among it for what cannot be had."""

    weight = 3
    wait_time = between(0.0, 0.1)
    network_timeout = connection_timeout = TIMEOUT_S

    @task  # type: ignore[untyped-decorator]
    def parse(self) -> None:
        request = make_request(random.Random(random.getrandbits(64)))
        kind = request.query.get("output", "mask") if request.is_good else "bad input"
        start = time.perf_counter()
        with self.client.post(
            f"/v1/parse?{urlencode(request.query)}",
            data=request.body,
            name=f"parse, {kind}",
            catch_response=True,
        ) as response:
            seconds = time.perf_counter() - start
            status = response.status_code
            answer = http_answer(status, len(request.body))
            error = outcomes.count(request.is_good, answer, seconds, f"HTTP {status}")
            response.success() if error is None else response.failure(error)
        back_off(answer)


class GrpcUser(User):  # type: ignore[misc]
    """Asks `<model>_photo` of the Open Inference Protocol for labels."""

    weight = 1
    wait_time = between(0.0, 0.1)

    def on_start(self) -> None:
        self._server = InferenceServerClient(self.environment.parsed_options.grpc)
        self._model = f"{self.environment.parsed_options.model}_photo"

    def on_stop(self) -> None:
        self._server.close()

    @task  # type: ignore[untyped-decorator]
    def photo(self) -> None:
        rng = random.Random(random.getrandbits(64))
        is_good = rng.random() >= BAD_SHARE
        body = rng.choice(pictures) if is_good else b"hello"
        tensor = InferInput("photo", [1], "BYTES")
        tensor.set_data_from_numpy(np.array([body], dtype=object))
        self._send(is_good, lambda: self._server.infer(self._model, [tensor]))

    def _send(self, is_good: bool, ask: Callable[[], object]) -> None:
        start, status = time.perf_counter(), "StatusCode.OK"
        try:
            ask()
        except InferenceServerException as exc:
            status = str(exc.status())
        seconds = time.perf_counter() - start
        answer = grpc_answer(status)
        error = outcomes.count(is_good, answer, seconds, status)
        self.environment.events.request.fire(
            request_type="gRPC",
            name="photo" if is_good else "bad input",
            response_time=seconds * 1e3,
            response_length=0,
            exception=None if error is None else InferenceServerException(error),
        )
        back_off(answer)
