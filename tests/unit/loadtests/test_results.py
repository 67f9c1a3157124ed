"""Figures and tables of a load test, worked out by hand."""

import argparse
from collections import Counter

import pytest

from loadtests.concurrency import parse_range, parser
from loadtests.load import Window
from loadtests.report import table
from loadtests.results import Result, percentiles_ms, results_table

WINDOWS = [
    Window(2.0, [0.1, 0.2, 0.3], Counter({"429: too many": 2})),
    Window(2.0, [0.4, 0.5], Counter({"429: too many": 1})),
]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("4", [4]), ("1:4", [1, 2, 3, 4]), ("1:9:4", [1, 5, 9]), ("2:8:4", [2, 6]), ("3:3", [3])],
)
def test_range_has_its_end(text: str, numbers: list[int]) -> None:
    assert parse_range(text) == numbers


@pytest.mark.parametrize("text", ["", "0", "0:3", "4:1", "1:4:0", "1:2:3:4", "one", "1:"])
def test_other_ranges_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_range(text)
    with pytest.raises(SystemExit):
        parser().parse_args(["--url", "a:1", "--model", "m", "--concurrency", text])


def test_percentiles_lie_between_the_times() -> None:
    # Of 0, 10, ..., 1000 ms the p-th percentile is 10 p.
    times = [number / 100 for number in range(101)]

    assert percentiles_ms(times) == pytest.approx({"p50": 500, "p90": 900, "p95": 950, "p99": 990})
    assert percentiles_ms([0.2]) == pytest.approx({"p50": 200, "p90": 200, "p95": 200, "p99": 200})


def test_windows_are_taken_together() -> None:
    found = Result("limn", 4, 8, WINDOWS).document()

    assert (found["requests"], found["seconds"]) == (5, 4.0)
    assert found["requests_per_second"] == pytest.approx(1.25)
    assert found["inferences_per_second"] == pytest.approx(10)
    assert found["requests_per_second_by_round"] == pytest.approx([1.5, 1])
    assert found["latency_ms"]["p50"] == pytest.approx(300)
    assert found["errors"] == {"429: too many": 3}


def test_table_names_errors_below() -> None:
    text = results_table([Result("limn", 4, 8, WINDOWS).document()])

    assert "| limn | 4 | 5 | 1.25 | 1.50 / 1.00 | 10.00 | 300.0 |" in text
    assert text.endswith("\n- 3 x 429: too many (limn, 4 in flight)")


def test_table_without_answers_has_dashes() -> None:
    text = results_table([Result("limn", 1, 1, [Window(1.0)]).document()])

    assert text.endswith("| limn | 1 | 0 | 0.00 | 0.00 | 0.00 | - | - | - | - | 0 |")


def test_words_stand_left_and_numbers_right() -> None:
    assert table(("a", "b", "c"), [("x", "y", "1")], words=2).splitlines() == [
        "| a | b | c |",
        "| --- | --- | ---: |",
        "| x | y | 1 |",
    ]


def test_options_have_their_defaults() -> None:
    options: argparse.Namespace = parser().parse_args(["--url", "a:1", "--model", "m"])

    assert (options.concurrency, options.batch, options.protocol) == ([1], 1, "grpc")
