"""`limn reopen`: a served model as a checkpoint again."""

from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from cli.failure import explained

BATCHES = 32
"""Of training pictures, to measure the statistics of the norms on."""


def reopen(
    model: Annotated[Path, typer.Argument(help="Version folder of a model of `limn export onnx`.")],
    checkpoint: Annotated[Path, typer.Argument(help="File to write.")],
    config: Annotated[
        Path, typer.Option(help="How training goes on: TOML file, see training/configs.")
    ],
) -> None:
    """Turn an exported model back into a checkpoint, which `limn train --initial` starts from."""
    with explained():
        from export.reopen import reopen as reopen_network
        from training.batches import count_if_needed, make_batches, open_training
        from training.checkpoint import save_checkpoint
        from training.config.run import read_config
        from training.loader import ALL

        settings = read_config(config)
        datasets = open_training(settings)
        statistics = count_if_needed(settings, datasets)
        _, batches = make_batches(settings, datasets, statistics, ALL)
        found = reopen_network(model, settings, (images for images, _ in islice(batches, BATCHES)))
        checkpoint.parent.mkdir(parents=True, exist_ok=True)
        content = {
            "config": settings.model_dump_json(),
            "averaged": found.network.state_dict(),
        }
        save_checkpoint(checkpoint, content)
    typer.echo(f"{checkpoint}: logits {found.apart:.1g} from the graph's on average")
    if found.fresh:
        typer.echo(f"not in the graph, random: {', '.join(found.fresh)}")
