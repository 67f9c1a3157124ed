"""Accuracy of graphs on annotated photos, what INT8 may cost of it, and whether two agree."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from export.errors import AccuracyLost
from export.material import Photo, canvas, canvases
from limn.contract import ModelContract
from limn.geometry import Letterbox, Size
from limn.metrics import Accuracy, confusion
from limn.ops import array
from limn.ops.choose import upsample_and_choose

MAY_COST = 0.005
"""Mean IoU that quantising may cost: half a point."""


def open_session(graph: bytes, library: Path | None = None) -> onnxruntime.InferenceSession:
    """On the CPU, with a library of operators if one is given."""
    options = onnxruntime.SessionOptions()
    if library is not None:
        options.register_custom_ops_library(str(library))
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def agreement(
    sessions: tuple[onnxruntime.InferenceSession, onnxruntime.InferenceSession],
    contract: ModelContract,
    photos: Iterable[Photo],
) -> float:
    """Share of cells of photos, at all scales, that two networks give the same class."""
    names = contract.tensors
    same = []
    for shown in canvases(photos, contract):
        for size in contract.scales.values():
            pixels = array.preprocess(shown[np.newaxis], size, contract.mean, contract.std)
            winners = [
                session.run([names.logits], {names.pixels: pixels})[0].argmax(axis=1)
                for session in sessions
            ]
            same.append(np.mean(winners[0] == winners[1]))
    return float(np.mean(same))


def accuracy(
    session: onnxruntime.InferenceSession,
    contract: ModelContract,
    annotated: Iterable[tuple[Photo, NDArray[np.uint8]]],
) -> Accuracy:
    """Of a raw network at the contract's scales, without flip, as the embedded engine runs it."""
    classes = len(contract.labels.classes)
    matrix = np.zeros((classes, classes), np.int64)
    for photo, truth in annotated:
        size = photo.shape[0], photo.shape[1]
        found = label_map(session, contract, canvas(photo, contract), size)
        matrix += confusion(truth, found, classes)
    return Accuracy(matrix)


def check_accuracy(whole: Accuracy, quantised: Accuracy) -> None:
    """AccuracyLost where INT8 costs more than `MAY_COST`."""
    cost = whole.mean_iou - quantised.mean_iou
    if not cost <= MAY_COST:
        raise AccuracyLost(
            f"INT8 has {quantised.mean_iou:.2%} mIoU where fp32 has {whole.mean_iou:.2%};"
            f" at most {100 * MAY_COST:g} points may be lost"
        )


def label_map(
    session: onnxruntime.InferenceSession,
    contract: ModelContract,
    shown: NDArray[np.uint8],
    size: Size,
) -> NDArray[np.uint8]:
    """uint8[H, W] of a photo of `size`, from its canvas uint8[S_h, S_w, 3], as a CPU serves it."""
    names, stride = contract.tensors, contract.stride
    views = []
    for scaled in contract.scales.values():
        pixels = array.preprocess(shown[np.newaxis], scaled, contract.mean, contract.std)
        (logits,) = session.run([names.logits], {names.pixels: pixels})
        views.append(array.probabilities(logits))
    grid = contract.canvas[0] // stride, contract.canvas[1] // stride
    scores = array.fuse(views, grid)[0]
    return upsample_and_choose(scores, size, Letterbox.fit(size, contract.canvas).region(grid))
