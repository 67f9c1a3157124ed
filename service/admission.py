"""How many requests, and bytes of their bodies, are taken on at once, over HTTP and gRPC."""

from collections.abc import Iterator
from contextlib import contextmanager

from service.errors import Overloaded
from service.metrics import Metrics


class Admission:
    """Takes `limit` requests at a time, and `max_bytes` of bodies; for the event loop alone."""

    def __init__(self, limit: int, max_bytes: int, metrics: Metrics) -> None:
        self._limit = limit
        self._max_bytes = max_bytes
        self._in_flight = 0
        self._bytes = 0
        self._metrics = metrics

    @contextmanager
    def admitted(self) -> Iterator["Place"]:
        """Hold a place for the time of a request, of whose body nothing need be known yet.

        Raises:
            Overloaded: every place is taken.
        """
        if self._in_flight >= self._limit:
            raise Overloaded(f"{self._limit} requests are in flight; try again shortly")
        place = Place(self)
        self._in_flight += 1
        self._metrics.in_flight.set(self._in_flight)
        try:
            yield place
        finally:
            self._in_flight -= 1
            self._take(-place.body_bytes)
            self._metrics.in_flight.set(self._in_flight)

    def _take(self, count: int) -> None:
        if self._bytes + count > self._max_bytes:
            raise Overloaded(
                f"request bodies of {self._max_bytes} bytes are in flight; try again shortly"
            )
        self._bytes += count
        self._metrics.body_bytes_in_flight.set(self._bytes)


class Place:
    """The place of one request."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self.body_bytes = 0

    def hold(self, count: int) -> None:
        """Room for `count` bytes of the body, as announced or as they have arrived.

        Raises:
            Overloaded: the bodies in flight would be too large together.
        """
        if count > self.body_bytes:
            self._admission._take(count - self.body_bytes)
            self.body_bytes = count
