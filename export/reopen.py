"""An exported network as a checkpoint again, so that training can go on from a served model.

An export folds every batch norm into the convolution before it and leaves out what serving does
not read. The weights come back by their names. A norm comes back as one that changes nothing on
average: its statistics are measured anew on training pictures, and its factor and offset undo
them, so that the network sees what the graph sees and is normalised by its batches again while it
trains.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor, nn

from export.errors import ExportError, GraphDisagrees
from export.storage import restore_whole
from limn.contract import ModelContract, read_contract
from limn.ops import tensor as ops
from training.config.run import TrainingConfig
from training.datasets.open import LABEL_SET_OF
from training.networks.build import build_network
from training.networks.parsing_network import ParsingNetwork

_PREFIX = "network."
"""Of every name in a graph; see `export.graph`."""

_APART = 1e-3
"""Mean distance of logits between graph and network; half precision is not computed in."""


class Reopened(NamedTuple):
    """A network that sees what an exported graph sees.

    Attributes:
        network: in evaluation mode.
        fresh: modules that the graph does not have; they have random weights.
        apart: mean distance of its logits from the graph's.
    """

    network: ParsingNetwork
    fresh: list[str]
    apart: float


@dataclass
class _Statistics:
    """Sums over everything that a norm was shown, float64[C] each."""

    values: Tensor
    squares: Tensor
    count: int = 0

    def add(self, shown: Tensor) -> None:
        self.values += shown.double().sum((0, 2, 3))
        self.squares += shown.double().square().sum((0, 2, 3))
        self.count += shown.numel() // shown.shape[1]


def reopen(folder: Path, config: TrainingConfig, batches: Iterable[Tensor]) -> Reopened:
    """The network of a version folder, as a config of the same architecture builds it.

    Args:
        folder: version folder of a model that `limn export onnx` wrote.
        config: how training is to go on.
        batches: training pictures uint8[B, 3, H, W] RGB, to measure the statistics on.

    Raises:
        ContractError: the folder holds no model, or files that are not its own.
        ExportError: the graph is of another network, or no pictures were given.
        GraphDisagrees: the network does not see what the graph sees.
    """
    contract = read_contract(folder)
    label_set = LABEL_SET_OF[config.data.layout]
    if contract.labels.label_set().classes != label_set.classes:
        raise ExportError(f"{folder} has other labels than {label_set.title}")
    graph = restore_whole(onnx.load(folder / contract.file))
    network = build_network(config.model, len(label_set)).eval()
    folded = _folded_norms(network)
    fresh = _fill(network, graph, folded, folder)
    _measure(network, folded, batches, contract)
    return Reopened(network, fresh, _distance(network, folder / contract.file, contract))


def _folded_norms(network: ParsingNetwork) -> dict[str, nn.BatchNorm2d]:
    """Norms that stand right behind a convolution, by its name."""
    made: dict[int, str] = {}
    kept: list[Tensor] = []
    found: dict[str, nn.BatchNorm2d] = {}
    hooks = []
    for name, module in network.named_modules():
        if isinstance(module, nn.Conv2d):

            def after(_: nn.Module, __: object, output: Tensor, name: str = name) -> None:
                made[id(output)] = name
                kept.append(output)  # else its id is given away again

            hooks.append(module.register_forward_hook(after))
        elif isinstance(module, nn.BatchNorm2d):

            def before(norm: nn.Module, inputs: tuple[Tensor, ...]) -> None:
                if id(inputs[0]) in made:
                    assert isinstance(norm, nn.BatchNorm2d)
                    found[made[id(inputs[0])]] = norm

            hooks.append(module.register_forward_pre_hook(before))
    side = 4 * network.size_multiple
    with torch.inference_mode():
        network(torch.zeros(1, 3, side, side))
    for hook in hooks:
        hook.remove()
    return found


def _fill(
    network: ParsingNetwork,
    graph: onnx.ModelProto,
    folded: dict[str, nn.BatchNorm2d],
    folder: Path,
) -> list[str]:
    """Put the graph's weights into the network; names of the modules that it has none for."""
    tensors = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.graph.initializer}
    biases = {
        node.input[1]: tensors[node.input[2]]
        for node in graph.graph.node
        if node.op_type == "Conv" and len(node.input) > 2
    }
    norms = set(folded.values())
    fresh = []
    for name, module in network.named_modules():
        if not isinstance(module, nn.Conv2d | nn.BatchNorm2d) or module in norms:
            continue
        weight = f"{_PREFIX}{name}.weight"
        if weight not in tensors:
            fresh.append(name)
            continue
        state = {part: f"{_PREFIX}{name}.{part}" for part in module.state_dict()}
        values = {part: tensors.get(tensor) for part, tensor in state.items()}
        if weight in biases:
            values["bias"] = biases[weight]
        offset = values.pop("bias") if name in folded else None
        _load(module, values, f"{folder}: {name}")
        if name in folded:
            _pass_through(folded[name], offset)
    unknown = [name for name in fresh if not name.endswith("_head")]
    if unknown:
        raise ExportError(f"{folder} is of another network: it has no {', '.join(unknown)}")
    modules = dict(network.named_modules())
    owners = [
        name.removeprefix(_PREFIX).removesuffix(".weight")
        for name in tensors
        if name.startswith(_PREFIX) and name.endswith(".weight")
    ]
    left = [name for name in owners if name not in modules]
    if left:
        raise ExportError(f"{folder} has what the config's network has not: {', '.join(left)}")
    return fresh


