"""`limn train`: a config to a trained network."""

from pathlib import Path
from typing import Annotated

import typer

from cli.failure import explained


def train(
    config: Annotated[Path, typer.Argument(help="TOML file, see training/configs.")],
    run: Annotated[
        Path | None, typer.Option(help="Run folder; runs/<name of the config> if not given.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Data set in the LIP layout, instead of the config's.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Instead of the config's.")] = None,
    initial: Annotated[
        Path | None, typer.Option(help="Checkpoint to start from, instead of the config's.")
    ] = None,
) -> None:
    """Train a network; the same command continues a run that was cut off."""
    from training.config.run import read_config
    from training.loop import train as run_training

    with explained():
        settings = read_config(config)
        if data is not None:
            settings = settings.changed("data", root=data)
        if seed is not None:
            settings = settings.changed("schedule", seed=seed)
        if initial is not None:
            settings = settings.changed("model", initial=initial)
        best = run_training(settings, run or Path("runs") / settings.name)
    typer.echo(f"best checkpoint: {best}")
