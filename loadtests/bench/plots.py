"""Throughput beside the ceiling, and latency by load, as one picture."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from loadtests.bench.summary import Document, Spread, entries, share_of_ceiling, turns_of

DPI = 110


def plot(turns: Sequence[Document], titles: Mapping[str, str], file: Path) -> None:
    """Draw medians and ranges of all rounds; colours tell the servers."""
    figure = Figure(figsize=(15, 5), layout="constrained")
    shares, closed, opened = figure.subplots(1, 3)
    _shares(shares, turns, titles)
    _lines(closed, turns, titles, "closed", "in_flight", "p50")
    closed.set(title="Closed loop", xlabel="requests in flight", ylabel="p50, ms", xscale="log")
    levels = sorted(entries(turns, "closed", "in_flight"))
    closed.set_xticks(levels, [f"{level:g}" for level in levels])
    closed.minorticks_off()
    _lines(opened, turns, titles, "open", "load", "p99")
    opened.set(title="Open loop", xlabel="share of its own maximum", ylabel="p99, ms", yscale="log")
    opened.legend(fontsize="small")
    figure.savefig(file, dpi=DPI)


def _shares(axes: Axes, turns: Sequence[Document], titles: Mapping[str, str]) -> None:
    for index, peer in enumerate(titles):
        spread = Spread.of(map(share_of_ceiling, turns_of(turns, peer)))
        assert spread is not None, "every turn has a maximum"
        errors = [[spread.middle - spread.low], [spread.high - spread.middle]]
        axes.barh(index, spread.middle, xerr=errors, color=f"C{index}")
    axes.axvline(1, color="black", linestyle="--")
    axes.set_yticks(range(len(titles)), list(titles.values()))
    axes.invert_yaxis()
    axes.set(title="Most photos per second", xlabel="share of the bare network loop")


def _lines(
    axes: Axes,
    turns: Sequence[Document],
    titles: Mapping[str, str],
    kind: str,
    key: str,
    percentile: str,
) -> None:
    for index, (peer, title) in enumerate(titles.items()):
        found = entries(turns_of(turns, peer), kind, key)
        spreads = {
            level: Spread.of(entry["latency_ms"][percentile] for entry in each)
            for level, each in found.items()
        }
        known = {level: spread for level, spread in spreads.items() if spread is not None}
        axes.plot(
            list(known),
            [spread.middle for spread in known.values()],
            marker="o",
            color=f"C{index}",
            label=title,
        )
        axes.fill_between(
            list(known),
            [spread.low for spread in known.values()],
            [spread.high for spread in known.values()],
            color=f"C{index}",
            alpha=0.15,
        )
    axes.grid(alpha=0.3)
