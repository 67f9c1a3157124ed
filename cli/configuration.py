"""`LIMN_*` settings for a command, or a message that says which one is wrong."""

from typing import TYPE_CHECKING

import typer

from cli.failure import report

if TYPE_CHECKING:
    from service.settings import Settings


def read_settings() -> "Settings":
    """Settings from the environment; ends the command where one is out of bounds."""
    from pydantic import ValidationError

    from service.settings import Settings

    try:
        return Settings()
    except ValidationError as error:
        for fault in error.errors():
            name = "LIMN_" + ".".join(map(str, fault["loc"])).upper()
            report(f"{name}: {fault['msg']}, not {fault['input']!r}")
        raise typer.Exit(1) from error
