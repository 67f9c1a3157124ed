"""`limn repository`: write, check and change the model repository as Triton reads it."""

import os
from pathlib import Path
from typing import Annotated, Literal

import typer

from cli.failure import explained

app = typer.Typer(help="Write, check and change the model repository that Triton and Limn serve.")

Folder = Annotated[Path, typer.Option("--repository", help="Model repository.")]
Name = Annotated[str, typer.Argument(help="Name of a network; its parser follows.")]

_REPOSITORY = Path("model_repository")


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@app.command()
def build(
    platform: Annotated[
        Literal["onnxruntime", "tensorrt", "python"],
        typer.Option(help="Triton backend; python where the server has no other."),
    ],
    repository: Folder = _REPOSITORY,
    out: Annotated[
        Path | None, typer.Option(help="Folder for a complete copy; in place if not given.")
    ] = None,
    response_cache: Annotated[
        bool, typer.Option("--response-cache", help="Let the server cache answers.")
    ] = False,
) -> None:
    """Write config.pbtxt, labels.txt and what the backend needs, for every model."""
    from export.triton.config import Target
    from export.triton.write import build as build_in_place
    from export.triton.write import build_copy

    target = Target(platform, _cores(), response_cache)
    with explained():
        if out is None:
            models = build_in_place(repository, target)
        else:
            models = build_copy(repository, out, target)
    for model in models:
        typer.echo(f"{model.folder}: version {model.served} for {platform}")


@app.command()
def check(
    repository: Annotated[Path, typer.Argument(help="Model repository.")] = _REPOSITORY,
) -> None:
    """Compare every config.pbtxt with its schema and its contract; one line per fault."""
    from export.triton.check import check_repository

    with explained():
        faults = check_repository(repository)
    for fault in faults:
        typer.echo(fault)
    if faults:
        raise typer.Exit(1)
    typer.echo(f"{repository}: no fault")


@app.command(name="list")
def list_models(repository: Folder = _REPOSITORY) -> None:
    """Every version: whether it is served, what it is, how good, how large."""
    from rich.console import Console
    from rich.table import Table

    from export.triton.listing import COLUMNS, rows

    with explained():
        found = rows(repository)
    table = Table(*COLUMNS, box=None, pad_edge=False)
    for row in found:
        table.add_row(*row)
    Console().print(table)


@app.command()
def add(
    folder: Annotated[
        Path, typer.Argument(help="<name>/<version> as `limn export onnx` wrote it.")
    ],
    repository: Folder = _REPOSITORY,
) -> None:
    """Copy a version into the repository, once it is checked; what is served stays."""
    from export.triton.promote import add as add_version

    with explained():
        typer.echo(f"{add_version(repository, folder)}: added, `promote` serves it")


@app.command()
def promote(
    name: Name,
    version: Annotated[int, typer.Argument(help="Version to serve.", min=1)],
    repository: Folder = _REPOSITORY,
) -> None:
    """Serve a version where none is named; servers follow when they load the model again."""
    from export.triton.promote import promote as promote_version

    with explained():
        promotion = promote_version(repository, name, version, _cores())
    typer.echo(f"{name}: version {promotion.served} is served")


@app.command()
def rollback(name: Name, repository: Folder = _REPOSITORY) -> None:
    """Serve the version again that was served before the last promotion."""
    from export.triton.promote import roll_back

    with explained():
        promotion = roll_back(repository, name, _cores())
    typer.echo(f"{name}: version {promotion.served} is served")
