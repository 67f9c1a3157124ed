"""A person finder's way from a config to a folder that the service finds persons with."""

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from cli.main import app
from service.finding.onnx_finder import OnnxFinder
from tests.fixtures.lip_dataset import write_lip_dataset
from training.checkpoint import load_checkpoint, save_checkpoint
from training.networks.light_generator import LightGenerator

CONFIG = """
name = "tiny_finder"
initial = "{initial}"
side = 64
sides = [64]
cutout_height = 64
steps = {steps}
batch_size = 2
learning_rate = 1e-3
encoder_learning_rate = 1e-4
weight_decay = 1e-2
warmup_steps = 1
ema_decay = 0.5
precision = "32-true"
validate_every = 2
seed = 1

[[sources]]
root = "{data}"
name = "drawn"
licence = "CC0-1.0"
"""


def limn(*arguments: object) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Starts from a parser with random weights."""
    folder = tmp_path_factory.mktemp("finder")
    data = write_lip_dataset(folder / "data")
    parser = folder / "parser.pt"
    save_checkpoint(parser, {"config": "{}", "averaged": LightGenerator(20).state_dict()})
    file = folder / "tiny.toml"
    file.write_text(CONFIG.format(initial=parser, data=data, steps=4))
    return file


@pytest.fixture(scope="module")
def run(config: Path) -> Path:
    folder = config.parent / "run"
    limn("persons", "train", config, "--run", folder)
    return folder


def test_run_has_a_history_and_its_best_weights(run: Path) -> None:
    rows = (run / "history.csv").read_text().splitlines()

    assert [row.split(",")[0] for row in rows] == ["step", "2", "4"]
    assert load_checkpoint(run / "last.pt")["step"] == 4
    assert (run / "best.pt").exists()


def test_run_that_was_cut_off_goes_on_where_it_was(config: Path, run: Path) -> None:
    again = config.parent / "again"
    again.mkdir()
    (again / "last.pt").write_bytes((run / "last.pt").read_bytes())

    limn("persons", "train", config, "--run", again)

    # There was nothing left to do.
    assert not (again / "history.csv").exists()


def test_run_of_another_config_is_not_gone_on_with(config: Path, run: Path) -> None:
    other = config.with_name("other.toml")
    other.write_text(config.read_text().replace("steps = 4", "steps = 6"))

    result = CliRunner().invoke(app, ["persons", "train", str(other), "--run", str(run)])

    assert result.exit_code == 1
    assert "another config" in result.output


@pytest.mark.slow
def test_finder_is_exported_measured_and_finds(config: Path, run: Path) -> None:
    folder = config.parent / "exported"

    limn("persons", "export", run / "last.pt", folder)
    table = limn("persons", "measure", folder, "--config", config, "--photos", "5", "--write")

    finder = OnnxFinder.load(folder)
    assert finder.contract.sources[0].samples == 6
    assert [one.photos for one in finder.contract.measured] == [5, 5, 5, 5, 5, 5, 3, 5]
    assert "| composed, 5 | 5 | 25 |" in table
    # Weights of four steps are sure of nobody.
    assert finder.find(np.full((90, 120, 3), 127, np.uint8), most=10) == ()


def test_folder_is_never_written_over(config: Path, run: Path) -> None:
    (config.parent / "taken").mkdir()

    result = CliRunner().invoke(
        app, ["persons", "export", str(run / "last.pt"), str(config.parent / "taken")]
    )

    assert result.exit_code == 1
    assert "taken exists" in result.output


@pytest.mark.slow
def test_finder_goes_on_from_a_finder(config: Path, run: Path) -> None:
    second = config.with_name("second.toml")
    text = CONFIG.format(initial=run / "best.pt", data=config.parent / "data", steps=1)
    second.write_text(text)

    limn("persons", "train", second, "--run", config.parent / "second")

    first = load_checkpoint(run / "best.pt")["averaged"]
    then = load_checkpoint(config.parent / "second" / "best.pt")["averaged"]
    name = "encoder.stem.weight"
    assert np.array_equal(first[name].numpy(), then[name].numpy())


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("side = 64", "side = 60", "side: "),
        ("steps = 4", "stepps = 4", "stepps: "),
        ('name = "tiny_finder"', "name = ", "is not TOML"),
    ],
)
def test_faulty_config_is_refused_in_words(
    config: Path, before: str, after: str, message: str
) -> None:
    faulty = config.with_name("faulty.toml")
    faulty.write_text(config.read_text().replace(before, after))

    result = CliRunner().invoke(app, ["persons", "train", str(faulty)])

    assert result.exit_code == 1
    assert message in result.output
