"""The page about the hop: its table, how it came about, and what it tells apart from noise."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from loadtests.report import conditions, table

WIRE = "wire"
SHARED_MEMORY = "shared memory"

_HEADS = (
    "asked for",
    "way",
    "crops per request",
    "bytes in",
    "bytes out",
    "whole",
    "queue and compute",
    "hop",
    "hop, quartiles",
)


@dataclass(frozen=True)
class Variant:
    """What is asked for, of how many crops, in which way; bytes of all tensors both ways."""

    payload: str
    batch: int
    way: str
    bytes_in: int
    bytes_out: int


@dataclass(frozen=True)
class Timing:
    """Seconds of one try: until the client could read the answer, and in queue and compute."""

    total: float
    server: float

    @property
    def hop(self) -> float:
        return self.total - self.server


@dataclass(frozen=True)
class Spread:
    """Quartiles of the hop, milliseconds per crop."""

    low: float
    middle: float
    high: float

    @classmethod
    def of(cls, variant: Variant, timings: Sequence[Timing]) -> "Spread":
        hops = [timing.hop * 1e3 / variant.batch for timing in timings]
        return cls(*map(float, np.percentile(hops, (25, 50, 75))))

    def differs(self, other: "Spread") -> bool:
        """Whether the middle halves of both lie apart."""
        return self.high < other.low or other.high < self.low


def page(command: str, server: str, model: str, timings: Mapping[Variant, Sequence[Timing]]) -> str:
    """All of it, in Markdown."""
    rounds = len(next(iter(timings.values())))
    spreads = {variant: Spread.of(variant, found) for variant, found in timings.items()}
    rows = [_row(variant, found, spreads[variant]) for variant, found in timings.items()]
    return "\n".join(
        [
            f"# The hop to Triton, `{model}`",
            "",
            *conditions(command, [server]),
            f"- Medians of {rounds} rounds; every round has all rows once, in an order of its own",
            "",
            "Milliseconds and bytes of tensors, all per crop:",
            "",
            table(_HEADS, rows, words=2),
            "",
            "## What it says",
            "",
            *_findings(spreads),
            "",
            "## How it is derived",
            "",
            *_DERIVATION,
            "",
        ]
    )


def _row(variant: Variant, timings: Sequence[Timing], spread: Spread) -> list[str]:
    total, server = (
        float(np.median(values)) * 1e3 / variant.batch
        for values in ([each.total for each in timings], [each.server for each in timings])
    )
    return [
        variant.payload,
        variant.way,
        str(variant.batch),
        f"{variant.bytes_in // variant.batch:,}",
        f"{variant.bytes_out // variant.batch:,}",
        f"{total:.1f}",
        f"{server:.1f}",
        f"{spread.middle:.2f}",
        f"{spread.low:.2f} to {spread.high:.2f}",
    ]


def _findings(spreads: Mapping[Variant, Spread]) -> Iterator[str]:
    """Payloads against the last one on each way, then shared memory against the wire."""
    groups: dict[tuple[int, str], dict[str, Spread]] = {}
    for variant, spread in spreads.items():
        groups.setdefault((variant.batch, variant.way), {})[variant.payload] = spread
    for (batch, way), found in groups.items():
        *others, (last, base) = found.items()
        times = ", ".join(f"{name} {_times(spread, base)}" for name, spread in others)
        yield f"- By {way}, {_crops(batch)}: the hop of {last} once, {times}."
    for (batch, way), found in groups.items():
        for name, spread in found.items() if way != WIRE else ():
            wire = groups[batch, WIRE][name]
            saved = f"{wire.middle - spread.middle:.1f} of {wire.middle:.1f} ms"
            if not spread.differs(wire):
                saved = "nothing that stands out from the noise"
            yield f"- {way.capitalize()} saves for {name}, {_crops(batch)}: {saved}."


def _crops(batch: int) -> str:
    return "1 crop per request" if batch == 1 else f"{batch} crops per request"


def _times(spread: Spread, base: Spread) -> str:
    if not spread.differs(base):
        return "as much within the noise"
    return f"{spread.middle / base.middle:.1f} times"


_DERIVATION = (
    "- *Whole* is the client's time, from arrays in its memory until it can read the answer's"
    " arrays: it makes the messages or writes to the shared memory, which was registered once.",
    "- *Queue and compute* is what the server's own statistics grew by, `queue` and"
    " `compute_infer`, and *hop* is the difference of both, try by try: how long the network takes"
    " and how busy the machine is are in both, so that little of their noise is left in it."
    " Where *queue and compute* differs between the ways, that is noise: the server does the same"
    " for both.",
    "- The hop holds the messages, their way, and the server's copies between them and the backend"
    " (`compute_input`, `compute_output`). Where a Python shim stands in for the backend, those go"
    " to and from a process of its own; what the shim copies itself counts as compute.",
    "- *Raw logits* takes one request per test-time scale, one after the other, float32 both ways;"
    " the client has yet to prepare the pixels before and to fuse the logits after, which is not in"
    " the table. *Fused scores* (float16) and *labels* (uint8) take the canvas once.",
    "- Over shared memory the tensors themselves do not pass through the messages.",
    "- Rows are told apart where the middle halves of their tries do not overlap.",
)
