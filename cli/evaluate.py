"""`limn evaluate`: what a checkpoint, or a model as it is served, is worth on a data set."""

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.failure import explained
from limn.errors import InvalidParameter
from training.datasets.layout import Layout

if TYPE_CHECKING:
    from limn.contract import ModelContract
    from training.datasets.dataset import ParsingDataset
    from training.evaluation import Evaluation
    from training.examination import Examination, Plan
    from training.subject import Subject, View


def evaluate(
    model: Annotated[
        Path,
        typer.Argument(help="Version folder of a served model, or a checkpoint of `limn train`."),
    ],
    data: Annotated[
        Path, typer.Option(help="Data set; val is scored, or test where the papers score that.")
    ],
    layout: Annotated[Layout, typer.Option(help="How it is laid out and labelled.")] = "lip",
    scales: Annotated[str | None, typer.Option(help="For example 1; the model's own.")] = None,
    flip: Annotated[bool, typer.Option(help="Look at mirrored photos too.")] = False,
    ablations: Annotated[
        bool, typer.Option(help="Also at a single scale, at all of the model's, and with flip.")
    ] = False,
    input_sizes: Annotated[
        str | None,
        typer.Option(help="Also at one scale with these longest sides, for example 153,321,513."),
    ] = None,
    crf: Annotated[bool, typer.Option(help="Also with a dense CRF on top; checkpoints.")] = False,
    stress: Annotated[bool, typer.Option(help="Also on harder pictures made of these.")] = False,
    show: Annotated[
        str | None, typer.Option(help="Ids, separated by commas, to draw into <out>_shown.png.")
    ] = None,
    worst: Annotated[
        int, typer.Option(min=0, help="How many of the worst to draw into <out>_worst.png.")
    ] = 8,
    out: Annotated[
        Path | None,
        typer.Option(help="Write <out>.md, <out>.json and pictures as well as printing."),
    ] = None,
    record: Annotated[
        bool, typer.Option(help="Write the accuracy into the served model's contract.")
    ] = False,
) -> None:
    """Score a data set at the photos' own resolution, in the words of both papers' tables."""
    if record and not model.is_dir():
        raise typer.BadParameter(
            "only a served model has a contract to write into", param_hint="--record"
        )
    if show is not None and out is None:
        raise typer.BadParameter("needs --out, where it is drawn to", param_hint="--show")
    with explained():
        from training.datasets.open import SPLITS, open_dataset
        from training.examination import Plan, other_views
        from training.subject import View

        subject = _subject(model)
        view = View(_numbers("scales", scales) if scales else subject.scales, flip)
        sides = [round(side) for side in _numbers("input-sizes", input_sizes or "")]
        plan = Plan(view, other_views(subject, view, ablations, sides, crf), stress)
        dataset = open_dataset(layout, data, SPLITS[layout][-1])
        found = _examined(subject, dataset, plan)
        command = _command(model, data, layout, scales, flip)
        rest = " --ablations" * ablations + f" --input-sizes {input_sizes}" * bool(sides)
        rest += " --crf" * crf + " --stress" * stress
        _report(model, command + rest, layout, dataset, found, out)
        if out is not None:
            ids = show.split(",") if show else []
            _draw(subject, dataset, view, found, ids, worst, out)
        if record:
            _record(model, command, subject, dataset, found.evaluations[0])


def _subject(model: Path) -> "Subject":
    if model.is_dir():
        from cli.offline import ServedSubject

        return ServedSubject(model)
    from training.subject import CheckpointSubject

    return CheckpointSubject(model)


def _numbers(option: str, text: str) -> tuple[float, ...]:
    """Numbers above 0, separated by commas; none in an empty text."""
    try:
        numbers = tuple(float(word) for word in text.split(",") if text)
    except ValueError:
        numbers = (0,)
    if not all(0 < number < math.inf for number in numbers):
        raise InvalidParameter(option, f"{text!r}; write numbers above 0, such as 0.8,1,1.2")
    return numbers


