"""Turns of two servers in two rounds, with round numbers."""

from typing import Any

Document = dict[str, Any]


def window(rate: float, ms: float, **more: Any) -> Document:
    """What was found in one window; all percentiles are the same."""
    return {
        "photos_per_second": rate,
        "latency_ms": dict.fromkeys(("p50", "p90", "p95", "p99"), ms),
        "memory_mib": 100.0,
        "errors": {},
    } | more


def closed(level: int, rate: float, ms: float) -> Document:
    cpu = {"cpu_ms_per_photo": 90.0, "client_cpu_ms_per_photo": 2.0}
    return window(rate, ms, in_flight=level, answers=9, **cpu)


def opened(load: float, rate: float, ms: float, **more: Any) -> Document:
    share = {"offered": 10, "answers": 10, "answered_share": 1.0, "refusal_ms": None}
    return window(rate, ms, load=load, **(share | more))


def turn(peer: str, number: int, maximum: float, ceiling: float, **more: Any) -> Document:
    return {
        "peer": peer,
        "round": number,
        "ceiling": {"cores": 2, "photos_per_second": ceiling, "alone_ms": 50.0},
        "agreement": 0.9995,
        "ready_s": 1.5,
        "maximum": maximum,
        "closed": [closed(1, maximum / 2, 60.0 + number), closed(2, maximum, 80.0)],
        "open": [opened(0.8, 0.8 * maximum, 70.0)],
        "null": [closed(1, 100, 10.0)],
    } | more


TURNS = [
    turn("limn", 1, maximum=16, ceiling=20),
    turn("limn", 0, maximum=36, ceiling=40),
    turn("other", 0, maximum=20, ceiling=40),
    turn("other", 1, maximum=8, ceiling=20),
]
TITLES = {"limn": "Limn", "other": "Another"}
