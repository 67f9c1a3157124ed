"""The whole way from a checkpoint to two version folders in the model repository."""

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import onnx
from pydantic import ValidationError

from export.errors import ExportError, GraphDisagrees
from export.graph import export_graph
from export.material import Photo
from export.operators import check_for_tensorrt
from export.parser_graph import Parser, parser_graph
from export.sources import sources
from export.storage import store_half
from export.verify import Agreement, require_photos, verify, verify_parser
from limn.contract import (
    CONTRACT_FILE,
    PARSER_SUFFIX,
    LabelSpec,
    ModelContract,
    ParserContract,
    ParserTensorSpec,
    Precision,
)
from training.augment.recipe import scaled_canvas
from training.checkpoint import averaged_weights
from training.config.run import TrainingConfig
from training.datasets.open import LABEL_SET_OF
from training.networks.build import build_network
from training.networks.parsing_network import ParsingNetwork
from training.parser import FILL_RGB


@dataclass(frozen=True)
class Export:
    """What was written, and how well it agrees with PyTorch.

    Attributes:
        folder, parser_folder: version folders of `<name>` and `<name>_parse`.
        agreements, parser_agreements: of logits and of labels.
    """

    folder: Path
    parser_folder: Path
    contract: ModelContract
    file_bytes: int
    parser_bytes: int
    agreements: list[Agreement]
    parser_agreements: list[Agreement]


class _Graphs(NamedTuple):
    """Of one network: alone, and with all that surrounds it."""

    network: onnx.ModelProto
    parser: onnx.ModelProto

    @classmethod
    def around(cls, network: onnx.ModelProto, draft: ModelContract) -> "_Graphs":
        return cls(network, parser_graph(network, draft, ParserTensorSpec()))


def export_model(
    checkpoint: Path,
    repository: Path,
    name: str,
    version: int,
    photos: Sequence[Photo],
    training_pictures: Sequence[int],
    precision: Precision = "fp16",
) -> Export:
    """Verify, then write `<name>/<version>` and `<name>_parse/<version>` into the repository.

    Each holds `model.onnx` and `contract.json`. With `fp16`, weights are stored in half precision,
    or whole where rounding them changes what is seen; the arithmetic stays fp32.

    Args:
        checkpoint: as `limn train` writes it; its averaged weights are taken.
        repository: the model repository's folder.
        name: of the model.
        version: must not exist yet.
        photos: to compare label maps on, of val of the data set that it was trained on.
        training_pictures: how many pictures of each data set it was trained on, for the
            contract.
        precision: of the stored weights.

    Raises:
        ExportError: the version exists, a name or number fits no contract, TensorRT does not take
            the graph, or graph and network disagree; then nothing is written.
        CheckpointError: the checkpoint cannot be read.
    """
    folders = repository / name / str(version), repository / f"{name}{PARSER_SUFFIX}" / str(version)
    for folder in folders:
        if folder.exists():
            raise ExportError(f"{folder} exists; a version never changes, export the next one")
    require_photos(photos)
    config, weights = averaged_weights(checkpoint)
    network = build_network(config.model, len(LABEL_SET_OF[config.data.layout])).eval()
    network.load_state_dict(weights)
    # Before the export, which takes long: a wrong name shows here.
    draft = draft_contract(config, network, name, version, training_pictures, precision)
    whole = export_graph(network, draft.tensors)
    check_for_tensorrt(whole)
    found = _faithful(whole, draft, Parser(network, draft).eval(), photos)
    return _write(found, *folders)


class _Checked(NamedTuple):
    """Graphs that may be served, and what was found out about them."""

    graphs: _Graphs
    draft: ModelContract
    agreements: list[Agreement]
    parser_agreements: list[Agreement]


def _faithful(
    whole: onnx.ModelProto, draft: ModelContract, parser: Parser, photos: Sequence[Photo]
) -> _Checked:
    """Weights in the precision of the draft, or whole where half changes what is seen."""
    if draft.precision == "fp16":
        try:
            return _verified(_Graphs.around(store_half(whole), draft), draft, parser, photos)
        except GraphDisagrees:
            # Half a file is no gain where rounded weights see something else.
            draft = draft.model_copy(update={"precision": "fp32"})
    return _verified(_Graphs.around(whole, draft), draft, parser, photos)


def _verified(
    graphs: _Graphs, draft: ModelContract, parser: Parser, photos: Sequence[Photo]
) -> _Checked:
    """GraphDisagrees where a graph does not see what the network in PyTorch sees."""
    check_for_tensorrt(graphs.parser)
    network, whole = (graph.SerializeToString() for graph in graphs)
    agreements = verify(network, draft, parser.network, photos)
    parsed = verify_parser(whole, parser, ParserTensorSpec(), photos)
    return _Checked(graphs, draft, agreements, parsed)


def _write(found: _Checked, folder: Path, parser_folder: Path) -> Export:
    network, parser = (graph.SerializeToString() for graph in found.graphs)
    digest = hashlib.sha256(network).hexdigest()
    contract = found.draft.model_copy(update={"sha256": digest})
    write_version(parser_folder, parser_contract_of(contract, parser), parser)
    write_version(folder, contract, network)
    return Export(
        folder,
        parser_folder,
        contract,
        len(network),
        len(parser),
        found.agreements,
        found.parser_agreements,
    )


def parser_contract_of(contract: ModelContract, parser: bytes) -> ParserContract:
    """What surrounds a network, stated for its parser's graph."""
    return ParserContract(
        name=contract.name + PARSER_SUFFIX,
        version=contract.version,
        labels=contract.labels,
        canvas=contract.canvas,
        stride=contract.stride,
        scales=contract.scales,
        precision=contract.precision,
        sha256=hashlib.sha256(parser).hexdigest(),
        network_sha256=contract.sha256,
    )


def write_version(folder: Path, contract: ModelContract | ParserContract, graph: bytes) -> None:
    """Write beside `folder`, then rename: the service stops at a model without its contract."""
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    (partial / contract.file).write_bytes(graph)
    (partial / CONTRACT_FILE).write_text(contract.model_dump_json(indent=2) + "\n")
    partial.rename(folder)


def draft_contract(
    config: TrainingConfig,
    network: ParsingNetwork,
    name: str,
    version: int,
    training_pictures: Sequence[int],
    precision: Precision,
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
            precision=precision,
            sha256="0" * 64,
            sources=sources(config, training_pictures),
        )
    except ValidationError as exc:
        faults = "; ".join(f"{'.'.join(map(str, f['loc']))}: {f['msg']}" for f in exc.errors())
        raise ExportError(f"no contract can be written for this model: {faults}") from exc
