"""How a command ends that cannot go on: one line on stderr and exit status 1."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from limn.errors import LimnError


def report(message: str) -> None:
    """One line on stderr."""
    typer.secho(f"Error: {message}", err=True, fg=typer.colors.RED)


@contextmanager
def explained() -> Iterator[None]:
    """Turn our own errors into a message; anything else is a bug and keeps its traceback."""
    try:
        yield
    except LimnError as error:
        report(str(error))
        raise typer.Exit(1) from error
