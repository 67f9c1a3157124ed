"""`limn export`: a checkpoint to verified graphs in the model repository, graphs to engines."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cli.failure import explained
from training.datasets.layout import Layout

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CALIBRATION_PHOTOS = 48
JUDGED_PHOTOS = 500


app = typer.Typer(help="Write models into the model repository.", no_args_is_help=True)


@app.command()
def onnx(
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
    precision: Annotated[
        Literal["fp16", "fp32"],
        typer.Option(help="Of the stored weights; the graph computes in fp32."),
    ] = "fp16",
) -> None:
    """Export the network and its parser to ONNX and compare both with PyTorch on real photos."""
    from export.model import export_model
    from export.report import REPORT_FILE, Report
    from training.batches import open_training
    from training.checkpoint import averaged_weights
    from training.datasets.open import SPLITS, open_dataset

    with explained():
        config, _ = averaged_weights(checkpoint)
        if data is not None:
            config = config.changed("data", root=data)
        layout = config.data.layout
        validation = open_dataset(layout, config.data.root, SPLITS[layout][1])
        trained_on = [len(dataset) for dataset in open_training(config)]
        shown = [validation.image(index) for index in _spread(len(validation), photos)]
        exported = export_model(checkpoint, repository, name, version, shown, trained_on, precision)
        report = Report.of(exported, shown)
        report.write(exported.folder / REPORT_FILE)
    typer.echo(report.text())


@app.command()
def int8(
    name: Annotated[str, typer.Argument(help="Network in the repository; its parser comes along.")],
    data: Annotated[Path, typer.Option(help="The data set that it was trained on.")],
    companion: Annotated[
        Path | None,
        typer.Option(
            help="A second one, laid out alike: half of the pictures to calibrate with are its."
        ),
    ] = None,
    layout: Annotated[Layout, typer.Option(help="How it is laid out and labelled.")] = "lip",
    version: Annotated[int, typer.Option(min=1)] = 1,
    repository: Annotated[Path, typer.Option(help="Model repository.")] = Path("model_repository"),
) -> None:
    """Quantise for CPUs: `model.int8.onnx` beside each graph, if it costs half a point at most."""
    from export.int8 import add_int8
    from export.material import Material
    from export.report import INT8_REPORT_FILE, Report
    from training.datasets.open import SPLITS, open_dataset

    folder = repository / name / str(version)
    with explained():
        roots = [data] if companion is None else [data, companion]
        training = [open_dataset(layout, root, "train") for root in roots]
        validation = open_dataset(layout, data, SPLITS[layout][1])
        judged = _spread(len(validation), JUDGED_PHOTOS)
        most = CALIBRATION_PHOTOS // len(roots)
        material = Material(
            [one.image(index) for one in training for index in _spread(len(one), most)],
            [validation.pair(index) for index in judged],
            f"{data.name} {validation.split}, {len(judged)} photos",
        )
        contract = add_int8(folder, material)
        report = Report.of_int8(folder, contract, material.annotated[0][0])
        report.write(folder / INT8_REPORT_FILE)
    typer.echo(report.text())


@app.command()
def half(
    name: Annotated[str, typer.Argument(help="Network in the repository.")],
    data: Annotated[Path, typer.Option(help="The data set that it was trained on.")],
    layout: Annotated[Layout, typer.Option(help="How it is laid out and labelled.")] = "lip",
    version: Annotated[int, typer.Option(min=1)] = 1,
    repository: Annotated[Path, typer.Option(help="Model repository.")] = Path("model_repository"),
    photos: Annotated[int, typer.Option(min=1, help="How many photos to compare on.")] = 24,
) -> None:
    """Convert for GPUs: `model.half.onnx`, computing in half precision, beside the network."""
    from export.half import add_half

    folder = repository / name / str(version)
    with explained():
        stated = add_half(folder, _shown(layout, data, photos)).half
        assert stated is not None
    typer.echo(f"{folder / stated.file}: {stated.agreement:.2f} % of the cells agree")


@app.command()
def kernels(
    name: Annotated[str, typer.Argument(help="Network in the repository.")],
    data: Annotated[Path, typer.Option(help="The data set that it was trained on.")],
    layout: Annotated[Layout, typer.Option(help="How it is laid out and labelled.")] = "lip",
    version: Annotated[int, typer.Option(min=1)] = 1,
    repository: Annotated[Path, typer.Option(help="Model repository.")] = Path("model_repository"),
    photos: Annotated[int, typer.Option(min=1, help="How many photos to compare on.")] = 24,
) -> None:
    """Rewrite INT8 for CPUs with AVX2: `model.kernels.onnx`, in operators of Limn's own."""
    from export.kernels import add_kernels

    folder = repository / name / str(version)
    with explained():
        stated = add_kernels(folder, _shown(layout, data, photos)).kernels
        assert stated is not None
    typer.echo(f"{folder / stated.file}: {stated.agreement:.2f} % of the cells agree")


@app.command()
def tensorrt(
    name: Annotated[str, typer.Argument(help="Network in the repository; its parser comes along.")],
    version: Annotated[int, typer.Option(min=1)] = 1,
    repository: Annotated[Path, typer.Option(help="Model repository.")] = Path("model_repository"),
    precision: Annotated[Literal["fp16", "fp32"], typer.Option()] = "fp16",
    cache: Annotated[
        Path, typer.Option(help="Engines and timings, by GPU and TensorRT version.")
    ] = Path("build/tensorrt"),
) -> None:
    """Build TensorRT engines for the GPU of this machine: `model.plan` beside each graph."""
    from export.tensorrt.build import build_engine
    from export.triton.interface import interface
    from limn.contract import PARSER_SUFFIX, read_contract, read_parser_contract

    with explained():
        network, parser = (
            repository / folder / str(version) for folder in (name, name + PARSER_SUFFIX)
        )
        for folder, contract in (
            (network, read_contract(network)),
            (parser, read_parser_contract(parser)),
        ):
            engine = build_engine(folder, interface(contract), cache, precision)
            how = "built" if engine.built else "from the cache"
            typer.echo(f"{engine.file}: {engine.target}, {how}")


def _shown(layout: Layout, data: Path, photos: int) -> "list[NDArray[np.uint8]]":
    """So many photos of the part of a data set that nothing was trained on."""
    from training.datasets.open import SPLITS, open_dataset

    validation = open_dataset(layout, data, SPLITS[layout][1])
    return [validation.image(index) for index in _spread(len(validation), photos)]


def _spread(count: int, most: int) -> range:
    """At most so many of the indices of a data set, from all of it."""
    return range(0, count, max(1, -(-count // most)))
