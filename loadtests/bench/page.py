"""The page of the benchmark: what was measured how, and the figures in tables."""

from collections.abc import Mapping, Sequence
from typing import Any

from loadtests.bench.agreement import LEAST, LEAST_IN_FLOATS, LEAST_IN_INT8
from loadtests.bench.summary import (
    Document,
    Spread,
    added_ms,
    advantages,
    entries,
    errors_of,
    share_of_ceiling,
    turns_of,
)
from loadtests.bench.trial import OVERLOAD, OVERLOAD_PATIENCE_S
from loadtests.report import table

PERCENTILES = ("p50", "p95", "p99")

METHOD = f"""\
- Every peer decodes, letterboxes, resizes, fuses and encodes by the same plain numpy and OpenCV
  (`loadtests/bench/peers/work.py`); Limn by its own code. Before anything was timed, all answered
  the photo with Limn's label map: {100 * LEAST:g} % of the pixels at least are equal, with the null
  network and with one in floats. With one in INT8, a last bit decides how activations are rounded:
  there it is {100 * LEAST_IN_INT8:g} %, and {100 * LEAST_IN_FLOATS:g} % for who computes in floats.
- The ceiling is the network's calls of one photo in a bare ONNX Runtime loop, one pinned session
  with one thread per core, measured right before each peer's turn; shares are of that one.
- Where the CPU has AVX2, Limn runs the same network in operators of its own
  (`model.kernels.onnx`), which ONNX Runtime loads; all others, and the ceiling, run the INT8 graph.
- In every round each peer is started, measured and stopped, in an order drawn by chance. Figures
  are medians of the rounds, ranges in brackets.
- Memory is the proportional set size of all processes; CPU that of all processes, without the
  client's."""


def page(found: Mapping[str, Any], conditions: Sequence[str]) -> str:
    """Markdown.

    Args:
        found: what bench.json holds.
        conditions: points on the machine and the load.
    """
    turns, titles = found["turns"], found["titles"]
    parts = [
        "# Limn beside its alternatives",
        "\n".join([*conditions, METHOD]),
        "![Throughput, latency by load](bench.png)",
        "## In short",
        _short(turns, titles, found["installed_mib"]),
        *_kernels(turns, titles),
        "## Closed loop",
        "Each client asks again as soon as it is answered.",
        _closed(turns, titles, "closed"),
        "## Open loop",
        "Requests come by chance (Poisson), at shares of each one's own largest throughput; latency"
        " counts from the moment a request was due.",
        _open(turns, titles),
    ]
    if all("overload" in turn for turn in turns):
        parts += [
            f"## {OVERLOAD} times too much",
            f"Clients give up after {OVERLOAD_PATIENCE_S:g} s; then one more asks until it is"
            " answered.",
            _overload(turns, titles),
        ]
    parts += [
        "## A network that costs nothing",
        "The same with a graph of the same signature that hardly computes: what is left is the work"
        " around the network, and the framework.",
        _closed(turns, titles, "null"),
        *_client(turns),
        *_errors(turns, titles),
    ]
    return "\n\n".join(parts) + "\n"


def text(spread: Spread | None, digits: int = 1) -> str:
    """`12.3 (11.9 to 12.8)`, and without the range where there is none."""
    if spread is None:
        return "-"
    middle, low, high = (
        f"{value:,.{digits}f}" for value in (spread.middle, spread.low, spread.high)
    )
    return middle if low == high else f"{middle} ({low} to {high})"


def percent(spread: Spread | None) -> str:
    if spread is None:
        return "-"
    hundredfold = Spread(100 * spread.middle, 100 * spread.low, 100 * spread.high)
    return text(hundredfold, 0) + " %"


def _short(
    turns: Sequence[Document], titles: Mapping[str, str], installed: Mapping[str, float | None]
) -> str:
    first = next(iter(titles))
    rows = []
    for peer, title in titles.items():
        own = turns_of(turns, peer)
        size = installed[peer]
        rows.append(
            [
                title,
                text(Spread.of(turn["maximum"] for turn in own)),
                percent(Spread.of(map(share_of_ceiling, own))),
                text(Spread.of(advantages(turns, first, peer)), 2),
                text(Spread.of(map(added_ms, own))),
                text(Spread.of(turn["ready_s"] for turn in own)),
                text(Spread.of(map(_peak_mib, own)), 0),
                "-" if size is None else f"{size:,.0f}",
                f"{min(turn['agreement'] for turn in own):.2%}",
            ]
        )
    heads = (
        "server",
        "photos/s at most",
        "of the ceiling",
        f"{titles[first]} / it",
        "ms added to one photo",
        "s to the first answer",
        "peak MiB",
        "MiB installed",
        "equal pixels",
    )
    return table(heads, rows)


