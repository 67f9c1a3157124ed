"""`limn prepare`: turn public data sets into the layout that training reads, and check them."""

import os
from pathlib import Path
from typing import Annotated

import typer

from cli.failure import explained
from limn.errors import LimnError
from training.datasets.layout import Layout

app = typer.Typer(help="Turn a public data set into one that training reads, and check it.")


@app.command()
def check(
    data: Annotated[Path, typer.Argument(help="Folder of a data set.")],
    layout: Annotated[Layout, typer.Option(help="How it is laid out and labelled.")] = "lip",
) -> None:
    """Read every picture and label map of all splits; print how often each class occurs."""
    from rich.console import Console
    from rich.progress import Progress

    from training.datasets.check import check_dataset, class_counts
    from training.datasets.open import SPLITS, open_dataset

    with explained(), Progress(console=Console(stderr=True)) as progress:
        datasets = [open_dataset(layout, data, split) for split in SPLITS[layout]]
        bar = progress.add_task("pictures", total=sum(map(len, datasets)))
        for dataset in datasets:
            statistics = check_dataset(dataset, lambda: progress.update(bar, advance=1))
            typer.echo(f"{dataset.split}: {len(dataset)} pictures")
            typer.echo(class_counts(statistics, dataset.label_set))


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
