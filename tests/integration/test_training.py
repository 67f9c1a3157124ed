"""Training from drawn pictures: runs, breaks, resumes, and what evaluation makes of it."""

import csv
import json
import math
from pathlib import Path

import pytest
import torch
from torch import Tensor
from typer.testing import CliRunner

from cli.main import app
from limn.contract import read_contract
from tests.fixtures.trained import STEPS_PER_EPOCH, needs_weights
from training.checkpoint import load_checkpoint, save_checkpoint
from training.config.run import TrainingConfig
from training.errors import CheckpointError, TrainingDiverged
from training.loop import train
from training.networks.parsing_network import ParsingLogits
from training.objective import ParsingObjective

pytestmark = needs_weights


@pytest.fixture(autouse=True)
def one_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """One worker serves as well as many here, and starts sooner."""
    monkeypatch.setenv("LIMN_SESSIONS", "1")


def interrupt_at(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """Stop the process's training in the middle of a step, as Ctrl-C does."""
    steps = 0

    objective = ParsingObjective.__call__

    def interrupted(
        self: ParsingObjective, logits: ParsingLogits, labels: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        nonlocal steps
        steps += 1
        if steps == step:
            raise KeyboardInterrupt
        return objective(self, logits, labels)

    monkeypatch.setattr(ParsingObjective, "__call__", interrupted)


def same(one: object, other: object) -> bool:
    """Equal to the last bit, through dictionaries and lists."""
    if isinstance(one, Tensor):
        return isinstance(other, Tensor) and torch.equal(one, other)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def test_run_folder_holds_checkpoints_curves_and_facts(
    run_folder: Path, config: TrainingConfig
) -> None:
    names = {path.name for path in run_folder.iterdir()}

    assert names == {
        "best.pt",
        "config.json",
        "curves.png",
        "environment.json",
        "history.csv",
        "last.pt",
        "predictions.jpg",
        "tensorboard",
    }
    written = TrainingConfig.model_validate_json((run_folder / "config.json").read_text())
    assert written == config
    assert "torch" in json.loads((run_folder / "environment.json").read_text())


def test_every_epoch_has_a_finite_loss_and_an_accuracy(run_folder: Path) -> None:
    with (run_folder / "history.csv").open() as file:
        rows = list(csv.DictReader(file))

    assert [row["epoch"] for row in rows] == ["1", "2"]
    for row in rows:
        assert math.isfinite(float(row["loss"]))
        assert 0 <= float(row["mean_iou"]) <= 1
        assert 0 <= float(row["pixel_accuracy"]) <= 1


def test_loss_falls(run_folder: Path) -> None:
    history = load_checkpoint(run_folder / "last.pt")["history"]

    assert history[1]["loss"] < history[0]["loss"]


def test_best_checkpoint_is_of_the_epoch_with_the_highest_mean_iou(run_folder: Path) -> None:
    history = load_checkpoint(run_folder / "last.pt")["history"]
    best = load_checkpoint(run_folder / "best.pt")

    assert best["epoch"] == max(history, key=lambda row: row["mean_iou"])["epoch"]


def test_interrupted_run_resumes_and_ends_like_an_unbroken_one(
    run_folder: Path, config: TrainingConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        interrupt_at(patch, STEPS_PER_EPOCH + 2)
        with pytest.raises(KeyboardInterrupt):
            train(config, tmp_path)
    broken_off = load_checkpoint(tmp_path / "last.pt")

    train(config, tmp_path)

    assert (broken_off["epoch"], broken_off["updates"]) == (1, STEPS_PER_EPOCH)
    unbroken, resumed = (load_checkpoint(f / "last.pt") for f in (run_folder, tmp_path))
    assert [row["epoch"] for row in resumed["history"]] == [1, 2]
    for part in ("epoch", "updates", "network", "averaged", "optimizer", "scheduler", "adversary"):
        assert same(unbroken[part], resumed[part]), part
    # An epoch without a coin has no score of annotated maps, and nan is unlike itself.
    assert repr(unbroken["history"]) == repr(resumed["history"])


def test_run_whose_loss_is_no_number_stops_and_keeps_the_epoch_before(
    config: TrainingConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = 0
    objective = ParsingObjective.__call__

    def diverging(
        self: ParsingObjective, logits: ParsingLogits, labels: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        nonlocal answers
        answers += 1
        loss, figures = objective(self, logits, labels)
        return (loss * math.nan if answers == STEPS_PER_EPOCH + 2 else loss), figures

    monkeypatch.setattr(ParsingObjective, "__call__", diverging)
    with pytest.raises(TrainingDiverged, match="batch 2 of epoch 2"):
        train(config, tmp_path)

    kept = load_checkpoint(tmp_path / "last.pt")
    assert kept["epoch"] == 1
    assert all(value.isfinite().all() for value in kept["network"].values())


def test_run_killed_between_its_two_checkpoints_keeps_its_best_one(
    run_folder: Path, config: TrainingConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []

    def killed_at_the_second(path: Path, content: dict[str, object]) -> None:
        if written:
            raise KeyboardInterrupt
        save_checkpoint(path, content)
        written.append(path.name)

    with monkeypatch.context() as patch:
        patch.setattr("training.loop.save_checkpoint", killed_at_the_second)
        with pytest.raises(KeyboardInterrupt):
            train(config, tmp_path)
    train(config, tmp_path)

    assert written == ["best.pt"]
    unbroken, resumed = (load_checkpoint(f / "best.pt") for f in (run_folder, tmp_path))
    assert (unbroken["epoch"], unbroken["updates"]) == (resumed["epoch"], resumed["updates"])
    assert same(unbroken["averaged"], resumed["averaged"])


def test_finished_run_is_left_as_it_is(run_folder: Path, config: TrainingConfig) -> None:
    before = (run_folder / "last.pt").stat().st_mtime_ns

    assert train(config, run_folder) == run_folder / "best.pt"

    assert (run_folder / "last.pt").stat().st_mtime_ns == before


def test_another_config_in_the_same_folder_is_refused(
    run_folder: Path, config: TrainingConfig
) -> None:
    schedule = config.schedule.model_copy(update={"weight_decay": 0.02})
    other = config.model_copy(update={"schedule": schedule})
    before = (run_folder / "config.json").read_text()

    with pytest.raises(CheckpointError, match="made by another config"):
        train(other, run_folder)

    assert (run_folder / "config.json").read_text() == before


def test_train_command_takes_a_toml_file(
    run_folder: Path, config: TrainingConfig, tmp_path: Path
) -> None:
    schedule, section = config.schedule, config.data
    file = tmp_path / "tiny.toml"
    file.write_text(
        f"""
        name = "{config.name}"
        [model]
        network = "light"
        [data]
        root = "elsewhere"
        name = "{section.name}"
        licence = "{section.licence}"
        canvas = [64, 48]
        canvas_scales = [1.0]
        [structure]
        mode = "residual"
        [adversarial]
        weights = {{ macro = 1.0, micro = 1.0 }}
        step_probability = 0.5
        [schedule]
        epochs = {schedule.epochs}
        batch_size = {schedule.batch_size}
        learning_rate = {schedule.learning_rate}
        encoder_learning_rate = {schedule.encoder_learning_rate}
        weight_decay = {schedule.weight_decay}
        warmup_steps = {schedule.warmup_steps}
        ema_decay = {schedule.ema_decay}
        workers = 0
        """
    )

    arguments = ["train", str(file), "--run", str(run_folder), "--data", str(section.root)]
    result = CliRunner().invoke(app, arguments)

    # The same config in the same folder: there is nothing left to do.
    assert result.exit_code == 0, result.output
    assert f"best checkpoint: {run_folder / 'best.pt'}" in result.output.replace("\n", " ")


@pytest.fixture(params=["checkpoint", "served"])
def model(request: pytest.FixtureRequest, checkpoint: Path, served: Path) -> Path:
    """What `limn evaluate` can be given."""
    return {"checkpoint": checkpoint, "served": served}[request.param]


def test_evaluate_prints_and_writes_a_table(model: Path, data_set: Path, tmp_path: Path) -> None:
    out = tmp_path / "accuracy"
    arguments = ["evaluate", str(model), "--data", str(data_set), "--out", str(out), "--flip"]

    result = CliRunner().invoke(app, arguments)

    assert result.exit_code == 0, result.output
    assert "| photos | 3 |" in result.output
    assert "| 0 | background |" in result.output
    (photos,) = json.loads(out.with_suffix(".json").read_text())
    assert (photos["condition"], photos["pictures"]) == ("photos", 3)
    assert photos["pixel_accuracy"] > 0.5
    assert out.with_suffix(".md").read_text() in result.output


def test_evaluate_under_stress_has_a_row_per_condition(checkpoint: Path, data_set: Path) -> None:
    arguments = ["evaluate", str(checkpoint), "--data", str(data_set), "--scales", "1", "--stress"]
    result = CliRunner().invoke(app, arguments)

    assert result.exit_code == 0, result.output
    for condition in ("photos", "lower half", "grey", "turned 20 degrees", "neighbour"):
        assert f"| {condition} | 3 |" in result.output


def test_evaluate_records_an_accuracy_in_the_contract_once(served: Path, data_set: Path) -> None:
    arguments = ["evaluate", str(served), "--data", str(data_set), "--record"]

    for _ in range(2):
        result = CliRunner().invoke(app, arguments)

    assert result.exit_code == 0, result.output
    (measured,) = read_contract(served).measured
    assert measured.data == "drawn val, 3 photos, 20 LIP labels"
    assert measured.command.startswith("limn evaluate ")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(["--scales", "wide"], "scales", id="scale-that-is-no-number"),
        pytest.param(["--scales", "0"], "scales", id="scale-of-nothing"),
        pytest.param(["--record"], "--record", id="record-without-a-contract"),
        pytest.param(["--data", "nowhere"], "there is no folder nowhere", id="no-data"),
    ],
)
def test_evaluate_explains_what_it_cannot_do(
    checkpoint: Path, data_set: Path, options: list[str], message: str
) -> None:
    arguments = ["evaluate", str(checkpoint), "--data", str(data_set), *options]

    result = CliRunner().invoke(app, arguments)

    assert result.exit_code in (1, 2)
    assert isinstance(result.exception, SystemExit)
    assert message in result.output
