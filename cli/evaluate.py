"""`limn evaluate`: what a checkpoint, or a model as it is served, is worth on a data set."""

import json
import math
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.failure import explained
from limn.errors import InvalidParameter

if TYPE_CHECKING:
    from limn.contract import ModelContract
    from training.evaluation import Evaluation, Parse


def evaluate(
    model: Annotated[
        Path,
        typer.Argument(help="Version folder of a served model, or a checkpoint of `limn train`."),
    ],
    data: Annotated[Path, typer.Option(help="Data set in the LIP layout; its val is scored.")],
    scales: Annotated[str | None, typer.Option(help="For example 1; the model's own.")] = None,
    flip: Annotated[bool, typer.Option(help="Look at mirrored photos too.")] = False,
    stress: Annotated[bool, typer.Option(help="Also on harder pictures made of val.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="Write <out>.md and <out>.json as well as printing.")
    ] = None,
    record: Annotated[
        bool, typer.Option(help="Write the accuracy into the served model's contract.")
    ] = False,
) -> None:
    """Score val at the photos' own resolution: per-class IoU, mIoU, pixel accuracy."""
    if record and not model.is_dir():
        raise typer.BadParameter(
            "only a served model has a contract to write into", param_hint="--record"
        )
    with explained():
        with _parser(model, scales, flip) as parse:
            evaluations = _score(parse, data, stress)
        _report(model, data, scales, flip, evaluations, out)
        if record:
            _record(model, data, scales, flip, evaluations[0])


def _parser(model: Path, scales: str | None, flip: bool) -> "AbstractContextManager[Parse]":
    if model.is_dir():
        from cli.offline import served_parser

        return served_parser(model, scales, flip)
    return nullcontext(_checkpoint_parser(model, scales, flip))


def _checkpoint_parser(checkpoint: Path, scales: str | None, flip: bool) -> "Parse":
    from limn.labels import LIP
    from training.checkpoint import averaged_weights
    from training.networks.build import build_network
    from training.parser import TorchParser

    config, weights = averaged_weights(checkpoint)
    network = build_network(config.model, len(LIP))
    network.load_state_dict(weights)
    factors = _factors(scales) if scales else config.data.test_scales
    return TorchParser(network, LIP, config.data.canvas, factors, flip)


def _factors(scales: str) -> list[float]:
    try:
        factors = [float(scale) for scale in scales.split(",")]
    except ValueError:
        factors = []
    if not factors or not all(0 < factor < math.inf for factor in factors):
        raise InvalidParameter("scales", f"{scales!r}; write for example 0.8,1,1.2")
    return factors


def _score(parse: "Parse", data: Path, stress: bool) -> "list[Evaluation]":
    from rich.console import Console
    from rich.progress import Progress

    from training.datasets.lip import open_lip
    from training.evaluation import evaluate as score
    from training.evaluation import evaluate_stress
    from training.stress import STRESSES

    dataset = open_lip(data, "val")
    total = len(dataset) * (1 + len(STRESSES) * stress)
    with Progress(console=Console(stderr=True)) as progress:
        bar = progress.add_task("pictures", total=total)
        advance: Callable[[], None] = lambda: progress.update(bar, advance=1)  # noqa: E731
        evaluations = [score(dataset, parse, advance)]
        if stress:
            evaluations += evaluate_stress(dataset, parse, advance)
    return evaluations


def _command(model: Path, data: Path, scales: str | None, flip: bool) -> str:
    parts = ["limn evaluate", str(model), "--data", str(data)]
    parts += ["--scales", scales] if scales else []
    parts += ["--flip"] if flip else []
    return " ".join(parts)


def _report(
    model: Path,
    data: Path,
    scales: str | None,
    flip: bool,
    evaluations: "list[Evaluation]",
    out: Path | None,
) -> None:
    from datetime import UTC, datetime

    from limn.labels import LIP
    from training.report import as_json, markdown

    facts = [
        f"Command: `{_command(model, data, scales, flip)}{' --stress' * (len(evaluations) > 1)}`",
        f"Date: {datetime.now(UTC):%Y-%m-%d}",
        "Percent, all pixels of all pictures in one confusion matrix, at the photos' own size;"
        " background counts as a class.",
    ]
    page = markdown(f"Accuracy of {model}", facts, evaluations, LIP)
    typer.echo(page)
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.with_suffix(".md").write_text(page)
        numbers = json.dumps(as_json(evaluations, LIP), indent=2)
        out.with_suffix(".json").write_text(numbers + "\n")


def _record(
    model: Path, data: Path, scales: str | None, flip: bool, evaluation: "Evaluation"
) -> None:
    from datetime import UTC, datetime

    from limn.contract import CONTRACT_FILE, Measurement, read_contract

    contract = read_contract(model)
    accuracy = evaluation.accuracy
    measurement = Measurement(
        data=f"{_training_data(contract)} val, {evaluation.pictures} photos, 20 LIP labels",
        command=_command(model, data, scales, flip),
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        mean_iou=round(100 * accuracy.mean_iou, 2),
        pixel_accuracy=round(100 * accuracy.pixel_accuracy, 2),
        mean_accuracy=round(100 * accuracy.mean_accuracy, 2),
    )
    others = tuple(m for m in contract.measured if m.command != measurement.command)
    updated = contract.model_copy(update={"measured": (*others, measurement)})
    (model / CONTRACT_FILE).write_text(updated.model_dump_json(indent=2) + "\n")


def _training_data(contract: "ModelContract") -> str:
    return ", ".join(source.name for source in contract.sources if source.role == "training")
