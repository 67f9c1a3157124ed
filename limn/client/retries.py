"""When to ask again, and after how long."""

import random
from dataclasses import dataclass

from limn.client.errors import ClientError, Refused, Unreachable

_PASSING = frozenset({429, 503})
"""Statuses that say that the same request may be answered later."""


@dataclass(frozen=True)
class Retries:
    """Waits between attempts: what the service asks for, else twice as long each time.

    A wait is drawn from its upper half, so that clients who were refused together do not come
    back together.

    Attributes:
        attempts: at most, the first included.
        first_wait_s: the longest first wait, where the service names none.
        longest_wait_s: a wait beyond it is not waited; the refusal is raised at once.
    """

    attempts: int = 5
    first_wait_s: float = 0.2
    longest_wait_s: float = 30.0

    def wait_s(self, attempt: int, error: ClientError, rng: random.Random) -> float | None:
        """Seconds until the next attempt, after `attempt` of them failed; None to give up."""
        if attempt >= self.attempts:
            return None
        if isinstance(error, Refused):
            if error.status not in _PASSING:
                return None
            if error.retry_after_s is not None:
                # Not earlier than asked.
                wait = error.retry_after_s * rng.uniform(1.0, 1.5)
                return wait if error.retry_after_s <= self.longest_wait_s else None
        elif not isinstance(error, Unreachable):
            return None
        wait = min(self.longest_wait_s, self.first_wait_s * 2.0 ** (attempt - 1))
        return wait * rng.uniform(0.5, 1.0)
