"""A trained person finder as a verified ONNX graph with its contract."""

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from export.accuracy import open_session
from export.errors import ExportError, GraphDisagrees
from export.onnx_program import to_onnx
from export.storage import store_half
from limn.contract import CONTRACT_FILE, DataSource
from limn.finder_contract import FinderContract, FinderTensors
from limn.ops import array
from training.checkpoint import load_checkpoint
from training.persons.batches import FILL, on_canvas
from training.persons.compose import Composed
from training.persons.config import PersonsConfig
from training.persons.finder import PersonFinder
from training.persons.network import PersonNetwork
from training.persons.score import iou

THRESHOLD = 0.42
"""Higher than what composed photos of val alone would say: of real ones less is known."""
OVERLAP = 0.75
"""Two persons' visible parts rarely overlap that much; two peaks of one person's do."""
LEAST_IOU = 0.97
"""Of a box with the one that PyTorch finds: what weights in half precision may cost."""


def export_finder(
    checkpoint: Path,
    folder: Path,
    photos: Sequence[Composed],
    samples: Sequence[int],
    version: int = 1,
    threshold: float = THRESHOLD,
) -> FinderContract:
    """Write `model.onnx` with weights in half precision and `contract.json` into a new folder.

    Args:
        checkpoint: as `limn persons train` writes it; its averaged weights are taken.
        folder: must not exist.
        photos: to compare the graph's boxes with PyTorch's on.
        samples: pictures of each source that it was trained on.
        version: of the contract.
        threshold: least score of a person.

    Raises:
        ExportError: the folder exists, or graph and network disagree; then nothing is written.
        CheckpointError: the checkpoint cannot be read.
    """
    if folder.exists():
        raise ExportError(f"{folder} exists; name another, or remove it")
    content = load_checkpoint(checkpoint)
    config = PersonsConfig.model_validate_json(content["config"])
    network = PersonNetwork()
    network.load_state_dict(content["averaged"])
    finder = PersonFinder(network).eval()
    names = FinderTensors()
    pixels = torch.zeros(1, 3, config.side, config.side)
    with torch.no_grad():
        whole = to_onnx(finder, {names.pixels: pixels}, [names.boxes, names.scores], [{}])
    graph = store_half(whole).SerializeToString()
    contract = FinderContract(
        name=config.name,
        version=version,
        canvas=(config.side, config.side),
        fill=FILL,
        mean=network.mean,
        std=network.std,
        threshold=threshold,
        overlap=OVERLAP,
        precision="fp16",
        sha256=hashlib.sha256(graph).hexdigest(),
        sources=_sources(config, samples),
    )
    verify_finder(graph, contract, finder, photos)
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    (partial / contract.file).write_bytes(graph)
    (partial / CONTRACT_FILE).write_text(contract.model_dump_json(indent=2) + "\n")
    partial.rename(folder)
    return contract


def verify_finder(
    graph: bytes, contract: FinderContract, finder: PersonFinder, photos: Sequence[Composed]
) -> None:
    """GraphDisagrees where the graph does not find whom the network in PyTorch finds."""
    session = open_session(graph)
    names = contract.tensors
    for number, photo in enumerate(photos):
        canvas = on_canvas(photo, contract.canvas[0]).image[np.newaxis]
        pixels = array.preprocess(canvas, contract.canvas, contract.mean, contract.std)
        with torch.inference_mode():
            expected = [part[0].numpy() for part in finder(torch.from_numpy(pixels))]
        boxes, scores = session.run([names.boxes, names.scores], {names.pixels: pixels})
        # Clearly above it: which side of the threshold a score falls on is rounding's to say.
        ours = expected[0][expected[1] > contract.threshold + 0.05]
        theirs: NDArray[np.float32] = boxes[0][scores[0] > contract.threshold]
        if len(ours) and (not len(theirs) or iou(ours, theirs).max(axis=1).min() < LEAST_IOU):
            raise GraphDisagrees(f"photo {number}: the graph does not find whom PyTorch finds")


def _sources(config: PersonsConfig, samples: Sequence[int]) -> tuple[DataSource, ...]:
    trained_on = tuple(
        DataSource(name=source.name, role="training", licence=source.licence, samples=count)
        for source, count in zip(config.sources, samples, strict=True)
    )
    initial = DataSource(
        name="Limn's mman: CCP, and EfficientNet-Lite's ImageNet weights",
        role="initial weights",
        licence="Apache-2.0",
    )
    return *trained_on, initial
