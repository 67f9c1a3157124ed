"""The time that an answer may take."""

from collections.abc import Iterator
from contextlib import contextmanager

from anyio import CancelScope, fail_after

from service.errors import AnswerTimeout

MOST_MILLISECONDS = 3_600_000
"""That a request can allow for its answer."""


@contextmanager
def answer_within(timeout_s: float) -> Iterator[None]:
    """Cancel the work inside after this time; AnswerTimeout then."""
    try:
        with fail_after(timeout_s):
            yield
    except TimeoutError as exc:
        raise AnswerTimeout(f"no answer within {timeout_s:g} s") from exc


class Deadline:
    """When the work in a cancel scope ends, counted from the arrival of its request."""

    def __init__(self, arrived: float, scope: CancelScope) -> None:
        self.scope = scope
        self._arrived = arrived

    def allow_ms(self, milliseconds: int | None) -> None:
        """End the work after this time, if it would not end sooner; None leaves it as it is."""
        if milliseconds is not None:
            self.scope.deadline = min(self.scope.deadline, self._arrived + milliseconds / 1e3)

    def error(self) -> AnswerTimeout:
        """What a client is told that wanted its answer by now."""
        allowed = (self.scope.deadline - self._arrived) * 1e3
        return AnswerTimeout(f"no answer within the {allowed:.0f} ms that the request allows")
