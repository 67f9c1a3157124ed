"""How many requests are worked on at once, over HTTP and gRPC together."""

from collections.abc import Iterator
from contextlib import contextmanager

from service.errors import Overloaded
from service.metrics import Metrics


class Admission:
    """Takes `limit` requests at a time; the event loop alone may ask it."""

    def __init__(self, limit: int, metrics: Metrics) -> None:
        self._limit = limit
        self._in_flight = 0
        self._gauge = metrics.in_flight

    @contextmanager
    def admitted(self) -> Iterator[None]:
        """Hold a place for the time of a request.

        Raises:
            Overloaded: every place is taken.
        """
        if self._in_flight >= self._limit:
            raise Overloaded(f"{self._limit} requests are in flight; try again shortly")
        self._in_flight += 1
        self._gauge.set(self._in_flight)
        try:
            yield
        finally:
            self._in_flight -= 1
            self._gauge.set(self._in_flight)
