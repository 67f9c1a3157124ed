"""The hop to Triton: bytes and milliseconds per crop, by what is sent and in which way.

    python -m loadtests.hop --url 127.0.0.1:8011 --model mman --out docs/results/hop.md

Needs a Triton that nobody else asks meanwhile, on this machine because of the shared memory.
"""

import argparse
import asyncio
import random
import shlex
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tritonclient.utils import InferenceServerException

from loadtests.carriers import Carrier, Wire, memory
from loadtests.hop_page import SHARED_MEMORY, WIRE, Timing, Variant, page
from loadtests.inputs import astronaut, make_inputs
from loadtests.server import Array, CannotMeasure, Server

BATCHES = (1, 8)
WARM_UPS = 2
POLL_S = 0.001
REPORTED_S = 5.0
"""Seconds within which the server has added an answered request to its statistics."""


@dataclass(frozen=True)
class Payload:
    """What a client can ask for to parse a crop."""

    title: str
    model: str
    output: str
    shapes: tuple[dict[str, tuple[int, ...]], ...]
    """Of the inputs of each request that it takes; empty where the model states them."""


@dataclass
class Exchange:
    """The requests of one variant, ready to be sent, and what they took so far."""

    variant: Variant
    model: str
    requests: list[tuple[Carrier, dict[str, Array]]]
    timings: list[Timing] = field(default_factory=list)


def scale_shapes(config: dict[str, Any]) -> tuple[dict[str, tuple[int, ...]], ...]:
    """Shapes without the batch that a server warms a network up with: one per test-time scale."""
    found = [
        (name, tuple(int(length) for length in tensor["dims"]))
        for warm_up in config.get("model_warmup", [])
        for name, tensor in warm_up["inputs"].items()
    ]
    if not found:
        raise CannotMeasure(f"{config['name']} has no warm-up, which would tell its scales")
    return tuple({name: shape} for name, shape in dict.fromkeys(found))


async def payloads(server: Server, network: str) -> list[Payload]:
    parser = f"{network}_parse"
    (logits,) = (await server.model(network)).outputs
    return [
        Payload("raw logits", network, logits.name, scale_shapes(await server.config(network))),
        Payload("fused scores", parser, "scores", ({},)),
        Payload("labels", parser, "labels", ({},)),
    ]


async def exchanges(
    server: Server, payload: Payload, batch: int, stack: AsyncExitStack
) -> list[Exchange]:
    """One for each way."""
    model = await server.model(payload.model)
    by_wire: list[tuple[Carrier, dict[str, Array]]] = []
    by_memory: list[tuple[Carrier, dict[str, Array]]] = []
    sent = received = 0
    for shapes in payload.shapes:
        inputs = make_inputs(model, batch, shapes, astronaut())
        wire = Wire(server, model.name, [payload.output])
        answer = await wire.ask(inputs)
        by_wire.append((wire, inputs))
        shared = await stack.enter_async_context(memory(server, model.name, inputs, answer))
        by_memory.append((shared, inputs))
        sent += sum(array.nbytes for array in inputs.values())
        received += sum(array.nbytes for array in answer.values())
    return [
        Exchange(Variant(payload.title, batch, way, sent, received), model.name, requests)
        for way, requests in ((WIRE, by_wire), (SHARED_MEMORY, by_memory))
    ]


async def time_once(server: Server, exchange: Exchange) -> Timing:
    """Send the requests one after the other, and ask the server what it took itself.

    Raises:
        CannotMeasure: somebody else asks the same model, or the response cache answered.
    """
    before = await server.statistics(exchange.model)
    start = time.perf_counter()
    for carrier, inputs in exchange.requests:
        await carrier.ask(inputs)
    total = time.perf_counter() - start
    after = await _reported(server, exchange, before)
    if _grown(before, after, "compute_infer", "count") != len(exchange.requests):
        raise CannotMeasure(f"{exchange.model}: not only these requests were computed")
    parts = ("queue", "compute_infer")
    return Timing(total, sum(_grown(before, after, part, "ns") for part in parts) / 1e9)


async def _reported(server: Server, exchange: Exchange, before: dict[str, Any]) -> dict[str, Any]:
    """Statistics with these requests in them: Triton adds a request after it was answered."""
    deadline = time.perf_counter() + REPORTED_S
    while time.perf_counter() < deadline:
        after = await server.statistics(exchange.model)
        if _grown(before, after, "success", "count") >= len(exchange.requests):
            return after
        await asyncio.sleep(POLL_S)
    raise CannotMeasure(f"{exchange.model}: the server does not count its requests")


def _grown(before: dict[str, Any], after: dict[str, Any], part: str, member: str) -> int:
    """Zeros are left out of the documents."""
    first, last = (int(found.get(part, {}).get(member, 0)) for found in (before, after))
    return last - first


async def run(options: argparse.Namespace) -> tuple[str, dict[Variant, list[Timing]]]:
    """The server's title, and the timings of every variant, in rounds of shuffled order."""
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(Server("grpc", options.url))
        title = f"{await server.title()} at {options.url}"
        ready = [
            exchange
            for batch in BATCHES
            for payload in await payloads(server, options.model)
            for exchange in await exchanges(server, payload, batch, stack)
        ]
        order = list(ready)
        shuffle = random.Random(0).shuffle
        for number in range(WARM_UPS + options.rounds):
            shuffle(order)
            for exchange in order:
                timing = await time_once(server, exchange)
                if number >= WARM_UPS:
                    exchange.timings.append(timing)
    return title, {exchange.variant: exchange.timings for exchange in ready}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="The cost of the hop to a Triton.")
    parser.add_argument("--url", default="127.0.0.1:8011", help="host:port of its gRPC")
    parser.add_argument("--model", default="mman", help="a network with its parser")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--out", type=Path, help="file for the page, which is printed if not given")
    options = parser.parse_args(arguments)
    command = "python -m loadtests.hop " + shlex.join(arguments or sys.argv[1:])
    try:
        title, timings = asyncio.run(run(options))
    except (CannotMeasure, InferenceServerException, OSError) as exc:
        print(f"Error: {exc}", file=sys.stderr)
        return 2
    text = page(command.strip(), title, options.model, timings)
    if options.out:
        options.out.write_text(text)
    else:
        print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
