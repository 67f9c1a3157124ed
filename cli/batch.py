"""`limn batch`: whole collections of photos, resumable, on one machine or on a Ray cluster."""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cli.batch_progress import BatchProgress
from cli.configuration import read_settings
from cli.failure import explained, report

if TYPE_CHECKING:
    from service.batch.source import Source

SOME_BAD = 3
"""Exit status where all was done, but some pictures were bad."""


def batch(
    source: Annotated[
        Path,
        typer.Argument(
            help="Folder of photos, text file with one path per line, tar (.gz, .bz2, .xz), or a"
            " data set with --layout.",
            exists=True,
        ),
    ],
    out: Annotated[Path, typer.Argument(help="Folder for all outputs; again, to continue.")],
    model: Annotated[str | None, typer.Option(help="Served model; the default one.")] = None,
    version: Annotated[int | None, typer.Option(help="The one promoted.", min=1)] = None,
    scales: Annotated[str | None, typer.Option(help="For example 0.8,1,1.2.")] = None,
    flip: Annotated[bool, typer.Option(help="Look at the mirrored photos too.")] = False,
    label_set: Annotated[str | None, typer.Option(help="Answer in this label set.")] = None,
    overlay: Annotated[bool, typer.Option(help="Write overlays too.")] = False,
    layout: Annotated[
        Literal["lip"] | None, typer.Option(help="SOURCE is a data set laid out like this.")
    ] = None,
    split: Annotated[
        Literal["train", "val", "test"], typer.Option(help="Of the data set.")
    ] = "val",
    in_flight: Annotated[
        int | None, typer.Option(min=1, help="Pictures at a time per process; 2 per session.")
    ] = None,
    part_size: Annotated[
        int, typer.Option(min=1, help="Pictures per Parquet part; a kill costs at most the last.")
    ] = 256,
    ray: Annotated[
        str | None,
        typer.Option(help="Address of a Ray cluster, or `local` to start one on this machine."),
    ] = None,
) -> None:
    """Parse every photo of SOURCE into OUT; after a kill, the same command goes on where it was.

    Exit status: 0 all parsed, 3 some pictures were bad (OUT/report.json), 1 refused or stopped.
    """
    for module in ("pyarrow", *(["ray"] if ray else [])):
        if find_spec(module) is None:
            report(f"{module} is not installed; pip install '.[batch]' in a checkout brings it")
            raise typer.Exit(1)
    from service.batch.run import Order, run_batch
    from service.parameters import ParseParameters

    settings = read_settings()
    parameters = ParseParameters(
        model=model, version=version, scales=scales, flip=flip, label_set=label_set
    )
    with explained():
        pictures = _source(source, out, layout, split)
        order = Order(
            settings, parameters, pictures, out, overlay, part_size, in_flight=in_flight, ray=ray
        )
        with BatchProgress() as progress:
            record = run_batch(order, progress)
    typer.echo(
        f"{record.pictures} pictures: {record.parsed} parsed, {record.bad} bad;"
        f" {record.runs[-1].rate:.1f} per second in this run; {out}"
    )
    if record.bad:
        report(f"{record.bad} pictures were bad, see {out / 'report.json'}")
        raise typer.Exit(SOME_BAD)


def _source(path: Path, out: Path, layout: str | None, split: str) -> "Source":
    import tarfile

    from service.batch.archive import archive_source
    from service.batch.files import folder_source, list_source

    if layout is not None:
        return _lip_source(path, split)
    if path.is_dir():
        return folder_source(path, out)
    return archive_source(path) if tarfile.is_tarfile(path) else list_source(path)


def _lip_source(root: Path, split: str) -> "Source":
    """Pictures of a split as `limn prepare` writes it or LIP itself is laid out; no label maps."""
    from service.batch.entries import entry_of
    from service.batch.files import files_source
    from training.datasets.listing import find_part, read_ids

    ids = read_ids(find_part(root, f"{split}_id.txt", f"TrainVal_images/{split}_id.txt"))
    images = find_part(root, f"{split}_images", f"TrainVal_images/{split}_images").resolve()
    entries = [entry_of(f"{name}.jpg") for name in dict.fromkeys(ids)]
    return files_source(f"{root.resolve()} (lip, {split})", images, entries)
