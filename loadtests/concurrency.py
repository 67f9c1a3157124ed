"""Throughput and latency by the number of requests in flight, as Triton's perf_analyzer has them.

    python -m loadtests.concurrency --url 127.0.0.1:8001 --model mman_parse --concurrency 1:4

Works on every server of the Open Inference Protocol, Triton and Limn alike: asks it what the model
takes, makes such inputs, keeps requests in flight, and prints a page of Markdown. Several servers
take turns, so that whatever else the machine does falls on all of them. Exits with 1 where a
request failed, with 2 where nothing could be measured.
"""

import argparse
import asyncio
import json
import shlex
import sys
from collections import defaultdict
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tritonclient.utils import InferenceServerException

from loadtests.carriers import Carrier, Wire, memory
from loadtests.inputs import make_inputs, parse_shapes, photo
from loadtests.load import Ask, Window, measure
from loadtests.report import conditions
from loadtests.results import Result, results_table
from loadtests.server import TRANSPORTS, Array, CannotMeasure, Server


@dataclass(frozen=True)
class Target:
    """A server, and as many ways to ask it at a time as will be needed."""

    title: str
    inputs: dict[str, Array]
    carriers: list[Carrier]

    def clients(self, count: int) -> list[Ask]:
        return [partial(carrier.ask, self.inputs) for carrier in self.carriers[:count]]


def parse_range(text: str) -> list[int]:
    """`4`, `1:4` or `1:9:2`, the end included.

    Raises:
        ValueError: not of that form, or empty.
    """
    start, *rest = map(int, text.split(":"))
    end, step = (*rest, 1)[:2] if rest else (start, 1)
    numbers = list(range(start, end + 1, step))
    if not numbers or start < 1 or len(rest) > 2:
        raise ValueError(f"{text!r} is not START, START:END or START:END:STEP")
    return numbers


async def open_target(
    url: str, options: argparse.Namespace, most: int, stack: AsyncExitStack
) -> Target:
    """Ask once what the server is, what the model takes and answers, and get ready for more."""
    server = await stack.enter_async_context(Server(options.protocol, url))
    title = f"{await server.title()} at {url}"
    model = await server.model(options.model)
    known = [tensor.name for tensor in model.outputs]
    outputs = options.outputs.split(",") if options.outputs else known
    inputs = make_inputs(
        model, options.batch, parse_shapes(options.shape), photo(options.input_file)
    )
    wire = Wire(server, model.name, outputs)
    answer = await wire.ask(inputs)
    carriers: list[Carrier] = [wire] * most
    if options.shared_memory == "system":
        carriers = [
            await stack.enter_async_context(memory(server, model.name, inputs, answer))
            for _ in range(most)
        ]
    return Target(title, inputs, carriers)


async def run(options: argparse.Namespace) -> tuple[list[str], list[dict[str, Any]]]:
    """Titles of the servers, and what was measured on them."""
    levels: list[int] = options.concurrency
    windows: dict[tuple[int, str], list[Window]] = defaultdict(list)
    async with AsyncExitStack() as stack:
        targets = [await open_target(url, options, max(levels), stack) for url in options.url]
        for _ in range(options.rounds):
            for level in levels:
                for target in targets:
                    window = await measure(target.clients(level), options.seconds)
                    windows[level, target.title].append(window)
    found = [
        Result(title, level, options.batch, windows[level, title]).document()
        for level in levels
        for title in (target.title for target in targets)
    ]
    return [target.title for target in targets], found


def page(command: str, options: argparse.Namespace, titles: list[str], found: list[Any]) -> str:
    """The conditions and the table."""
    carried = "in system shared memory" if options.shared_memory == "system" else "in the messages"
    load = (
        f"- Load: `{options.model}`, {options.outputs or 'all outputs'}, batches of"
        f" {options.batch}, tensors {carried}, {options.protocol}; {options.rounds} x"
        f" {options.seconds:g} s per row, servers in turn"
    )
    return "\n".join([*conditions(command, titles), load, "", results_table(found)])


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description="Load on servers of the Open Inference Protocol.")
    made.add_argument("--url", action="append", required=True, help="host:port; may be repeated")
    made.add_argument("--model", required=True)
    made.add_argument("--protocol", choices=TRANSPORTS, default="grpc")
    made.add_argument(
        "--concurrency", type=parse_range, default=[1], help="START[:END[:STEP]] in flight"
    )
    made.add_argument("--batch", type=int, default=1, help="items in a request")
    made.add_argument("--seconds", type=float, default=10, help="measured per row and round")
    made.add_argument("--rounds", type=int, default=1)
    made.add_argument("--outputs", default="", help="names, by commas; all if not given")
    made.add_argument("--shared-memory", choices=("none", "system"), default="none")
    made.add_argument(
        "--shape", action="append", default=[], help="NAME:3,384,256 where the model leaves it open"
    )
    made.add_argument("--input-file", type=Path, help="picture to send; the astronaut if not given")
    made.add_argument("--json", type=Path, help="file for the figures")
    return made


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    command = "python -m loadtests.concurrency " + shlex.join(arguments or sys.argv[1:])
    try:
        titles, found = asyncio.run(run(options))
    except (CannotMeasure, InferenceServerException, OSError, ValueError) as exc:
        print(f"Error: {exc}", file=sys.stderr)
        return 2
    print(page(command, options, titles, found))
    if options.json:
        options.json.write_text(json.dumps({"command": command, "results": found}, indent=1) + "\n")
    return 1 if any(document["errors"] for document in found) else 0


if __name__ == "__main__":
    sys.exit(main())
