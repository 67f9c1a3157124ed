"""Views of a canvas, dealt out to workers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.engines.protocol import View
from service.engines.shares import MOST_TOGETHER, shares

DEFAULT = [View(0.8, False), View(1, False), View(1.2, False)]


@pytest.mark.parametrize(
    ("workers", "expected"),
    [
        pytest.param(0, [[2, 1, 0]], id="all-busy"),
        pytest.param(1, [[2, 1, 0]], id="one-idle"),
        # 1.44 beside 1 + 0.64.
        pytest.param(2, [[2], [1, 0]], id="two-idle"),
        pytest.param(3, [[2], [1], [0]], id="three-idle"),
        pytest.param(8, [[2], [1], [0]], id="more-than-views"),
    ],
)
def test_the_default_views_are_dealt_by_their_size(workers: int, expected: list[list[int]]) -> None:
    assert shares(DEFAULT, workers) == expected


@given(
    views=st.lists(st.builds(View, st.floats(0.25, 2), st.booleans()), min_size=1, max_size=16),
    workers=st.integers(0, 20),
)
def test_every_view_is_dealt_once_and_no_job_is_long_or_empty(
    views: list[View], workers: int
) -> None:
    jobs = shares(views, workers)

    assert sorted(index for job in jobs for index in job) == list(range(len(views)))
    assert all(jobs)
    if workers <= 1:
        assert len(jobs) == -(-len(views) // MOST_TOGETHER)
