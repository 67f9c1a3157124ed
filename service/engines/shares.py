"""The views of one canvas dealt out to workers, so that they end at about the same time."""

from collections.abc import Sequence

from service.engines.protocol import View

MOST_TOGETHER = 4
"""Views in one job; others wait no longer for a worker than these take."""


def shares(views: Sequence[View], workers: int) -> list[list[int]]:
    """Indices of `views` for every job, none empty; the largest views first, to the least laden.

    Args:
        views: at least one.
        workers: that have nothing else to do.
    """
    most = -(-len(views) // MOST_TOGETHER)
    count = min(len(views), max(1, workers, most))
    jobs: list[list[int]] = [[] for _ in range(count)]
    laden = [0.0] * count
    for index in sorted(range(len(views)), key=lambda index: -views[index].scale):
        least = laden.index(min(laden))
        jobs[least].append(index)
        # A view's pixels grow with the square of its scale.
        laden[least] += views[index].scale ** 2
    return jobs
