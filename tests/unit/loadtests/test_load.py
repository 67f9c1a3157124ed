"""What a window of load counts."""

import asyncio
from collections import Counter

from tritonclient.utils import InferenceServerException

from loadtests.load import Window, measure


async def after_10_ms() -> None:
    await asyncio.sleep(0.01)


async def refused() -> None:
    raise InferenceServerException("too many", status="429")


async def hung_up() -> None:
    raise ConnectionResetError("gone")


def test_every_client_asks_again_as_soon_as_it_is_answered() -> None:
    alone = asyncio.run(measure([after_10_ms], 0.4, warm_up_s=0))
    three = asyncio.run(measure([after_10_ms] * 3, 0.4, warm_up_s=0))

    assert 5 <= len(alone.latencies) <= 40
    assert len(three.latencies) > 2 * len(alone.latencies)
    assert min(three.latencies) >= 0.01
    assert three.rate == len(three.latencies) / 0.4
    assert not three.errors


def test_errors_are_counted_by_their_text_and_not_as_answers() -> None:
    window = asyncio.run(measure([refused, hung_up, after_10_ms], 0.2, warm_up_s=0))

    assert set(window.errors) == {"429: too many", "ConnectionResetError: gone"}
    # After an error there is a pause of 50 ms.
    assert all(1 <= count <= 4 for count in window.errors.values())
    assert window.latencies


def test_what_ends_outside_of_the_window_is_not_counted() -> None:
    ended: Counter[str] = Counter()

    async def slow() -> None:
        await asyncio.sleep(0.12)
        ended["slow"] += 1

    # Ends at 0.12, 0.24 and 0.36 s; the window is from 0.1 to 0.3 s.
    window = asyncio.run(measure([slow], 0.2, warm_up_s=0.1))

    assert ended["slow"] == len(window.latencies) + 1


def test_window_without_an_answer_has_rate_0() -> None:
    assert Window(2.0).rate == 0
