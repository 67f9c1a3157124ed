"""The time that an answer may take."""

from collections.abc import Iterator
from contextlib import contextmanager

from anyio import fail_after

from service.errors import AnswerTimeout


@contextmanager
def answer_within(timeout_s: float) -> Iterator[None]:
    """Cancel the work inside after this time; AnswerTimeout then."""
    try:
        with fail_after(timeout_s):
            yield
    except TimeoutError as exc:
        raise AnswerTimeout(f"no answer within {timeout_s:g} s") from exc
