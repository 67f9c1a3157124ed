"""`limn export`: a checkpoint to a verified model in the model repository."""

from pathlib import Path
from typing import Annotated

import typer

from cli.failure import explained


def export(
    checkpoint: Annotated[Path, typer.Argument(help="best.pt or last.pt of a run folder.")],
    name: Annotated[str, typer.Option(help="Name of the model.")],
    version: Annotated[int, typer.Option(help="A version that does not exist yet.")] = 1,
    repository: Annotated[Path, typer.Option(help="Model repository.")] = Path("model_repository"),
    data: Annotated[
        Path | None,
        typer.Option(
            help="Data set whose val photos it is verified on; the config's if not given."
        ),
    ] = None,
    photos: Annotated[int, typer.Option(min=3, help="How many photos to verify on.")] = 24,
) -> None:
    """Export to ONNX and compare label maps with PyTorch over real photos."""
    from export.model import export_model
    from training.checkpoint import averaged_weights
    from training.datasets.open import SPLITS, open_dataset

    with explained():
        config, _ = averaged_weights(checkpoint)
        root = data or config.data.root
        layout = config.data.layout
        validation = open_dataset(layout, root, SPLITS[layout][1])
        chosen = [validation.image(i) for i in range(min(photos, len(validation)))]
        result = export_model(
            checkpoint,
            repository,
            name,
            version,
            chosen,
            len(open_dataset(layout, root, "train")),
        )
    for agreement in result.agreements:
        height, width = agreement.size
        typer.echo(
            f"{height}x{width}, batch {agreement.batch}: {agreement.share:.4%} of the cells agree"
        )
    megabytes = result.file_bytes / 1e6
    typer.echo(f"{result.folder}: {megabytes:.1f} MB, {result.contract.precision} weights")
