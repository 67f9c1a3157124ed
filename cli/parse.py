"""`limn parse`: photos on disk, through the same pipeline as the gateway."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cli.configuration import read_settings
from cli.failure import explained, report
from limn.errors import LimnError

if TYPE_CHECKING:
    from service.parameters import ParsePlan
    from service.pipeline import ParsingPipeline

Output = Literal["mask", "color", "overlay", "json", "npz"]
_SUFFIXES: dict[Output, str] = {"json": ".json", "npz": ".npz"}


def parse(
    photos: Annotated[list[Path], typer.Argument(help="JPEG, PNG or WebP files.", exists=True)],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the answers.")],
    model: Annotated[str | None, typer.Option(help="Served model; the default one.")] = None,
    version: Annotated[int | None, typer.Option(help="The one promoted.", min=1)] = None,
    scales: Annotated[str | None, typer.Option(help="For example 0.8,1,1.2.")] = None,
    flip: Annotated[bool, typer.Option(help="Look at the mirrored photo too.")] = False,
    boxes: Annotated[str | None, typer.Option(help="JSON [[x1,y1,x2,y2],...], pixels.")] = None,
    label_set: Annotated[str | None, typer.Option(help="Answer in this label set.")] = None,
    output: Annotated[Output, typer.Option(help="Form of the answers.")] = "mask",
    alpha: Annotated[
        float, typer.Option(help="Weight of colours in an overlay.", min=0, max=1)
    ] = 0.6,
    regions: Annotated[
        Literal["none", "rle", "polygons"], typer.Option(help="Outlines in JSON.")
    ] = "none",
) -> None:
    """Parse photos and write one answer per photo, named like it."""
    import anyio

    from service.parameters import ParseParameters

    parameters = ParseParameters(
        model=model,
        version=version,
        scales=scales,
        flip=flip,
        boxes=boxes,
        label_set=label_set,
        output=output,
        alpha=alpha,
        regions=regions,
    )
    targets = [out / (photo.stem + _SUFFIXES.get(output, ".png")) for photo in photos]
    if len(set(targets)) < len(targets):
        raise typer.BadParameter("two photos have the same name", param_hint="PHOTOS")
    if {photo.resolve() for photo in photos} & {target.resolve() for target in targets}:
        raise typer.BadParameter("an answer would overwrite its photo", param_hint="--out")
    out.mkdir(parents=True, exist_ok=True)

    async def run() -> int:
        from service.startup import start_pipeline

        pipeline = await start_pipeline(read_settings())
        plan = pipeline.plan(parameters)
        failures = 0
        for photo, target in zip(photos, targets, strict=True):
            failures += not await _write(pipeline, plan, photo, target)
        await pipeline.close()
        return failures

    with explained():
        if anyio.run(run):
            raise typer.Exit(1)


async def _write(pipeline: "ParsingPipeline", plan: "ParsePlan", photo: Path, target: Path) -> bool:
    """Whether the photo could be parsed; the next one gets its turn either way."""
    try:
        answer = await pipeline.parse(photo.read_bytes(), plan)
    except LimnError as error:
        report(f"{photo}: {error}")
        return False
    target.write_bytes(answer.content)
    typer.echo(target)
    return True
