"""What a load test found, per server and concurrency, as figures and as a page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from loadtests.load import Window
from loadtests.report import table

PERCENTILES = (50, 90, 95, 99)

_HEADS = (
    "server",
    "in flight",
    "requests",
    "requests/s",
    "by round",
    "inferences/s",
    *(f"p{share} ms" for share in PERCENTILES),
    "errors",
)


@dataclass(frozen=True)
class Result:
    """Windows of one server at one concurrency; `batch` is the items in a request."""

    server: str
    concurrency: int
    batch: int
    windows: Sequence[Window]

    def document(self) -> dict[str, Any]:
        """Rates are per second, latencies in milliseconds and None where nothing was answered."""
        latencies = [latency for window in self.windows for latency in window.latencies]
        seconds = sum(window.seconds for window in self.windows)
        rate = len(latencies) / seconds
        errors: dict[str, int] = {}
        for window in self.windows:
            for text, count in window.errors.items():
                errors[text] = errors.get(text, 0) + count
        return {
            "server": self.server,
            "concurrency": self.concurrency,
            "seconds": seconds,
            "requests": len(latencies),
            "requests_per_second": rate,
            "requests_per_second_by_round": [window.rate for window in self.windows],
            "inferences_per_second": rate * self.batch,
            "latency_ms": percentiles_ms(latencies),
            "errors": errors,
        }


def percentiles_ms(seconds: Sequence[float]) -> dict[str, float | None]:
    """`p50` to `p99` of times in seconds, in milliseconds; between two times, linearly."""
    names = [f"p{share}" for share in PERCENTILES]
    if not seconds:
        return dict.fromkeys(names)
    values = np.percentile(seconds, PERCENTILES) * 1e3
    return dict(zip(names, map(float, values), strict=True))


def results_table(documents: Sequence[dict[str, Any]]) -> str:
    """A row per document, and below the table what went wrong."""
    rows = [_row(document) for document in documents]
    faults = [
        f"- {count} x {text} ({document['server']}, {document['concurrency']} in flight)"
        for document in documents
        for text, count in document["errors"].items()
    ]
    return "\n".join([table(_HEADS, rows), *(["", "Errors:", ""] if faults else []), *faults])


def _row(document: dict[str, Any]) -> list[str]:
    return [
        document["server"],
        str(document["concurrency"]),
        str(document["requests"]),
        f"{document['requests_per_second']:.2f}",
        " / ".join(f"{rate:.2f}" for rate in document["requests_per_second_by_round"]),
        f"{document['inferences_per_second']:.2f}",
        *("-" if ms is None else f"{ms:.1f}" for ms in document["latency_ms"].values()),
        str(sum(document["errors"].values())),
    ]