def _examined(subject: "Subject", dataset: "ParsingDataset", plan: "Plan") -> "Examination":
    from rich.console import Console
    from rich.progress import Progress

    from training.examination import examine

    with Progress(console=Console(stderr=True)) as progress:
        bar = progress.add_task("pictures", total=len(dataset) * plan.passes)
        return examine(subject, dataset, plan, lambda: progress.update(bar, advance=1))


def _command(model: Path, data: Path, layout: Layout, scales: str | None, flip: bool) -> str:
    parts = ["limn evaluate", str(model), "--data", str(data)]
    parts += ["--layout", layout] if layout != "lip" else []
    parts += ["--scales", scales] if scales else []
    parts += ["--flip"] if flip else []
    return " ".join(parts)


def _report(
    model: Path,
    command: str,
    layout: Layout,
    dataset: "ParsingDataset",
    found: "Examination",
    out: Path | None,
) -> None:
    from datetime import UTC, datetime

    from training.paper_report import details, sections
    from training.report import as_json, markdown

    facts = [
        f"Command: `{command}`",
        f"Date: {datetime.now(UTC):%Y-%m-%d}",
        "Percent, all pixels of all pictures in one confusion matrix, at the photos' own size;"
        " background counts as a class.",
    ]
    label_set, evaluations = dataset.label_set, found.evaluations
    page = markdown(
        f"Accuracy of {model}", facts, evaluations, label_set, sections(found, layout, label_set)
    )
    typer.echo(page)
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.with_suffix(".md").write_text(page)
        photos, *stressed = as_json(evaluations, label_set)
        numbers = json.dumps([photos | details(found, label_set), *stressed], indent=2)
        out.with_suffix(".json").write_text(numbers + "\n")


def _draw(
    subject: "Subject",
    dataset: "ParsingDataset",
    view: "View",
    found: "Examination",
    shown: list[str],
    worst: int,
    out: Path,
) -> None:
    from training.comparison import comparison
    from training.comparison_sheet import save_comparison
    from training.heatmap import save_heatmap

    photos = found.evaluations[0]
    save_heatmap(out.with_name(f"{out.stem}_confusion.png"), photos.accuracy, dataset.label_set)
    terms = comparison(subject.label_set, dataset.label_set)
    sheets = {"shown": shown, "worst": [name for name, _ in photos.worst[:worst]]}
    with subject.parser(view) as parse:
        for kind, ids in sheets.items():
            if ids:
                path = out.with_name(f"{out.stem}_{kind}.png")
                save_comparison(path, dataset, parse, terms, ids)


def _record(
    model: Path,
    command: str,
    subject: "Subject",
    dataset: "ParsingDataset",
    evaluation: "Evaluation",
) -> None:
    from datetime import UTC, datetime

    from limn.contract import CONTRACT_FILE, Measurement, read_contract

    labels = dataset.label_set
    if labels.name != subject.label_set.name:
        raise InvalidParameter("record", f"the contract is about {subject.label_set.title}")
    contract = read_contract(model)
    accuracy = evaluation.accuracy
    measurement = Measurement(
        data=f"{_training_data(contract)} {dataset.split}, {evaluation.pictures} photos,"
        f" {len(labels)} {labels.name.upper()} labels",
        command=command,
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        mean_iou=round(100 * accuracy.mean_iou, 2),
        pixel_accuracy=round(100 * accuracy.pixel_accuracy, 2),
        mean_accuracy=round(100 * accuracy.mean_accuracy, 2),
    )
    others = tuple(m for m in contract.measured if m.command != measurement.command)
    updated = contract.model_copy(update={"measured": (*others, measurement)})
    (model / CONTRACT_FILE).write_text(updated.model_dump_json(indent=2) + "\n")


def _training_data(contract: "ModelContract") -> str:
    """The data set's own name; a companion, whose pictures only train, comes behind it."""
    return next(source.name for source in contract.sources if source.role == "training")
