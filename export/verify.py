"""Whether an exported graph sees what the network in PyTorch sees, by label maps of real photos."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray

from export.errors import ExportError, GraphDisagrees
from limn.contract import ModelContract
from limn.geometry import Letterbox, Size
from limn.ops import array
from training.networks.parsing_network import ParsingNetwork

BATCHES = (1, 3)
AGREEMENT = 0.999
"""Share of cells whose winning class must be the same; rounding moves a border by a hair."""


@dataclass(frozen=True)
class Agreement:
    """Share of cells with the same winner, at one input size and batch size."""

    size: Size
    batch: int
    share: float


def require_photos(photos: Sequence[NDArray[np.uint8]]) -> None:
    """ExportError where there are too few to fill the largest batch."""
    if len(photos) < max(BATCHES):
        raise ExportError(f"{len(photos)} photos to verify on; at least {max(BATCHES)} are needed")


def verify(
    graph: bytes,
    contract: ModelContract,
    network: ParsingNetwork,
    photos: Sequence[NDArray[np.uint8]],
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
    canvases = np.stack([_canvas(photo, contract) for photo in photos])
    found = []
    for size in contract.scales.values():
        for batch in BATCHES:
            count = len(canvases) // batch * batch
            pixels = array.preprocess(canvases[:count], size, contract.mean, contract.std)
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


def _canvas(photo: NDArray[np.uint8], contract: ModelContract) -> NDArray[np.uint8]:
    box = Letterbox.fit((photo.shape[0], photo.shape[1]), contract.canvas)
    return array.letterbox(photo, box, contract.fill)


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
