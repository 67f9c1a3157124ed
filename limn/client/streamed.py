"""One photo of many, and what became of it."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from limn.client.answers import Answer

Sent = TypeVar("Sent")


@dataclass(frozen=True)
class Streamed(Generic[Sent]):
    """An answer or an error.

    Attributes:
        number: of the photo, from 0, in the order in which photos were given.
        photo: as it was given.
        error: why there is no answer: a `ClientError`, or an `OSError` of its file.
    """

    number: int
    photo: Sent
    outcome: Answer | None = None
    error: Exception | None = None

    def answer(self) -> Answer:
        """The answer; raises `error` where there is none."""
        if self.outcome is None:
            assert self.error is not None
            raise self.error
        return self.outcome
