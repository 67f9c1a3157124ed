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
    def work(self, cost: float) -> Iterator["Work"]:
        """Hold `cost` units for the time of the work.

        Raises:
            TooCostly: the work alone is more than the limit.
            Overloaded: it is too much beside the work in flight.
        """
        work = Work(self)
        work.amounts_to(cost)
        try:
            yield work
        finally:
            self.taken -= work.cost

    def _take(self, more: float, cost: float) -> None:
        if cost > self.limit:
            raise TooCostly(
                f"this costs {cost:.0f} units, and the limit is {self.limit:.0f}; a unit is one"
                " person at scale 1: ask for fewer boxes or scales, smaller scales, or no flip"
            )
        if self.taken + more > self.limit:
            raise Overloaded(f"work of {self.taken:.0f} units is in flight; try again shortly")
        self.taken += more


class Work:
    """The work of one request."""

    def __init__(self, budget: WorkBudget) -> None:
        self._budget = budget
        self.cost = 0.0

    def amounts_to(self, cost: float) -> None:
        """Hold so many units in all, more or fewer than before, now that the work is known.

        Refused rather than waited for, as at first: those who hold some and wait for more would
        wait for each other.

        Raises:
            TooCostly, Overloaded: as `WorkBudget.work`; what was held stays held until its end.
        """
        self._budget._take(cost - self.cost, cost)
        self.cost = cost
