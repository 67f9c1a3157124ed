"""What each further person in a photo costs, beside as many requests for one person.

    python -m loadtests.persons --url http://127.0.0.1:8080

One photo with k boxes, and k requests with one box each, one after the other, in turns; prints
Markdown: medians, and the slope of a straight line through each. Exits with 1 where a person of
many costs more than a person alone.
"""

import argparse
import json
import shlex
import sys
import time
from collections.abc import Sequence
from statistics import median

import httpx2
import numpy as np

from loadtests.inputs import portrait
from loadtests.report import conditions, table

COUNTS = (1, 2, 4, 8, 16, 32)
WIDTH, HEIGHT = 512, 1024
BOX = (160, 320)
"""(width, height) of every person, in pixels."""


def boxes(count: int) -> list[list[int]]:
    """Persons side by side and below each other, a little apart each time."""
    across, down = WIDTH - BOX[0], HEIGHT - BOX[1]
    corners = [(37 * index % across, 61 * index % down) for index in range(count)]
    return [[x, y, x + BOX[0], y + BOX[1]] for x, y in corners]


def seconds(client: httpx2.Client, requests: Sequence[list[list[int]]]) -> float:
    """Of some requests, one after the other."""
    start = time.perf_counter()
    for wanted in requests:
        query = {"boxes": json.dumps(wanted)}
        client.post("/v1/parse", params=query, content=portrait()).raise_for_status()
    return time.perf_counter() - start


def slope(counts: Sequence[int], milliseconds: Sequence[float]) -> float:
    """Milliseconds per person, by least squares."""
    return float(np.polyfit(counts, milliseconds, 1)[0])


def main() -> int:
    parser = argparse.ArgumentParser(description="What each person in a photo costs.")
    parser.add_argument("--url", default="http://127.0.0.1:8080")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    found: dict[tuple[int, bool], list[float]] = {}
    with httpx2.Client(base_url=options.url, timeout=120) as client:
        seconds(client, [boxes(2)])
        for _ in range(options.rounds):
            for count in COUNTS:
                people = boxes(count)
                for alone, requests in ((False, [people]), (True, [[one] for one in people])):
                    took = seconds(client, requests) * 1e3
                    found.setdefault((count, alone), []).append(took)
    together, one_by_one = (
        [median(found[count, alone]) for count in COUNTS] for alone in (False, True)
    )
    rows = [
        (str(count), f"{many:.0f}", f"{single:.0f}", f"{many / single:.2f}")
        for count, many, single in zip(COUNTS, together, one_by_one, strict=True)
    ]
    slopes = slope(COUNTS, together), slope(COUNTS, one_by_one)
    command = shlex.join(["python", "-m", "loadtests.persons", *sys.argv[1:]])
    print("# Persons in one photo\n")
    print("\n".join(conditions(command, [options.url])))
    print(f"- Medians of {options.rounds} rounds; requests one after the other\n")
    heads = ("persons", "ms, one request", "ms, a request each", "ratio")
    print(table(heads, rows, words=0))
    print(f"\nA further person: {slopes[0]:.1f} ms in one request, {slopes[1]:.1f} ms alone.")
    return int(slopes[0] > slopes[1])


if __name__ == "__main__":
    sys.exit(main())
