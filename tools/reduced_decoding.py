"""What it costs and saves to decode JPEGs no larger than the canvas: accuracy and milliseconds.

    python -m tools.reduced_decoding model_repository/mman/1 --data data/ccp

The photos of val are parsed from their own files and from enlarged copies, once decoded whole and
once reduced, all else as the gateway does it. Prints Markdown.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import cv2
import numpy as np
import onnxruntime
import simplejpeg
from numpy.typing import NDArray

from export.accuracy import label_map
from limn.contract import read_contract
from limn.geometry import Letterbox, Size
from limn.image import ImageLimits, decode_reduced, examine
from limn.metrics import Accuracy, confusion
from limn.ops import array
from training.datasets.dataset import ParsingDataset
from training.datasets.open import open_dataset

CLASSES = 20


@dataclass
class Way:
    """How much of a photo is decoded; the confusion and seconds of all photos so far."""

    title: str
    enough: Callable[[Size], Size]
    matrix: NDArray[np.int64] = field(
        default_factory=lambda: np.zeros((CLASSES, CLASSES), np.int64)
    )
    seconds: list[float] = field(default_factory=list)


def photos(dataset: ParsingDataset, times: int) -> Iterator[tuple[bytes, NDArray[np.uint8]]]:
    """JPEGs and label maps, so many times as large."""
    for index, sample in enumerate(dataset.samples):
        if times == 1:
            yield sample.image.read_bytes(), dataset.label_map(index)
            continue
        photo, truth = dataset.pair(index)
        size = photo.shape[1] * times, photo.shape[0] * times
        large = cv2.resize(photo, size, interpolation=cv2.INTER_CUBIC)
        marks = cv2.resize(truth, size, interpolation=cv2.INTER_NEAREST)
        jpeg: bytes = simplejpeg.encode_jpeg(np.asarray(large, np.uint8), quality=90)
        yield jpeg, np.asarray(marks, np.uint8)


def compare(model: Path, dataset: ParsingDataset, times: int) -> list[Way]:
    """Every photo, both ways."""
    contract = read_contract(model)
    session = onnxruntime.InferenceSession(model / contract.cpu_file)
    ways = [
        Way("whole", lambda size: size),
        Way("reduced", lambda size: Letterbox.fit(size, contract.canvas).content),
    ]
    for data, truth in photos(dataset, times):
        for way in ways:
            start = time.perf_counter()
            image, size = decode_reduced(data, examine(data, ImageLimits()), way.enough)
            canvas = array.letterbox(image, Letterbox.fit(size, contract.canvas), contract.fill)
            way.seconds.append(time.perf_counter() - start)
            way.matrix += confusion(truth, label_map(session, contract, canvas, size), CLASSES)
    return ways


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, help="version folder of 20 classes")
    parser.add_argument("--data", type=Path, required=True, help="in the layout of LIP")
    parser.add_argument("--times", default="1,2,4", help="how much larger than they are")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    dataset = open_dataset("lip", options.data, "val")
    print("# Decoding JPEGs no larger than the canvas\n")
    print(f"`python -m tools.reduced_decoding {options.model} --data {options.data}`,")
    print(f"{len(dataset)} photos, {datetime.now(UTC):%Y-%m-%d}\n")
    print("| enlarged | decoded | mIoU | pixels | ms to the canvas, median |")
    print("|---:|---|---:|---:|---:|")
    for times in map(int, options.times.split(",")):
        for way in compare(options.model, dataset, times):
            found, took = Accuracy(way.matrix), median(way.seconds) * 1e3
            print(
                f"| {times} | {way.title} | {found.mean_iou:.2%} | {found.pixel_accuracy:.2%} |"
                f" {took:.2f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
