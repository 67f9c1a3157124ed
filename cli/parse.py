"""`limn parse`: photos to masks, in this process or by a service, through the same pipeline."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cli.completion import complete_label_set, complete_model
from cli.failure import explained, report
from limn.errors import InvalidParameter, LimnError

if TYPE_CHECKING:
    from rich.progress import Progress

    from cli.asking import Asking
    from cli.photos import Given
    from service.parameters import ParseParameters

Output = Literal["mask", "color", "overlay", "json", "npz"]
_SUFFIXES: dict[Output, str] = {"json": ".json", "npz": ".npz"}
_PICTURES: tuple[Output, ...] = ("mask", "color", "overlay")

STANDARD_OUTPUT = Path("-")


def parse(
    photos: Annotated[
        list[str],
        typer.Argument(help="Files, folders, patterns such as 'photos/**/*.jpg', or - for stdin."),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder for the answers, or - for stdout.")
    ] = None,
    url: Annotated[
        str | None,
        typer.Option(help="Ask this service instead of computing here; LIMN_KEY has its key."),
    ] = None,
    show: Annotated[bool, typer.Option(help="Draw the answers in the terminal.")] = False,
    model: Annotated[
        str | None,
        typer.Option(help="Served model; the default one.", autocompletion=complete_model),
    ] = None,
    version: Annotated[int | None, typer.Option(help="The one promoted.", min=1)] = None,
    scales: Annotated[str | None, typer.Option(help="For example 0.8,1,1.2.")] = None,
    flip: Annotated[bool, typer.Option(help="Look at the mirrored photo too.")] = False,
    boxes: Annotated[
        str | None, typer.Option(help="JSON [[x1,y1,x2,y2],...], pixels; or auto: find persons.")
    ] = None,
    label_set: Annotated[
        str | None,
        typer.Option(help="Answer in this label set.", autocompletion=complete_label_set),
    ] = None,
    output: Annotated[Output, typer.Option(help="Form of the answers.")] = "mask",
    alpha: Annotated[
        float, typer.Option(help="Weight of colours in an overlay.", min=0, max=1)
    ] = 0.6,
    regions: Annotated[
        Literal["none", "rle", "polygons"], typer.Option(help="Outlines in JSON.")
    ] = "none",
) -> None:
    """Parse photos and write one answer per photo, named like it.

    A photo that fails is named, and the others go on; the exit status is 1 then.
    """
    import anyio

    from service.parameters import ParseParameters

    if out is None and not show:
        raise typer.BadParameter("say where to: a folder, or - for stdout; or --show")
    if show and output not in _PICTURES:
        raise typer.BadParameter(f"draws {', '.join(_PICTURES)}", param_hint="--show")
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
    with explained():
        targets = _targets(photos, out, _SUFFIXES.get(output, ".png"))
        if not anyio.run(_parse_all, targets, parameters, url, show):
            raise typer.Exit(1)


def _targets(photos: list[str], out: Path | None, suffix: str) -> "list[tuple[Given, Path | None]]":
    """Each photo with the file of its answer; None where none is written."""
    from cli.photos import find

    found = find(photos)
    if out is None:
        return [(given, None) for given in found]
    if out == STANDARD_OUTPUT:
        if len(found) > 1:
            raise InvalidParameter("out", f"{len(found)} answers cannot go to standard output")
        return [(found[0], out)]
    targets = [(given, out / given.name.with_name(given.name.name + suffix)) for given in found]
    sources = {given.path.resolve() for given in found if given.path is not None}
    if sources & {target.resolve() for _, target in targets}:
        raise InvalidParameter("out", "an answer would overwrite its photo")
    return list(targets)


async def _parse_all(
    targets: "list[tuple[Given, Path | None]]",
    parameters: "ParseParameters",
    url: str | None,
    show: bool,
) -> bool:
    """Whether every photo could be parsed."""
    from anyio import create_task_group

    from cli.asking import at, in_this_process

    standard_input = b""
    if any(given.path is None for given, _ in targets):
        standard_input = sys.stdin.buffer.read()
    way = in_this_process(parameters) if url is None else at(url, parameters)
    waiting = iter(targets)
    failed = 0
    async with way as asking:
        classes = await asking.classes() if show else ()

        async def work(progress: "Progress") -> None:
            nonlocal failed
            for given, target in waiting:
                answer = await _answer(asking, given, standard_input)
                if answer is None:
                    failed += 1
                else:
                    _hand_over(answer, given, target, classes if show else None)
                progress.advance(progress.task_ids[0])

        with _progress(len(targets)) as progress:
            async with create_task_group() as group:
                for _ in range(asking.in_flight):
                    group.start_soon(work, progress)
    return not failed


async def _answer(asking: "Asking", given: "Given", standard_input: bytes) -> bytes | None:
    """None where there is none, and the reason on stderr."""
    try:
        return await asking.ask(given.read(standard_input))
    except (LimnError, OSError) as error:
        report(f"{given}: {error}")
        return None


def _hand_over(
    answer: bytes, given: "Given", target: Path | None, classes: tuple[str, ...] | None
) -> None:
    if target == STANDARD_OUTPUT:
        sys.stdout.buffer.write(answer)
        sys.stdout.buffer.flush()
    elif target is not None:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(answer)
        typer.echo(target)
    if classes is not None:
        from rich.console import Console

        from cli.terminal import drawn

        # Beside an answer on standard output, the picture must not be part of it.
        console = Console(stderr=target == STANDARD_OUTPUT)
        console.print(str(given), drawn(answer, classes, console.width), sep="\n")


def _progress(photos: int) -> "Progress":
    """A bar on stderr, where that is a terminal and there are several photos."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    console = Console(stderr=True)
    progress = Progress(
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal or photos == 1,
    )
    progress.add_task("photos", total=photos)
    return progress
