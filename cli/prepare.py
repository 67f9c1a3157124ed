"""`limn prepare`: turn public data sets into the layout that training reads."""

import os
from pathlib import Path
from typing import Annotated

import typer

from limn.errors import LimnError

app = typer.Typer(help="Turn a public data set into one that training reads.")


@app.callback()
def _group() -> None:
    """Keep `ccp` a command of its own while it is the only one."""


@app.command()
def ccp(
    source: Annotated[Path, typer.Argument(help="Folder of Clothing Co-Parsing (CCP).")],
    out: Annotated[Path, typer.Argument(help="Folder to write the data set to.")],
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes.", show_default="one per core")
    ] = None,
    sheets: Annotated[bool, typer.Option(help="Draw contact sheets into OUT/sheets.")] = True,
) -> None:
    """Give the Clothing Co-Parsing photos LIP's 20 labels, in LIP's layout."""
    from training.ccp.prepare import prepare

    try:
        tallies = prepare(source, out, workers or os.cpu_count() or 1, sheets)
    except LimnError as error:
        typer.secho(f"Error: {error}", err=True, fg=typer.colors.RED)
        raise typer.Exit(1) from error
    for subset, tally in tallies.items():
        typer.echo(f"{subset}: {tally.image_count} images")
