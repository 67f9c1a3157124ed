"""`limn key`: make, list and revoke the keys that clients show."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cli.configuration import read_settings
from cli.failure import explained

app = typer.Typer(help="Make, list and revoke API keys; a running service reads them on SIGHUP.")


class Scope(StrEnum):
    """What a key is for; typer takes several of an enumeration alone."""

    parse = "parse"
    metrics = "metrics"
    admin = "admin"


File = Annotated[
    Path | None, typer.Option("--file", help="File of keys.", show_default="LIMN_KEYS_FILE")
]
Name = Annotated[str, typer.Argument(help="Whose key it is.")]


def _path(file: Path | None) -> Path:
    path = file or read_settings().keys_file
    if path is None:
        raise typer.BadParameter("name a file, here or in LIMN_KEYS_FILE", param_hint="--file")
    return path


@app.command()
def create(
    name: Name,
    scope: Annotated[
        list[Scope] | None,
        typer.Option(help="What it is for; repeat it.", show_default="parse"),
    ] = None,
    file: File = None,
) -> None:
    """Print a new key, once; the file keeps its hash."""
    from service.keys import create as create_key

    with explained():
        scopes = [each.value for each in scope or (Scope.parse,)]
        typer.echo(create_key(_path(file), name, scopes))


@app.command(name="list")
def list_keys(file: File = None) -> None:
    """Every key's name and scopes."""
    from service.keys import Keys

    with explained():
        for key in Keys.read(_path(file)):
            typer.echo(f"{key.name}: {', '.join(sorted(key.scopes))}")


@app.command()
def revoke(name: Name, file: File = None) -> None:
    """Take a key out of the file."""
    from service.keys import revoke as revoke_key

    with explained():
        revoke_key(_path(file), name)
    typer.echo(f"{name}: revoked")
