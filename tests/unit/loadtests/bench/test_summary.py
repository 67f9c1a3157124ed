"""Medians, ranges and shares, worked out by hand."""

import pytest

from loadtests.bench.summary import (
    Spread,
    added_ms,
    advantages,
    entries,
    errors_of,
    share_of_ceiling,
    turns_of,
)
from tests.unit.loadtests.bench.figures import TURNS, closed, turn


def test_spread_has_the_median_and_the_ends() -> None:
    assert Spread.of([4, 1, 2]) == Spread(2, 1, 4)
    assert Spread.of([4, None, 1]) == Spread(2.5, 1, 4)
    assert Spread.of([None]) is None


def test_turns_of_a_peer_are_in_the_order_of_rounds() -> None:
    assert [found["maximum"] for found in turns_of(TURNS, "limn")] == [36, 16]


def test_shares_are_of_the_ceiling_of_the_same_turn() -> None:
    assert [share_of_ceiling(found) for found in turns_of(TURNS, "limn")] == [0.9, 0.8]
    levels = entries(turns_of(TURNS, "other"), "closed", "in_flight")
    assert list(levels) == [1, 2]
    assert [share_of_ceiling(found) for found in levels[1]] == [0.25, 0.2]


def test_advantage_compares_shares_of_the_same_round() -> None:
    # 36 of 40 against 20 of 40; 16 of 20 against 8 of 20.
    assert advantages(TURNS, "limn", "other") == pytest.approx([1.8, 2])
    assert advantages(TURNS, "limn", "limn") == [1, 1]


def test_added_time_is_over_the_bare_loop_with_one_request_at_a_time() -> None:
    assert [added_ms(found) for found in turns_of(TURNS, "limn")] == [10, 11]
    assert (
        added_ms(turn("limn", 0, 1, 1, closed=[closed(1, 0, 0) | {"latency_ms": {"p50": None}}]))
        is None
    )


def test_errors_are_added_up_by_their_text() -> None:
    found = [{"errors": {"Status: 429": 2}}, {"errors": {"Status: 429": 1, "gone": 1}}]

    assert errors_of(found) == {"Status: 429": 3, "gone": 1}
