"""What torch raises, in our words."""

from collections.abc import Iterator
from contextlib import contextmanager

from service.errors import InferenceFailed


@contextmanager
def faults() -> Iterator[None]:
    """InferenceFailed for what torch raises."""
    try:
        yield
    except RuntimeError as exc:
        raise InferenceFailed(f"{type(exc).__name__}: {exc}") from exc
