"""What a load takes, from what the benchmark measured: `python -m tools.scaling`.

Reads docs/results/bench.json; a photo is the benchmark's: 512x1024, three scales, one person.
"""

import json
import math
from pathlib import Path
from statistics import median
from typing import NamedTuple

BENCH = Path(__file__).resolve().parent.parent / "docs" / "results" / "bench.json"
LOADS = (10, 1_000, 100_000)
"""Crops per second."""

USED = 0.65
"""Share of a core that may be in use on average, so that bursts find room before they queue."""

POD_CORES = 2
PHOTO_BYTES = 104_404
"""Of the benchmark's JPEG."""

UNITS = 3
"""Cost units of a crop at three scales, about: 0.8² + 1 + 1.2² = 3.08."""


class Measured(NamedTuple):
    """Medians over the rounds of Limn."""

    cpu_ms: float
    memory_mib: float
    most: float
    cores: int


def measured(file: Path) -> Measured:
    turns = [turn for turn in json.loads(file.read_text())["turns"] if turn["peer"] == "limn"]
    full = [max(turn["closed"], key=lambda load: load["in_flight"]) for turn in turns]
    return Measured(
        median(load["cpu_ms_per_photo"] for load in full),
        median(load["memory_mib"] for load in full),
        median(turn["maximum"] for turn in turns),
        turns[0]["ceiling"]["cores"],
    )


def table(found: Measured) -> str:
    """Markdown: what each load takes."""
    rows = []
    for load in LOADS:
        cores = math.ceil(load * found.cpu_ms / 1e3 / USED)
        pods = math.ceil(cores / POD_CORES)
        gigabits = load * PHOTO_BYTES * 8 / 1e9
        rows.append(
            f"| {load:,} | {load * found.cpu_ms / 1e3:,.1f} | {cores:,} | {pods:,} |"
            f" {pods * found.memory_mib / 1024:,.1f} | {gigabits:,.2f} |"
        )
    head = (
        f"| crops/s | cores at work | cores, {USED:.0%} in use | pods of {POD_CORES} cores"
        " | GiB resident | Gbit/s in |\n|---:|---:|---:|---:|---:|---:|"
    )
    return head + "\n" + "\n".join(rows)


def main() -> None:
    found = measured(BENCH)
    print(
        f"One photo: {found.cpu_ms:.1f} ms of a core, {found.most:.1f} photos/s on {found.cores}"
        f" cores, {found.memory_mib:.0f} MiB; {PHOTO_BYTES:,} bytes in, about {UNITS} cost units.\n"
    )
    print(table(found))


if __name__ == "__main__":
    main()
