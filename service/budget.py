"""How much work of the networks is taken on at once, in units of what it costs."""

from collections.abc import Iterator
from contextlib import contextmanager

from service.errors import Overloaded, TooCostly


class WorkBudget:
    """Takes work of up to `limit` units at a time; for the event loop alone.

    A unit is one canvas shown once at scale 1; see `TestTimeSettings.cost`.
    """

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self.taken = 0.0
        """Units that are worked on or wait."""

    @contextmanager
    def work(self, cost: float) -> Iterator[None]:
        """Hold `cost` units for the time of the work.

        Raises:
            TooCostly: the work alone is more than the limit.
            Overloaded: it is too much beside the work in flight.
        """
        if cost > self.limit:
            raise TooCostly(
                f"this costs {cost:.0f} units, and the limit is {self.limit:.0f}; a unit is one"
                " person at scale 1: ask for fewer boxes or scales, smaller scales, or no flip"
            )
        if self.taken + cost > self.limit:
            raise Overloaded(f"work of {self.taken:.0f} units is in flight; try again shortly")
        self.taken += cost
        try:
            yield
        finally:
            self.taken -= cost
