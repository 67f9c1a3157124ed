"""Whether an exported graph sees what the network in PyTorch sees, by label maps of real photos."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray

from export.errors import ExportError, GraphDisagrees
from export.material import Photo, canvases
from export.parser_graph import Parser
from limn.contract import ModelContract, ParserTensorSpec
from limn.geometry import Size
from limn.ops import array
from training.networks.parsing_network import ParsingNetwork

BATCHES = (1, 3)
AGREEMENT = 0.999
"""Share of cells whose winning class must be the same; rounding moves a border by a hair."""

SCORES_APART = 1e-3
"""Mean distance of probabilities; half precision alone rounds by up to 2.4e-4."""


@dataclass(frozen=True)
class Agreement:
    """Share of cells with the same winner, at one input size and batch size."""

    size: Size
    batch: int
    share: float


def require_photos(photos: Sequence[Photo]) -> None:
    """ExportError where there are too few to fill the largest batch."""
    if len(photos) < max(BATCHES):
        raise ExportError(f"{len(photos)} photos to verify on; at least {max(BATCHES)} are needed")


def verify(
    graph: bytes,
    contract: ModelContract,
    network: ParsingNetwork,
    photos: Sequence[Photo],
) -> list[Agreement]:
    """Compare the winners of `logits`, PyTorch in fp32 against ONNX Runtime on the CPU.

    Args:
        graph: the ONNX file.
        contract: names, sizes and normalisation to use.
        network: what was exported.
        photos: uint8[H, W, 3] RGB each, at least as many as the largest batch.

    Raises:
        GraphDisagrees: fewer cells agree than must.
        ExportError: the logits have another shape or are not finite, or there are too few photos
            to tell.
    """
    require_photos(photos)
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    shown = canvases(photos, contract)
    found = []
    for size in contract.scales.values():
        for batch in BATCHES:
            count = len(shown) // batch * batch
            pixels = array.preprocess(shown[:count], size, contract.mean, contract.std)
            chunks = pixels.reshape(-1, batch, *pixels.shape[1:])
            same = np.mean([_same(session, contract, network, chunk) for chunk in chunks])
            found.append(Agreement(size, batch, float(same)))
    worst = min(found, key=lambda agreement: agreement.share)
    if worst.share < AGREEMENT:
        raise GraphDisagrees(
            f"the exported graph disagrees with PyTorch: {worst.share:.4%} of the cells have the"
            f" same class at {worst.size[0]}x{worst.size[1]}, batch {worst.batch};"
            f" {AGREEMENT:.1%} are needed"
        )
    return found


def verify_parser(
    graph: bytes, parser: Parser, tensors: ParserTensorSpec, photos: Sequence[Photo]
) -> list[Agreement]:
    """Compare `labels`, `color` and `scores` with the same module in PyTorch, all in fp32.

    Raises:
        GraphDisagrees: fewer pixels agree than must, or colours or scores are others.
        ExportError: there are too few photos to tell.
    """
    require_photos(photos)
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    shown = canvases(photos, parser.contract)
    found = []
    for batch in BATCHES:
        chunks = shown[: len(shown) // batch * batch].reshape(-1, batch, *shown.shape[1:])
        same = np.mean([_same_parse(session, parser, tensors, chunk) for chunk in chunks])
        found.append(Agreement(parser.contract.canvas, batch, float(same)))
    worst = min(found, key=lambda agreement: agreement.share)
    if worst.share < AGREEMENT:
        raise GraphDisagrees(
            f"the exported parser disagrees with PyTorch: {worst.share:.4%} of the pixels have the"
            f" same class in batches of {worst.batch}; {AGREEMENT:.1%} are needed"
        )
    return found


def _same_parse(
    session: onnxruntime.InferenceSession,
    parser: Parser,
    tensors: ParserTensorSpec,
    shown: NDArray[np.uint8],
) -> float:
    names = [tensors.labels, tensors.color, tensors.scores]
    labels, color, scores = session.run(names, {tensors.canvas: shown})
    with torch.inference_mode():
        expected = parser(torch.from_numpy(shown))
    if not (color == np.asarray(parser.contract.labels.palette, np.uint8)[labels]).all():
        raise GraphDisagrees("the exported parser has colours that are not its labels'")
    apart = np.abs(scores.astype(np.float32) - expected.scores.float().numpy()).mean()
    if not apart < SCORES_APART:
        raise GraphDisagrees(f"the exported parser's scores are {apart:.2e} from PyTorch's")
    return float(np.mean(labels == expected.labels.numpy()))


def _same(
    session: onnxruntime.InferenceSession,
    contract: ModelContract,
    network: ParsingNetwork,
    pixels: NDArray[np.float32],
) -> float:
    names = contract.tensors
    (logits,) = session.run([names.logits], {names.pixels: pixels})
    with torch.inference_mode():
        reference = network(torch.from_numpy(pixels)).high.numpy()
    if logits.shape != reference.shape:
        raise ExportError(f"the graph answers {logits.shape}, PyTorch {reference.shape}")
    if not np.isfinite(logits).all() or not np.isfinite(reference).all():
        # Two networks that answer nan everywhere agree on every winner.
        raise ExportError("the network answers numbers that are not finite; did its loss diverge?")
    return float(np.mean(logits.argmax(1) == reference.argmax(1)))
