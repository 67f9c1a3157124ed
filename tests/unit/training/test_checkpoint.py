import pickle
from pathlib import Path
from typing import Any

import pytest
import torch

from training.checkpoint import averaged_weights, load_checkpoint, save_checkpoint
from training.config.data import DataSection
from training.config.model import LightModel
from training.config.run import TrainingConfig
from training.config.schedule import ScheduleSection
from training.errors import CheckpointError

CONFIG = TrainingConfig(
    name="tiny",
    model=LightModel(),
    data=DataSection(
        root=Path("data"), name="drawn", licence="CC0-1.0", canvas=(64, 48), canvas_scales=(1.0,)
    ),
    schedule=ScheduleSection(
        epochs=1,
        batch_size=2,
        learning_rate=1e-3,
        encoder_learning_rate=1e-4,
        weight_decay=0,
        warmup_steps=0,
        ema_decay=0.5,
    ),
)


class Trap:
    """Creates a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


@pytest.fixture
def content() -> dict[str, Any]:
    return {"config": CONFIG.model_dump_json(), "averaged": {"weight": torch.arange(3.0)}}


def test_checkpoint_is_read_as_it_was_saved(tmp_path: Path, content: dict[str, Any]) -> None:
    save_checkpoint(tmp_path / "last.pt", content | {"epoch": 3})

    config, weights = averaged_weights(tmp_path / "last.pt")

    assert config == CONFIG
    assert weights["weight"].tolist() == [0, 1, 2]
    assert load_checkpoint(tmp_path / "last.pt")["epoch"] == 3
    assert [path.name for path in tmp_path.iterdir()] == ["last.pt"]


def test_save_that_fails_leaves_the_old_checkpoint(tmp_path: Path, content: dict[str, Any]) -> None:
    path = tmp_path / "last.pt"
    save_checkpoint(path, content)
    before = path.read_bytes()

    with pytest.raises((AttributeError, pickle.PicklingError)):
        save_checkpoint(path, content | {"cannot be pickled": lambda: None})

    assert path.read_bytes() == before


def test_missing_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"there is no checkpoint .*best\.pt"):
        load_checkpoint(tmp_path / "best.pt")


def test_checkpoint_with_code_is_refused_and_not_run(
    tmp_path: Path, content: dict[str, Any]
) -> None:
    path, sprung = tmp_path / "best.pt", tmp_path / "sprung"
    torch.save(content | {"trap": Trap(sprung)}, path)

    with pytest.raises(CheckpointError, match="is not a checkpoint that can be read"):
        load_checkpoint(path)

    assert not sprung.exists()


@pytest.mark.parametrize(
    "data", [pytest.param(b"", id="empty"), pytest.param(b"no zip file", id="other-bytes")]
)
def test_file_that_is_no_checkpoint_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "best.pt"
    path.write_bytes(data)

    with pytest.raises(CheckpointError, match="is not a checkpoint that can be read"):
        load_checkpoint(path)


def test_cut_off_checkpoint_is_refused(tmp_path: Path, content: dict[str, Any]) -> None:
    path = tmp_path / "best.pt"
    save_checkpoint(path, content)
    path.write_bytes(path.read_bytes()[:-200])

    with pytest.raises(CheckpointError, match="is not a checkpoint that can be read"):
        load_checkpoint(path)


def test_weights_without_a_config_are_refused(tmp_path: Path) -> None:
    torch.save({"weight": torch.zeros(1)}, tmp_path / "weights.pth")

    with pytest.raises(CheckpointError, match="holds weights without the config that made them"):
        load_checkpoint(tmp_path / "weights.pth")
