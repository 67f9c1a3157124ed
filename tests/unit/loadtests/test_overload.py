"""What passes as an overload that was stood."""

from collections import Counter
from dataclasses import replace

import pytest

from loadtests.bench.arrivals import OpenWindow
from loadtests.bench.client import Status
from loadtests.overload import BODY_BYTES, IMAGE_BYTES, Found

WINDOW = OpenWindow(60, 3, [0.2, 0.3], Counter({"Status: 429": 1}), [0.004])
BOUND_MB = 1.5 * (200 + (IMAGE_BYTES + BODY_BYTES) / 1e6)
GOOD = Found(50, WINDOW, [50.0], 200, BOUND_MB, 2.0, 1.0)


def verdicts(found: Found) -> list[bool]:
    return [row[-1] for row in found.rows()]


def window(**errors: int) -> OpenWindow:
    return replace(
        WINDOW, errors=Counter({name.replace("_", ": "): n for name, n in errors.items()})
    )


def test_each_limit_passes_where_it_is_just_kept() -> None:
    assert verdicts(GOOD) == [True, True, True, True]


@pytest.mark.parametrize(
    ("changed", "rows"),
    [
        pytest.param(
            replace(GOOD, window=window(Status_429=1, WrongAnswer_9=1)), [0], id="wrong-answer"
        ),
        pytest.param(replace(GOOD, window=window(Status_429=1, Status_503=1)), [0], id="503"),
        pytest.param(replace(GOOD, window=window(), refusals_ms=[]), [0], id="nobody-refused"),
        pytest.param(replace(GOOD, refusals_ms=[50.1]), [1], id="late-refusal"),
        pytest.param(replace(GOOD, refusals_ms=[]), [1], id="refusal-without-its-time"),
        pytest.param(replace(GOOD, peak_mb=BOUND_MB + 1), [2], id="memory"),
        pytest.param(replace(GOOD, recovery_s=2.01), [3], id="recovery"),
    ],
)
def test_each_limit_fails_alone(changed: Found, rows: list[int]) -> None:
    assert verdicts(changed) == [index not in rows for index in range(4)]


@pytest.mark.parametrize(
    ("timing", "milliseconds"),
    [("total;dur=0.42", 0.42), ("decode;dur=3.10, total;dur=12.00", 12.0), ("", None)],
)
def test_time_of_a_refusal_is_the_server_s_own(timing: str, milliseconds: float | None) -> None:
    error = Status(429, timing)

    assert error.server_ms == milliseconds
    assert str(error) == "429"
