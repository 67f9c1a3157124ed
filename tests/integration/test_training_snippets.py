"""What the page on training tells a reader to type, typed: on drawn people, for two epochs."""

import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.fixtures.lip_dataset import write_lip_dataset
from tests.fixtures.shell import complain, shell

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/how-to/train.md"
BLOCKS = re.findall(r"^```bash\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
CONFIG = Path("training/configs/baseline_ccp.toml")
SHORT = {"epochs": 2, "batch_size": 3, "warmup_steps": 1, "validate_every": 1}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """This checkout, with data, runs and models of its own."""
    for path in ROOT.iterdir():
        if path.name not in ("data", "runs", "model_repository", "training", ".git"):
            (tmp_path / path.name).symlink_to(path)
    shutil.copytree(ROOT / "training/configs", tmp_path / "training/configs")
    text = (ROOT / CONFIG).read_text()
    for name, value in SHORT.items():
        text, count = re.subn(rf"^{name} = \d+$", f"{name} = {value}", text, flags=re.MULTILINE)
        assert count == 1, f"{CONFIG} has no {name}"
    (tmp_path / CONFIG).write_text(text)
    shutil.copytree(ROOT / "model_repository/mman", tmp_path / "model_repository/mman")
    write_lip_dataset(tmp_path / "data/ccp", train=24, val=6, size=(192, 128))
    return tmp_path


def test_commands_train_evaluate_and_export(checkout: Path) -> None:
    models = str(checkout / "model_repository")
    # By what these tests run in, which is not to be set up for this copy.
    make = f"make VENV={sys.prefix} --assume-old={sys.prefix}/.dev "
    for command in "".join(BLOCKS).replace("make ", make).splitlines():
        done = shell(command, checkout, LIMN_MODEL_REPOSITORY=models)
        assert done.returncode == 0, complain(command, done)

    version = checkout / "model_repository/mine/1"
    assert {"model.onnx", "model.int8.onnx", "model.half.onnx", "contract.json"} <= {
        path.name for path in version.iterdir()
    }
    assert (checkout / "model_repository/mine_parse/1/contract.json").is_file()
    assert (checkout / "page.md").is_file() or (checkout / "page").is_dir()
