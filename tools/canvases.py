"""Whether canvases by aspect ratio see more per millisecond than one canvas with padding.

    python -m tools.canvases model_repository/mman/1 --data data/ccp

The photos of val, whole and cut to the person's box, are parsed on the contract's canvas, on that
of a set with as many pixels whose aspect ratio is nearest, and on the contract's canvas without the
padding. Prints Markdown: accuracy, the share of the canvas that is padding, and milliseconds of the
network on one thread.
"""

import argparse
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from limn.contract import ModelContract, read_contract
from limn.geometry import Letterbox, Size
from limn.metrics import Accuracy, confusion
from limn.ops import array
from limn.ops.choose import upsample_and_choose
from training.datasets.dataset import ParsingDataset
from training.datasets.open import open_dataset

CLASSES = 20
ROOM = 0.05
"""Of the person's sides, added around its box: boxes of finders are not tight either."""

Pair = tuple[NDArray[np.uint8], NDArray[np.uint8]]


@dataclass
class Way:
    """How a crop gets its canvas, and what was found out."""

    title: str
    canvas: Callable[[Size], Size]
    matrix: NDArray[np.int64] = field(
        default_factory=lambda: np.zeros((CLASSES, CLASSES), np.int64)
    )
    milliseconds: list[float] = field(default_factory=list)
    padding: list[float] = field(default_factory=list)


def canvases(contract: ModelContract) -> list[Size]:
    """With about as many pixels as the contract's, from four times as tall as wide to square."""
    multiple = contract.size_multiple
    pixels = math.prod(contract.canvas)
    widths = range(multiple, round(math.sqrt(pixels)) + 1, multiple)
    found = [(round(pixels / width / multiple) * multiple, width) for width in widths]
    return [size for size in found if size[0] <= 4 * size[1]]


def nearest(sizes: Sequence[Size], crop: Size) -> Size:
    """The canvas that a crop fills best."""
    return min(sizes, key=lambda size: abs(math.log(size[0] * crop[1] / (size[1] * crop[0]))))


def trimmed(contract: ModelContract, crop: Size) -> Size:
    """The contract's canvas cut to what the crop fills of it, as far as the network takes it."""
    multiple = contract.size_multiple
    height, width = Letterbox.fit(crop, contract.canvas).content
    return -(-height // multiple) * multiple, -(-width // multiple) * multiple


def crops(dataset: ParsingDataset, tight: bool) -> Iterator[Pair]:
    """Photos with their label maps, whole or around the person."""
    for index in range(len(dataset)):
        photo, truth = dataset.pair(index)
        if tight:
            rows, columns = np.nonzero((truth > 0) & (truth < CLASSES))
            height, width = np.ptp(rows) * ROOM, np.ptp(columns) * ROOM
            inside = (
                slice(max(0, int(rows.min() - height)), int(rows.max() + height) + 1),
                slice(max(0, int(columns.min() - width)), int(columns.max() + width) + 1),
            )
            photo, truth = photo[inside], truth[inside]
        yield photo, truth


def parse(
    session: onnxruntime.InferenceSession,
    contract: ModelContract,
    crop: NDArray[np.uint8],
    way: Way,
) -> NDArray[np.uint8]:
    """Label map of a crop at the contract's scales, on the canvas of `way`."""
    size = crop.shape[0], crop.shape[1]
    canvas = way.canvas(size)
    own = scaled(contract, canvas)
    box = Letterbox.fit(size, canvas)
    shown = array.letterbox(crop, box, contract.fill)[np.newaxis]
    views, took = [], 0.0
    for target in own:
        pixels = array.preprocess(shown, target, contract.mean, contract.std)
        start = time.perf_counter()
        (logits,) = session.run([contract.tensors.logits], {contract.tensors.pixels: pixels})
        took += time.perf_counter() - start
        views.append(array.probabilities(logits))
    way.milliseconds.append(took * 1e3)
    way.padding.append(1 - math.prod(box.content) / math.prod(canvas))
    grid = canvas[0] // contract.stride, canvas[1] // contract.stride
    return upsample_and_choose(array.fuse(views, grid)[0], size, box.region(grid))


def scaled(contract: ModelContract, canvas: Size) -> list[Size]:
    """The contract's scales of another canvas."""
    if canvas == contract.canvas:
        return list(contract.scales.values())
    scales = map(float, contract.scales)
    free = contract.model_copy(update={"canvas": canvas, "scales": {}})
    return [free.input_size(scale) for scale in scales]


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, help="version folder of 20 classes")
    parser.add_argument("--data", type=Path, required=True, help="in the layout of LIP")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    contract = read_contract(options.model)
    dataset = open_dataset("lip", options.data, "val")
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(options.model / contract.cpu_file, settings)
    sizes = canvases(contract)
    listed = ", ".join(f"{height}x{width}" for height, width in sizes)
    print("# One canvas, or several by aspect ratio\n")
    print(
        f"`python -m tools.canvases {options.model} --data {options.data}`, {len(dataset)} photos,"
    )
    print(f"{datetime.now(UTC):%Y-%m-%d}. The set: {listed}.\n")
    print("| photos | canvas | padding | mIoU | pixels | ms of the network |")
    print("|---|---|---:|---:|---:|---:|")
    for title, tight in (("whole", False), ("cut to the person", True)):
        ways = [
            Way("the contract's", lambda _: contract.canvas),
            Way("nearest of the set", lambda size: nearest(sizes, size)),
            Way("the contract's, trimmed", lambda size: trimmed(contract, size)),
        ]
        for photo, truth in crops(dataset, tight):
            for way in ways:
                way.matrix += confusion(truth, parse(session, contract, photo, way), CLASSES)
        for way in ways:
            found = Accuracy(way.matrix)
            print(
                f"| {title} | {way.title} | {mean(way.padding):.0%} | {found.mean_iou:.2%} |"
                f" {found.pixel_accuracy:.2%} | {mean(way.milliseconds):.1f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