def _load(module: nn.Module, values: dict[str, NDArray[np.float32] | None], name: str) -> None:
    known = {part: torch.from_numpy(v.copy()) for part, v in values.items() if v is not None}
    if "num_batches_tracked" in values:
        known["num_batches_tracked"] = torch.tensor(0)
    try:
        module.load_state_dict(known)
    except RuntimeError as exc:
        raise ExportError(f"{name} is of another network: {exc}") from exc


@torch.no_grad()
def _pass_through(norm: nn.BatchNorm2d, offset: NDArray[np.float32] | None) -> None:
    """Let a norm add what was folded into the convolution's bias, and nothing else."""
    norm.running_mean.zero_()  # type: ignore[union-attr]
    norm.running_var.fill_(1.0)  # type: ignore[union-attr]
    norm.weight.fill_((1.0 + norm.eps) ** 0.5)
    norm.bias.zero_()
    if offset is not None:
        norm.bias.copy_(torch.from_numpy(offset.copy()))


@torch.no_grad()
def _measure(
    network: ParsingNetwork,
    folded: dict[str, nn.BatchNorm2d],
    batches: Iterable[Tensor],
    contract: ModelContract,
) -> None:
    """Give norms that pass everything through the statistics of what they are shown."""
    seen: dict[nn.Module, _Statistics] = {}
    hooks = []
    for norm in folded.values():
        seen[norm] = _Statistics(*torch.zeros(2, norm.num_features, dtype=torch.float64))

        def before(norm: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            seen[norm].add(inputs[0])

        hooks.append(norm.register_forward_pre_hook(before))
    for images in batches:
        size = images.shape[2], images.shape[3]
        canvases = images.permute(0, 2, 3, 1)
        network(ops.preprocess(canvases, size, contract.mean, contract.std))
    for hook in hooks:
        hook.remove()
    for norm in folded.values():
        statistics = seen[norm]
        if statistics.count == 0:
            raise ExportError("no pictures to measure the statistics of the norms on")
        mean = statistics.values / statistics.count
        variance = (statistics.squares / statistics.count - mean.square()).clamp(min=0)
        norm.running_mean.copy_(mean)  # type: ignore[union-attr]
        norm.running_var.copy_(variance)  # type: ignore[union-attr]
        norm.weight.copy_((variance + norm.eps).sqrt())
        norm.bias.add_(mean)


@torch.inference_mode()
def _distance(network: ParsingNetwork, file: Path, contract: ModelContract) -> float:
    """GraphDisagrees where the two see different things in noise, which no training has seen."""
    rng = np.random.default_rng(0)
    pixels = rng.normal(size=(2, 3, *contract.canvas)).astype(np.float32)
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    names = contract.tensors
    (expected,) = session.run([names.logits], {names.pixels: pixels})
    found = network(torch.from_numpy(pixels)).high.numpy()
    apart = float(np.abs(found - expected).mean())
    if not apart < _APART:
        raise GraphDisagrees(f"logits are {apart:.2g} apart on average; {_APART:g} may be")
    return apart
