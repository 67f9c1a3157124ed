"""What an export is like: size, operators, agreement with PyTorch, speed on this machine."""

import platform
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Self

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from export.material import Photo, canvas
from export.model import Export
from export.operators import operators
from export.verify import Agreement
from limn.contract import PARSER_SUFFIX, ModelContract, ParserTensorSpec
from limn.geometry import Size
from limn.ops import array

REPORT_FILE = "report.md"
INT8_REPORT_FILE = "report.int8.md"
REPEAT = 9


@dataclass(frozen=True)
class GraphReport:
    """One graph; seconds are medians of a picture on one thread, by the size of the input."""

    name: str
    file_bytes: int
    operators: Counter[str]
    agreements: Sequence[Agreement]
    seconds: dict[Size, float]
    unit: str


@dataclass(frozen=True)
class Report:
    """Of a network and its parser, as `command` wrote them."""

    title: str
    command: str
    graphs: tuple[GraphReport, GraphReport]
    accuracy: str = ""

    @classmethod
    def of(cls, exported: Export, photos: Sequence[Photo]) -> Self:
        """Look at what was written and time it on the first of the photos."""
        contract = exported.contract
        graphs = _graphs(
            (exported.folder / contract.file, exported.agreements),
            (exported.parser_folder / contract.file, exported.parser_agreements),
            contract,
            photos[0],
        )
        title = f"{contract.name} version {contract.version}, {contract.precision} weights"
        return cls(title, "limn export onnx", graphs)

    @classmethod
    def of_int8(cls, folder: Path, contract: ModelContract, photo: Photo) -> Self:
        """The same of the INT8 graphs in a version folder and its parser's."""
        assert contract.int8 is not None
        stated = contract.int8
        parser_folder = folder.parent.with_name(contract.name + PARSER_SUFFIX) / folder.name
        graphs = _graphs(
            (folder / stated.file, ()), (parser_folder / stated.file, ()), contract, photo
        )
        title = f"{contract.name} version {contract.version} in INT8"
        return cls(
            title,
            "limn export int8",
            graphs,
            f"mIoU on {stated.judged_on}: {stated.mean_iou_before:.2f} % before,"
            f" {stated.mean_iou:.2f} % in INT8",
        )

    def text(self) -> str:
        """Markdown."""
        machine = platform.processor() or platform.machine()
        parts = [
            f"# {self.title}",
            f"`{self.command}`, {datetime.now(UTC):%Y-%m-%d}, {machine}, ONNX Runtime"
            f" {onnxruntime.__version__} on one thread of the CPU, median of {REPEAT}",
        ]
        parts += [self.accuracy] if self.accuracy else []
        parts += [_section(graph) for graph in self.graphs]
        return "\n\n".join(parts)

    def write(self, file: Path) -> None:
        """Markdown, as `text`."""
        file.write_text(self.text() + "\n")


def _graphs(
    network: tuple[Path, Sequence[Agreement]],
    parser: tuple[Path, Sequence[Agreement]],
    contract: ModelContract,
    photo: Photo,
) -> tuple[GraphReport, GraphReport]:
    """Both graphs looked at, and timed on a photo."""
    shown = canvas(photo, contract)[np.newaxis]
    pixels = [
        array.preprocess(shown, size, contract.mean, contract.std)
        for size in contract.scales.values()
    ]
    sizes = list(contract.scales.values())
    seen = _timed(network[0], contract.tensors.pixels, pixels, sizes)
    parsed = _timed(parser[0], ParserTensorSpec().canvas, [shown], [contract.canvas])
    return _described(*network, seen, "cells"), _described(*parser, parsed, "pixels")


def _described(
    file: Path, agreements: Sequence[Agreement], seconds: dict[Size, float], unit: str
) -> GraphReport:
    found = operators(onnx.load_model(file))
    name = file.parent.parent.name
    return GraphReport(name, file.stat().st_size, found, agreements, seconds, unit)


def _timed(
    file: Path, name: str, inputs: Sequence[NDArray[np.generic]], sizes: Sequence[Size]
) -> dict[Size, float]:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    found = {}
    for size, value in zip(sizes, inputs, strict=True):
        session.run(None, {name: value})
        runs = []
        for _ in range(REPEAT):
            start = time.perf_counter()
            session.run(None, {name: value})
            runs.append(time.perf_counter() - start)
        found[size] = median(runs)
    return found


def _section(graph: GraphReport) -> str:
    lines = [f"## {graph.name}", "", f"- {graph.file_bytes / 1e6:.1f} MB"]
    lines += [
        f"- {_sides(one.size)}, batch {one.batch}: {one.share:.4%} of the {graph.unit} agree"
        for one in graph.agreements
    ]
    lines += [f"- {_sides(size)}: {1e3 * took:.1f} ms" for size, took in graph.seconds.items()]
    counted = ", ".join(f"{name} {count}" for name, count in sorted(graph.operators.items()))
    lines.append(f"- operators: {counted}")
    return "\n".join(lines)


def _sides(size: Size) -> str:
    return f"{size[0]}x{size[1]}"
