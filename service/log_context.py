"""What every log line of a request says of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_fields: ContextVar[dict[str, str] | None] = ContextVar("log_fields", default=None)


@contextmanager
def log_fields(**fields: str) -> Iterator[None]:
    """Lines that are written inside, in this context and those started from it, carry these."""
    token = _fields.set({**(_fields.get() or {}), **fields})
    try:
        yield
    finally:
        _fields.reset(token)


def fields_here() -> dict[str, str]:
    """What `log_fields` has set."""
    return dict(_fields.get() or {})
