"""`limn benchmark`: a server that scores other people's label maps."""

from pathlib import Path
from typing import Annotated

import typer

from cli.failure import explained

app = typer.Typer(help="Score submitted label maps against a truth that stays hidden.")


@app.callback()
def _group() -> None:
    """Keep `serve` a command of its own while it is the only one."""


@app.command()
def serve(
    truth: Annotated[
        Path, typer.Option(help="Folder of annotated PNG label maps, or a data set as LIP's.")
    ],
    label_set: Annotated[str, typer.Option(help="What their indices mean.")] = "lip",
    database: Annotated[Path, typer.Option(help="SQLite file of the leaderboard.")] = Path(
        "leaderboard.sqlite"
    ),
    per_day: Annotated[int, typer.Option(min=1, help="Submissions per team and day (UTC).")] = 5,
    max_archive_mb: Annotated[int, typer.Option(min=1, help="Of a submitted zip.")] = 512,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535)] = 8090,
) -> None:
    """Serve a leaderboard: POST /v1/teams, POST /v1/submissions, GET /v1/leaderboard, GET /."""
    from limn.errors import InvalidParameter
    from limn.labels import label_set as named
    from service.benchmark.app import create_benchmark_app, serve_benchmark
    from service.benchmark.leaderboard import Leaderboard
    from service.benchmark.truth import find_truth

    with explained():
        try:
            labels = named(label_set)
        except ValueError as exc:
            raise InvalidParameter("label-set", str(exc)) from exc
        board = Leaderboard(database, per_day)
        scored = create_benchmark_app(find_truth(truth, labels), board, max_archive_mb << 20)
    serve_benchmark(scored, host, port)
