"""`limn persons`: the finder of `boxes=auto`, trained, exported and measured."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.failure import explained

if TYPE_CHECKING:
    from training.persons.examine import Find, Row

CONFIG = Path("training/persons/configs/finder.toml")
VERIFIED_PHOTOS = 24

app = typer.Typer(help="The person finder behind boxes=auto.", no_args_is_help=True)


@app.command()
def train(
    config: Annotated[Path, typer.Argument(help="TOML file, see training/configs.")] = CONFIG,
    run: Annotated[
        Path | None, typer.Option(help="Run folder; runs/<name of the config> if not given.")
    ] = None,
) -> None:
    """Train a finder; the same command continues a run that was cut off."""
    from training.persons.config import read_persons_config
    from training.persons.train import train as run_training

    with explained():
        settings = read_persons_config(config)
        best = run_training(settings, run or Path("runs") / settings.name)
    typer.echo(f"best checkpoint: {best}")


@app.command()
def export(
    checkpoint: Annotated[Path, typer.Argument(help="best.pt or last.pt of a run folder.")],
    folder: Annotated[Path, typer.Argument(help="Folder to write, such as person_finder.")],
    version: Annotated[int, typer.Option(min=1)] = 1,
    threshold: Annotated[
        float | None, typer.Option(min=0, max=1, help="Least score of a person.")
    ] = None,
) -> None:
    """Export a finder to ONNX, and compare it with PyTorch on composed photos."""
    from export.persons import THRESHOLD, export_finder
    from training.checkpoint import load_checkpoint
    from training.persons.config import PersonsConfig
    from training.persons.train import composed_photos, open_sources, read_material

    with explained():
        config = PersonsConfig.model_validate_json(load_checkpoint(checkpoint)["config"])
        photos = composed_photos(read_material(config, "val"), config.side, VERIFIED_PHOTOS)
        samples = [len(dataset) for dataset in open_sources(config, "train")]
        least = THRESHOLD if threshold is None else threshold
        contract = export_finder(checkpoint, folder, photos, samples, version, least)
    size = (folder / contract.file).stat().st_size
    typer.echo(f"{folder / contract.file}: {size / 1e6:.1f} MB")


@app.command()
def measure(
    finder: Annotated[Path, typer.Argument(help="Folder of a finder.")],
    config: Annotated[Path, typer.Option(help="Says where the photos are.")] = CONFIG,
    photos: Annotated[int, typer.Option(min=5, help="Composed photos in a row.")] = 200,
    write: Annotated[
        bool, typer.Option(help="Also state the numbers in the finder's contract.")
    ] = False,
) -> None:
    """Find persons in photos whose persons are known; print a table."""
    from service.finding.onnx_finder import OnnxFinder
    from training.persons.config import read_persons_config
    from training.persons.examine import examine, table

    with explained():
        found = OnnxFinder.load(finder)
        rows = examine(read_persons_config(config), _find_with(found), photos)
        if write:
            _state(finder, rows)
    typer.echo(
        f"`limn persons measure {finder}`, {datetime.now(UTC):%Y-%m-%d}, {found.contract.name}"
        f" version {found.contract.version}, threshold {found.contract.threshold:g}\n"
    )
    typer.echo(table(rows))


def _find_with(finder: object) -> "Find":
    import numpy as np
    from numpy.typing import NDArray

    from service.finding.onnx_finder import OnnxFinder

    assert isinstance(finder, OnnxFinder)
    every = 250

    def find(image: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        found = sorted(finder.find(image, every), key=lambda person: -person.score)
        boxes = [(one.box.x1, one.box.y1, one.box.x2, one.box.y2) for one in found]
        scores = np.array([one.score for one in found], np.float32)
        return np.array(boxes, np.float32).reshape(-1, 4), scores

    return find


def _state(folder: Path, rows: "list[Row]") -> None:
    """Put what was measured into the contract."""
    import math

    from limn.contract import CONTRACT_FILE
    from limn.finder_contract import FinderMeasurement, read_finder_contract

    def percent(share: float) -> float | None:
        return None if math.isnan(share) else round(100 * share, 2)

    measured = tuple(
        FinderMeasurement(
            data=row.photos,
            command=f"limn persons measure {folder}",
            date=f"{datetime.now(UTC):%Y-%m-%d}",
            photos=row.count,
            persons=row.score.persons,
            recall=percent(row.score.recall),
            precision=percent(row.score.precision),
            mean_iou=percent(row.score.mean_iou),
        )
        for row in rows
    )
    contract = read_finder_contract(folder).model_copy(update={"measured": measured})
    (folder / CONTRACT_FILE).write_text(contract.model_dump_json(indent=2) + "\n")
