"""`limn synthesize`: render people with exact labels, in LIP's layout."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from cli.failure import explained, report


def synthesize(
    out: Annotated[Path, typer.Argument(help="Folder to write the data set to.")],
    count: Annotated[int, typer.Option(min=1, help="Pictures.")] = 3000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same pictures.")] = 0,
    workers: Annotated[int, typer.Option(min=1, help="Processes, of one core each.")] = 1,
    parts: Annotated[
        Path, typer.Option(help="Folder with meshes, poses and masks; see docs/synthetic.md.")
    ] = Path("../shared/people"),
    ccp: Annotated[
        Path | None,
        typer.Option(help="CCP, for backgrounds and cloth; without it they are drawn."),
    ] = None,
) -> None:
    """Render people with exact labels; the same command continues a run that was cut off."""
    from training.synthetic.environment import find_environment
    from training.synthetic.output import Output
    from training.synthetic.rendering import render_all
    from training.synthetic.report import report as tables
    from training.synthetic.sheets import draw_sheets

    with explained():
        environment = find_environment()
        output = Output(out, seed)
        output.begin({"ccp": ccp is not None})
        sources = environment.sources(parts, ccp)
        with counted(count, count - len(output.missing(count))) as done:
            failed = render_all(environment, sources, output, count, workers, done)
        output.finish(count)
        draw_sheets(output, count)
        typer.echo(tables(output.records(count)))
    for answer in failed:
        report(f"picture {answer.index}: {answer.error}")
    if failed:
        raise typer.Exit(1)


@contextmanager
def counted(total: int, complete: int) -> Iterator[Callable[[object], None]]:
    """A bar on stderr, and what moves it on by a picture."""
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task("pictures", total=total, completed=complete)
        yield lambda _: progress.update(bar, advance=1)
