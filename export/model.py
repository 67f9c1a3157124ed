"""The whole way from a checkpoint to a version folder in the model repository."""

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import onnx
from numpy.typing import NDArray
from pydantic import ValidationError

from export.errors import ExportError, GraphDisagrees
from export.graph import export_graph
from export.sources import sources
from export.storage import store_half
from export.verify import Agreement, require_photos, verify
from limn.contract import CONTRACT_FILE, LabelSpec, ModelContract
from training.augment.recipe import scaled_canvas
from training.checkpoint import averaged_weights
from training.config.run import TrainingConfig
from training.datasets.open import LABEL_SET_OF
from training.networks.build import build_network
from training.networks.parsing_network import ParsingNetwork
from training.parser import FILL_RGB


@dataclass(frozen=True)
class Export:
    """What was written, and how well it agrees with PyTorch."""

    folder: Path
    contract: ModelContract
    file_bytes: int
    agreements: list[Agreement]


def export_model(
    checkpoint: Path,
    repository: Path,
    name: str,
    version: int,
    photos: Sequence[NDArray[np.uint8]],
    training_pictures: int,
) -> Export:
    """Verify, then write `repository/<name>/<version>/{model.onnx,contract.json}`.

    Weights are stored in half precision, or whole where rounding them changes what is seen.

    Args:
        checkpoint: as `limn train` writes it; its averaged weights are taken.
        repository: the model repository's folder.
        name: of the model.
        version: must not exist yet.
        photos: uint8[H, W, 3] RGB, to compare label maps on.
        training_pictures: how many pictures it was trained on, for the contract.

    Raises:
        ExportError: the version exists, a name or number fits no contract, or graph and network
            disagree; then nothing is written.
        CheckpointError: the checkpoint cannot be read.
    """
    folder = repository / name / str(version)
    if folder.exists():
        raise ExportError(f"{folder} exists; a version never changes, export the next one")
    require_photos(photos)
    config, weights = averaged_weights(checkpoint)
    network = build_network(config.model, len(LABEL_SET_OF[config.data.layout])).eval()
    network.load_state_dict(weights)
    # Before the export, which takes long: a wrong name shows here.
    draft = _draft(config, network, name, version, training_pictures)
    model = export_graph(network, draft.tensors)
    try:
        return _verified(store_half(model), "fp16", draft, network, photos, folder)
    except GraphDisagrees:
        # Half a file is no gain where rounded weights see something else.
        return _verified(model, "fp32", draft, network, photos, folder)


def _verified(
    model: onnx.ModelProto,
    precision: Literal["fp16", "fp32"],
    draft: ModelContract,
    network: ParsingNetwork,
    photos: Sequence[NDArray[np.uint8]],
    folder: Path,
) -> Export:
    """Write the version folder if the graph sees what the network sees."""
    graph = model.SerializeToString()
    digest = hashlib.sha256(graph).hexdigest()
    contract = draft.model_copy(update={"sha256": digest, "precision": precision})
    agreements = verify(graph, contract, network, photos)
    _write(folder, contract, graph)
    return Export(folder, contract, len(graph), agreements)


def _write(folder: Path, contract: ModelContract, graph: bytes) -> None:
    """Write beside `folder`, then rename: the service stops at a model without its contract."""
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    (partial / contract.file).write_bytes(graph)
    (partial / CONTRACT_FILE).write_text(contract.model_dump_json(indent=2) + "\n")
    partial.rename(folder)


def _draft(
    config: TrainingConfig,
    network: ParsingNetwork,
    name: str,
    version: int,
    training_pictures: int,
) -> ModelContract:
    """The contract, its hash left open; ExportError names what does not fit one."""
    data = config.data
    try:
        return ModelContract(
            name=name,
            version=version,
            architecture=config.name,
            labels=LabelSpec.of(LABEL_SET_OF[data.layout]),
            canvas=data.canvas,
            fill=FILL_RGB,
            stride=network.stride,
            size_multiple=network.size_multiple,
            mean=network.mean,
            std=network.std,
            scales={
                f"{scale:g}": scaled_canvas(data.canvas, scale, network.size_multiple)
                for scale in data.test_scales
            },
            precision="fp16",
            sha256="0" * 64,
            sources=sources(config, training_pictures),
        )
    except ValidationError as exc:
        faults = "; ".join(f"{'.'.join(map(str, f['loc']))}: {f['msg']}" for f in exc.errors())
        raise ExportError(f"no contract can be written for this model: {faults}") from exc
