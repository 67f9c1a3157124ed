"""Limn and its peers, on the same graph and the same work: `make bench`.

    python -m loadtests.bench --peers limn,fastapi_onnxruntime --rounds 1 --seconds 2

Makes an environment for every peer, checks that all answer the same picture, measures them in turns
and writes `bench.md`, `bench.json` and `bench.png`. Exits with 2 where nothing could be measured,
with 1 where only the first rounds could.
"""

import argparse
import asyncio
import json
import os
import random
import shlex
import sys
from pathlib import Path

from loadtests.bench.avx2_only import avx2_only
from loadtests.bench.client import allow_many_connections
from loadtests.bench.environments import environment, size_mib
from loadtests.bench.models import contract, copy_model, is_quantised, served_model
from loadtests.bench.null_model import write_null_model
from loadtests.bench.page import page
from loadtests.bench.plots import plot
from loadtests.bench.roster import LIMN, PEERS, ROOT, Peer
from loadtests.bench.rounds import Bench
from loadtests.bench.trial import Document, Plan
from loadtests.inputs import portrait
from loadtests.load import WARM_UP_S
from loadtests.report import conditions
from loadtests.server import CannotMeasure

WORK = ROOT / "build/bench"

HIDDEN = (
    "- All servers and the ceiling were made to believe that the CPU has AVX2 and FMA, and neither"
    " AVX-512 nor VNNI nor AMX (`loadtests/bench/avx2_only.c`)"
)


def parse_peers(text: str) -> list[Peer]:
    """Names by commas; Limn is always among them, as the one that all are compared with.

    Raises:
        ValueError: a name that is not known.
    """
    names = text.split(",")
    unknown = set(names) - PEERS.keys()
    if unknown:
        raise ValueError(f"no peer {', '.join(sorted(unknown))}; there are {', '.join(PEERS)}")
    return [LIMN, *(PEERS[name] for name in names if name != LIMN.name)]


def interpreters(peers: list[Peer], here: bool) -> dict[Peer, Path]:
    """Every peer's Python: of its own environment, or this one."""
    if here:
        return dict.fromkeys(peers, Path(sys.executable))
    return {
        peer: environment(
            WORK / "venvs" / peer.name, peer.requirements, ROOT if peer.installs_project else None
        )
        for peer in peers
    }


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description="Benchmark of Limn against its peers.")
    made.add_argument("--peers", type=parse_peers, default=list(PEERS.values()), help="by commas")
    made.add_argument("--rounds", type=int, default=3)
    made.add_argument("--seconds", type=float, default=2.5, help="of every window")
    made.add_argument("--seed", type=int, default=0, help="of the order and the arrivals")
    made.add_argument("--model-file", type=Path, help="graph with its contract.json beside it")
    made.add_argument("--out", type=Path, default=ROOT / "docs/results", help="folder of the page")
    made.add_argument("--quick", action="store_true", help="few levels and no overload: a try")
    made.add_argument(
        "--avx2", action="store_true", help="hide from all servers what the CPU has beyond AVX2"
    )
    made.add_argument("--here", action="store_true", help="all peers in this environment")
    return made


def bench(options: argparse.Namespace) -> Bench:
    if options.model_file:
        real = copy_model(options.model_file, WORK / "real")
    else:
        real = served_model(ROOT / "model_repository")
    if options.avx2:
        # Of all processes that are started from now on; this one has seen the CPU already.
        os.environ["LD_PRELOAD"] = str(avx2_only(WORK))
    levels, loads = ((1, 2), (0.8,)) if options.quick else ((1, 2, 4, 8), (0.5, 0.8, 0.95, 1.2))
    return Bench(
        peers=interpreters(options.peers, options.here),
        real=real,
        null=write_null_model(real, WORK / "null"),
        photo=portrait(),
        work=WORK / "logs",
        plan=Plan(options.seconds, levels, loads),
        rng=random.Random(options.seed),
        overloads=not options.quick,
    )


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    command = "python -m loadtests.bench " + shlex.join(
        sys.argv[1:] if arguments is None else arguments
    )
    allow_many_connections()
    turns: list[Document] = []
    try:
        made = bench(options)
        asyncio.run(collect(made, options.rounds, turns))
    except CannotMeasure as exc:
        print(f"Error: {exc}", file=sys.stderr)
        if not turns:
            return 2
    write(options, made, turns, command)
    return 0 if len(turns) == options.rounds * len(made.peers) else 1


async def collect(made: Bench, rounds: int, turns: list[Document]) -> None:
    """Add every round that comes to its end: what was measured for long outlives a failure."""
    async for found in made.run(rounds):
        turns += found


def write(options: argparse.Namespace, made: Bench, turns: list[Document], command: str) -> None:
    """The page, the figures and the picture."""
    titles = {peer.name: peer.title for peer in made.peers}
    installed = {
        peer.name: None if options.here else size_mib(WORK / "venvs" / peer.name)
        for peer in made.peers
    }
    points = [
        *conditions(command, list(map(server_title, made.peers))),
        load(options, made, len(turns) // len(made.peers)),
        *([HIDDEN] if options.avx2 else []),
    ]
    found = {
        "command": command,
        "conditions": points,
        "titles": titles,
        "installed_mib": installed,
        "turns": turns,
    }
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "bench.json").write_text(json.dumps(found, indent=1) + "\n")
    (options.out / "bench.md").write_text(page(found, points))
    plot(turns, titles, options.out / "bench.png")
    print(f"written: {options.out / 'bench.md'}", file=sys.stderr)


def server_title(peer: Peer) -> str:
    """With the version that its requirements pin."""
    pins = dict(line.split("==") for line in peer.requirements.read_text().split())
    return f"{peer.title} ({peer.package} {pins[peer.package]})"


def load(options: argparse.Namespace, made: Bench, rounds: int) -> str:
    """The graph, the photo and the windows, as a point of the page."""
    stated = contract(made.real)
    numbers = "INT8" if is_quantised(made.real) else stated["precision"]
    return (
        f"- Load: `{stated['name']}` version {stated['version']}, {numbers}, scales"
        f" {', '.join(stated['scales'])}; a JPEG of 512x1024 pixels in, {len(made.photo):,} bytes,"
        f" and a palette PNG out; rounds: {rounds}, windows of {options.seconds:g} s after"
        f" {WARM_UP_S:g} s of the same load; seed {options.seed}"
    )


if __name__ == "__main__":
    sys.exit(main())