def _kernels(turns: Sequence[Document], titles: Mapping[str, str]) -> list[str]:
    """What the loop does with Limn's operators, and what Limn makes of that."""
    own = [turn for turn in turns_of(turns, next(iter(titles))) if turn.get("kernels")]
    if not own:
        return []
    times = Spread.of(
        turn["kernels"]["photos_per_second"] / turn["ceiling"]["photos_per_second"] for turn in own
    )
    share = Spread.of(turn["maximum"] / turn["kernels"]["photos_per_second"] for turn in own)
    return [
        f"The same loop with Limn's operators does {text(times, 2)} times as much as the ceiling;"
        f" Limn is at {percent(share)} of that."
    ]


def _peak_mib(turn: Document) -> float:
    """Under every load but the overload."""
    return max(float(entry["memory_mib"]) for kind in ("closed", "open") for entry in turn[kind])


def _closed(turns: Sequence[Document], titles: Mapping[str, str], kind: str) -> str:
    is_real = kind == "closed"
    rows = [
        [
            title,
            f"{level}",
            text(Spread.of(entry["photos_per_second"] for entry in found)),
            *([percent(Spread.of(map(share_of_ceiling, found)))] if is_real else []),
            *_latencies(found),
            text(Spread.of(entry["cpu_ms_per_photo"] for entry in found)),
            f"{sum(errors_of(found).values())}",
        ]
        for peer, title in titles.items()
        for level, found in entries(turns_of(turns, peer), kind, "in_flight").items()
    ]
    latencies = [f"{name} ms" for name in PERCENTILES]
    share = ["of the ceiling"] if is_real else []
    heads = ("server", "in flight", "photos/s", *share, *latencies, "CPU ms", "errors")
    return table(heads, rows)


def _open(turns: Sequence[Document], titles: Mapping[str, str]) -> str:
    rows = [
        [title, f"{load:.0%}", *_open_cells(found)]
        for peer, title in titles.items()
        for load, found in entries(turns_of(turns, peer), "open", "load").items()
    ]
    return table(("server", "load", *_OPEN_HEADS), rows)


def _overload(turns: Sequence[Document], titles: Mapping[str, str]) -> str:
    rows = []
    for peer, title in titles.items():
        own = turns_of(turns, peer)
        found = [turn["overload"] | {"ceiling": turn["ceiling"]} for turn in own]
        rows.append(
            [
                title,
                *_open_cells(found),
                text(Spread.of(entry["recovery_s"] for entry in found)),
                text(Spread.of(entry["memory_mib"] for entry in found), 0),
            ]
        )
    return table(("server", *_OPEN_HEADS, "s to the next answer", "MiB"), rows)


_OPEN_HEADS = (
    "photos/s in time",
    "of the ceiling",
    "answered",
    *(f"{name} ms" for name in PERCENTILES),
    "ms to an error",
    "errors",
)


def _open_cells(found: Sequence[Document]) -> list[str]:
    return [
        text(Spread.of(entry["photos_per_second"] for entry in found)),
        percent(Spread.of(map(share_of_ceiling, found))),
        percent(Spread.of(entry["answered_share"] for entry in found)),
        *_latencies(found),
        text(Spread.of(entry["refusal_ms"] for entry in found)),
        f"{sum(errors_of(found).values())}",
    ]


def _latencies(found: Sequence[Document]) -> list[str]:
    return [
        text(Spread.of(entry["latency_ms"][name] for entry in found), 0) for name in PERCENTILES
    ]


def _client(turns: Sequence[Document]) -> list[str]:
    """What the client took of the machine that it shares with the server."""
    busy = max(
        (entry["client_cpu_ms_per_photo"] or 0) * entry["photos_per_second"] / 1e3
        for turn in turns
        for entry in turn["closed"] + turn["null"]
    )
    return [f"The client never used more than {busy:.1%} of one core in a closed loop."]


def _errors(turns: Sequence[Document], titles: Mapping[str, str]) -> list[str]:
    lines = []
    for peer, title in titles.items():
        own = turns_of(turns, peer)
        for kind, found in (
            ("closed loop", [entry for turn in own for entry in turn["closed"] + turn["null"]]),
            ("open loop", [entry for turn in own for entry in turn["open"]]),
            ("overload", [turn["overload"] for turn in own if "overload" in turn]),
        ):
            lines += [
                f"- {title}, {kind}: {count} x {words}" for words, count in errors_of(found).items()
            ]
    return ["## Errors by kind", "\n".join(lines)] if lines else ["No request failed."]
