"""From a model in the repository back to a checkpoint that training starts from."""

import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper
from torch import Tensor, nn
from typer.testing import CliRunner

from cli.main import app
from export.errors import ExportError
from export.reopen import reopen
from limn.contract import CONTRACT_FILE, read_contract, sha256_of
from tests.fixtures.trained import needs_weights, network_of
from training.batches import count_if_needed, make_batches, open_training
from training.config.model import LightModel
from training.config.run import TrainingConfig
from training.loader import ALL
from training.loop import train

pytestmark = needs_weights


def pictures(config: TrainingConfig) -> list[Tensor]:
    datasets = open_training(config)
    _, batches = make_batches(config, datasets, count_if_needed(config, datasets), ALL)
    return [images for images, _ in batches]


def test_reopened_network_sees_what_was_exported(
    served: Path, checkpoint: Path, config: TrainingConfig
) -> None:
    _, trained = network_of(checkpoint)
    pixels = torch.randn(2, 3, *config.data.canvas, generator=torch.Generator().manual_seed(0))

    found = reopen(served, config, pictures(config))

    with torch.inference_mode():
        expected, seen = trained(pixels).high, found.network(pixels).high
    assert found.fresh == ["low_head"]
    # Weights are stored in half precision.
    assert (seen - expected).abs().mean() < 5e-3 * expected.std()


def test_norms_have_the_statistics_of_the_pictures(served: Path, config: TrainingConfig) -> None:
    shown = pictures(config)
    network = reopen(served, config, shown).network
    norm = network.get_submodule("encoder.stages.1.0.expand_norm")
    assert isinstance(norm, nn.BatchNorm2d)
    inputs: list[Tensor] = []
    norm.register_forward_pre_hook(lambda _, given: inputs.append(given[0]))

    with torch.no_grad():
        for images in shown:
            mean = torch.tensor(network.mean)[:, None, None]
            network((images / 255 - mean) / torch.tensor(network.std)[:, None, None])

    values = torch.cat(inputs).double()
    assert norm.running_mean is not None
    assert norm.running_var is not None
    assert torch.allclose(norm.running_mean.double(), values.mean((0, 2, 3)), atol=1e-4)
    variance = values.var((0, 2, 3), correction=0)
    assert torch.allclose(norm.running_var.double(), variance, rtol=1e-3, atol=1e-5)


def test_other_network_is_refused(served: Path, config: TrainingConfig) -> None:
    other = config.model_copy(update={"model": LightModel(encoder="lite1")})

    with pytest.raises(ExportError, match=r"is of another network: .*encoder\.stages\.1\.2"):
        reopen(served, other, pictures(config))


def test_graph_with_more_than_the_network_is_refused(
    served: Path, config: TrainingConfig, tmp_path: Path
) -> None:
    """As one with a gate is, where the config has none."""
    folder = shutil.copytree(served, tmp_path / "1")
    contract = read_contract(folder)
    graph = onnx.load(folder / contract.file)
    name = "network.behind_gate.evidence.0.weight"
    graph.graph.initializer.append(numpy_helper.from_array(np.zeros(1, np.float32), name))
    onnx.save(graph, folder / contract.file)
    changed = contract.model_copy(update={"sha256": sha256_of(folder / contract.file)})
    (folder / CONTRACT_FILE).write_text(changed.model_dump_json())

    with pytest.raises(ExportError, match=r"network has not: behind_gate\.evidence\.0$"):
        reopen(folder, config, pictures(config))


def test_statistics_need_pictures(served: Path, config: TrainingConfig) -> None:
    with pytest.raises(ExportError, match="no pictures"):
        reopen(served, config, [])


def test_training_goes_on_from_the_checkpoint(
    served: Path, config: TrainingConfig, tmp_path: Path
) -> None:
    data, schedule = config.data, config.schedule
    file = tmp_path / "config.toml"
    file.write_text(
        f"""
        name = "tiny"
        [model]
        network = "light"
        [data]
        root = "{data.root}"
        name = "{data.name}"
        licence = "{data.licence}"
        canvas = [{data.canvas[0]}, {data.canvas[1]}]
        canvas_scales = [1.0]
        [schedule]
        epochs = 1
        batch_size = {schedule.batch_size}
        learning_rate = 1e-4
        encoder_learning_rate = 1e-4
        weight_decay = 0.0
        warmup_steps = 0
        ema_decay = 0.0
        workers = 0
        """
    )
    opened = tmp_path / "opened.pt"

    result = CliRunner().invoke(app, ["reopen", str(served), str(opened), "--config", str(file)])

    assert result.exit_code == 0, result.output
    assert "not in the graph, random: low_head" in result.output
    more = config.model_copy(update={"adversarial": None, "structure": None})
    more = more.changed("model", initial=opened).changed("schedule", epochs=1)
    assert train(more, tmp_path / "run").is_file()
