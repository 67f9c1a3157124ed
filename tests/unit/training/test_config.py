from pathlib import Path

import pytest

from training.config.model import LightModel
from training.config.run import TrainingConfig, read_config
from training.errors import ConfigError

CONFIGS = Path(__file__).parents[3] / "training" / "configs"

TOML = """
name = "tiny"
[model]
network = "light"
[data]
root = "data/drawn"
name = "drawn"
licence = "CC0-1.0"
canvas = [64, 48]
canvas_scales = [1.0]
[schedule]
epochs = 2
batch_size = 2
learning_rate = 1e-3
encoder_learning_rate = 1e-4
weight_decay = 0
warmup_steps = 0
ema_decay = 0.5
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.toml"
    path.write_text(TOML)
    return path


def test_config_fills_in_what_has_a_default(file: Path) -> None:
    config = read_config(file)

    assert config.model == LightModel(encoder="lite0", dropout=0.1, initial=None)
    assert config.data.test_scales == (0.8, 1.0, 1.2)
    assert (config.schedule.precision, config.schedule.seed) == ("32-true", 0)


def test_config_survives_a_checkpoint(file: Path) -> None:
    config = read_config(file)

    assert TrainingConfig.model_validate_json(config.model_dump_json()) == config


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.toml")), ids=lambda path: str(path.stem))
def test_configs_of_the_package_are_valid_and_named_like_their_file(path: Path) -> None:
    assert read_config(path).name == path.stem


@pytest.mark.parametrize(
    ("line", "instead", "message"),
    [
        pytest.param("epochs = 2", "epochs = 0", "schedule.epochs: Input", id="bound"),
        pytest.param("epochs = 2", "", "schedule.epochs: Field required", id="missing"),
        pytest.param("epochs = 2", "epoch = 2", "schedule.epoch: Extra inputs", id="unknown"),
        pytest.param('"light"', '"deep"', "model: Input tag 'deep' found", id="network"),
        pytest.param('"tiny"', '"Tiny 1"', "name: String should match", id="name"),
        pytest.param("[64, 48]", "[64, 50]", "multiples of 16", id="canvas"),
        pytest.param("[64, 48]", "[64, 0]", "multiples of 16", id="canvas-of-nothing"),
        pytest.param("[1.0]", "[]", "data.canvas_scales: Tuple should have", id="no-scales"),
        pytest.param("[1.0]", "[-1.0]", "scales must be above 0", id="negative-scale"),
        pytest.param("[1.0]", "[1.0]\ntest_scales = [0.5]", "must hold 1", id="no-scale-1"),
    ],
)
def test_config_with_a_fault_is_refused(file: Path, line: str, instead: str, message: str) -> None:
    file.write_text(TOML.replace(line, instead))

    with pytest.raises(ConfigError) as caught:
        read_config(file)

    assert message in str(caught.value)
    assert str(file) in str(caught.value)


def test_every_fault_is_named_at_once(file: Path) -> None:
    file.write_text(TOML.replace("epochs = 2", "epochs = 0").replace('"light"', '"deep"'))

    with pytest.raises(ConfigError, match=r"model: .*; schedule\.epochs: "):
        read_config(file)


def test_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no config .*nothing\.toml"):
        read_config(tmp_path / "nothing.toml")


def test_file_that_is_no_toml_is_refused(file: Path) -> None:
    file.write_text("name = ")

    with pytest.raises(ConfigError, match="is not TOML"):
        read_config(file)


CONFIGS = Path(__file__).parents[3] / "training" / "configs"


@pytest.mark.parametrize("path", sorted(CONFIGS.rglob("*.toml")), ids=lambda path: path.stem)
def test_shipped_config_is_valid_and_named_like_its_file(path: Path) -> None:
    prefix = "" if path.parent == CONFIGS else f"{path.parent.name}_"

    assert read_config(path).name == prefix + path.stem


def test_rows_of_the_tables_differ_by_what_they_say() -> None:
    baseline, mman, micro = (
        read_config(CONFIGS / f"{name}_lip.toml") for name in ("do_deeplab", "mman", "micro")
    )

    assert baseline.adversarial is None
    assert mman.adversarial is not None
    assert micro.adversarial is not None
    # Sections 3.4 and 4.2 of the MMAN paper, and the release where it is silent.
    assert (mman.loss.high, mman.loss.low) == (100, 25)
    assert mman.adversarial.weights == {"macro": 1, "micro": 1}
    assert (mman.adversarial.temperature, mman.adversarial.step_probability) == (5, 0.1)
    assert (mman.schedule.milestones, mman.schedule.epochs) == ((15,), 30)
    assert micro.adversarial.weights == {"micro": 1}
    assert micro.schedule == mman.schedule
    assert mman.model == baseline.model


def test_config_extends_another(file: Path) -> None:
    file.write_text(TOML)
    other = file.with_name("other.toml")
    other.write_text(f'extends = "{file.name}"\nname = "other"\n[schedule]\nepochs = 7\n')

    base, extended = read_config(file), read_config(other)

    assert (extended.name, extended.schedule.epochs) == ("other", 7)
    assert extended.schedule.model_copy(update={"epochs": 2}) == base.schedule
    assert extended.data == base.data


def test_config_that_extends_itself_is_refused(file: Path) -> None:
    file.write_text(f'extends = "{file.name}"\n' + TOML)

    with pytest.raises(ConfigError, match="extends itself"):
        read_config(file)


def test_config_that_extends_nothing_is_refused(file: Path) -> None:
    file.write_text('extends = "nothing.toml"\n' + TOML)

    with pytest.raises(ConfigError, match=r"there is no config .*nothing\.toml"):
        read_config(file)


@pytest.mark.parametrize(
    ("network", "kind", "message"),
    [
        pytest.param("segnet", "macro", "segnet has no low output", id="macro"),
        pytest.param("light", "middle", "middle needs model.middle_head", id="middle"),
    ],
)
def test_discriminator_without_an_output_is_refused(
    file: Path, network: str, kind: str, message: str
) -> None:
    text = TOML.replace('"light"', f'"{network}"').replace("[64, 48]", "[64, 64]")
    file.write_text(f"{text}\n[adversarial]\nweights = {{ {kind} = 1.0 }}\n")

    with pytest.raises(ConfigError, match=message):
        read_config(file)


def test_gate_that_is_not_there_cannot_be_taught(file: Path) -> None:
    file.write_text(f"{TOML}\n[loss]\nbehind = 0.5\n")

    with pytest.raises(ConfigError, match=r"loss\.behind: needs model\.behind_gate"):
        read_config(file)
