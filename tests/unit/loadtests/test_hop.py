"""The table of the hop, on times that were made up."""

import pytest

from loadtests.hop import scale_shapes
from loadtests.hop_page import SHARED_MEMORY, WIRE, Spread, Timing, Variant, page
from loadtests.server import CannotMeasure

LOGITS = Variant("raw logits", 2, WIRE, 4_000, 6_000)
LABELS = Variant("labels", 2, WIRE, 2_000, 1_000)
SHARED_LOGITS = Variant("raw logits", 2, SHARED_MEMORY, 4_000, 6_000)
SHARED_LABELS = Variant("labels", 2, SHARED_MEMORY, 2_000, 1_000)


def hops(*milliseconds: float) -> list[Timing]:
    """Tries of two crops, 100 ms in the server each."""
    return [Timing(0.1 + hop / 1e3, 0.1) for hop in milliseconds]


def test_hop_is_what_the_server_does_not_account_for() -> None:
    assert Timing(total=0.25, server=0.2).hop == pytest.approx(0.05)


def test_spread_is_per_crop() -> None:
    spread = Spread.of(LOGITS, hops(20, 30, 40, 50, 60))

    assert (spread.low, spread.middle, spread.high) == pytest.approx((15, 20, 25))


def test_spreads_differ_where_their_middle_halves_lie_apart() -> None:
    assert Spread(1, 2, 3).differs(Spread(4, 5, 6))
    assert Spread(4, 5, 6).differs(Spread(1, 2, 3))
    assert not Spread(1, 2, 4).differs(Spread(4, 5, 6))


def test_page_has_a_row_each_and_tells_noise() -> None:
    text = page(
        "python -m loadtests.hop",
        "triton 2.51.0",
        "mman",
        {
            LOGITS: hops(38, 40, 42),
            SHARED_LOGITS: hops(10, 12, 14),
            LABELS: hops(3, 4, 5),
            SHARED_LABELS: hops(2, 3, 9),
        },
    )

    assert (
        "| raw logits | wire | 2 | 2,000 | 3,000 | 70.0 | 50.0 | 20.00 | 19.50 to 20.50 |" in text
    )
    assert "- By wire, 2 crops per request: the hop of labels once, raw logits 10.0 times." in text
    assert "- Shared memory saves for raw logits, 2 crops per request: 14.0 of 20.0 ms." in text
    assert "for labels, 2 crops per request: nothing that stands out from the noise." in text
    assert "Medians of 3 rounds" in text


def test_scales_are_those_that_the_server_warms_up() -> None:
    def warm_up(batch: int, *dims: str) -> dict[str, object]:
        return {"batch_size": batch, "inputs": {"pixels": {"dims": list(dims)}}}

    config = {
        "name": "mman",
        "model_warmup": [
            warm_up(1, "3", "304", "208"),
            warm_up(8, "3", "304", "208"),
            warm_up(1, "3", "384", "256"),
        ],
    }

    assert scale_shapes(config) == ({"pixels": (3, 304, 208)}, {"pixels": (3, 384, 256)})
    with pytest.raises(CannotMeasure, match="mman has no warm-up"):
        scale_shapes({"name": "mman"})
