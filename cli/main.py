"""The one command `limn`: a command per module, each loading what it needs only when called."""

import typer

from cli import benchmark, export, key, persons, prepare, repository
from cli.batch import batch
from cli.bench import bench
from cli.doctor import doctor
from cli.evaluate import evaluate
from cli.parse import parse
from cli.reopen import reopen
from cli.serve import serve
from cli.synthesize import synthesize
from cli.train import train

app = typer.Typer(
    help="Human parsing: which body part or garment every pixel of a photo shows.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command()(serve)
app.command()(parse)
app.command()(doctor)
app.command()(batch)
app.command()(bench)
app.command()(train)
app.command()(evaluate)
app.command()(synthesize)
app.command()(reopen)
app.add_typer(export.app, name="export")
app.add_typer(repository.app, name="repository")
app.add_typer(persons.app, name="persons")
app.add_typer(prepare.app, name="prepare")
app.add_typer(benchmark.app, name="benchmark")
app.add_typer(key.app, name="key")


def main() -> None:
    """Entry point of the `limn` script."""
    app()
