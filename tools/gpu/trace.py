"""What a GPU does while batches follow each other, and for how long it does nothing."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from matplotlib.figure import Figure
from torch._C._autograd import DeviceType
from torch.profiler import profile

SHOWN_BATCHES = 3
"""Drawn from the middle of the trace."""


class Span(NamedTuple):
    """Something on the device, from `begin` to `end` in microseconds."""

    name: str
    begin: float
    end: float


class Idleness(NamedTuple):
    """Of a device between its first and its last kernel; times in microseconds."""

    busy_share: float
    longest_us: float
    spans: int


def spans_of(seen: profile) -> list[Span]:
    """Kernels, copies and fills, by their beginning."""
    events = seen.events()  # type: ignore[no-untyped-call]
    assert events is not None
    found = [
        Span(event.name, event.time_range.start, event.time_range.end)
        for event in events
        if event.device_type == DeviceType.CUDA
    ]
    return sorted(found, key=lambda span: span.begin)


def idleness(spans: Sequence[Span]) -> Idleness:
    """How much of the time nothing ran, and the longest such time."""
    busy = longest = 0.0
    reached = spans[0].begin
    for span in spans:
        longest = max(longest, span.begin - reached)
        busy += max(0.0, span.end - max(span.begin, reached))
        reached = max(reached, span.end)
    return Idleness(busy / (reached - spans[0].begin), longest, len(spans))


def kind_of(name: str) -> str:
    """What a kernel is for, by its name."""
    lowered = name.lower()
    if "memcpy" in lowered or "memset" in lowered:
        return "copy"
    if any(word in lowered for word in ("conv", "gemm", "xmma", "cutlass", "cudnn", "winograd")):
        return "convolution"
    if "upsample" in lowered or "softmax" in lowered:
        return "resize, softmax"
    return "other kernels"


def draw(spans: Sequence[Span], batches: int, file: Path) -> None:
    """The middle of a trace of so many batches, one row per kind of kernel."""
    begin, end = spans[0].begin, spans[-1].end
    width = (end - begin) / batches * SHOWN_BATCHES
    first = begin + (end - begin - width) / 2
    kinds = ("copy", "resize, softmax", "convolution", "other kernels")
    figure = Figure(figsize=(11, 2.6), layout="constrained")
    axes = figure.subplots()
    for row, kind in enumerate(kinds):
        bars = [
            ((span.begin - first) / 1e3, max(span.end - span.begin, 1.0) / 1e3)
            for span in spans
            if first <= span.begin <= first + width and kind_of(span.name) == kind
        ]
        axes.broken_barh(bars, (row - 0.4, 0.8), color=f"C{row}")
    axes.set_yticks(range(len(kinds)), kinds)
    axes.set_xlim(0, width / 1e3)
    axes.set_xlabel(f"milliseconds; {SHOWN_BATCHES} batches, one after the other")
    figure.savefig(file, dpi=110)
