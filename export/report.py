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

from export.accuracy import Costs
from export.material import Photo, canvas
from export.model import Export
from export.operators import operators
from export.verify import Agreement
from limn.contract import ModelContract, ParserTensorSpec
from limn.geometry import Size
from limn.ops import array

REPORT_FILE = "report.md"
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
    """Of a network and its parser."""

    title: str
    graphs: tuple[GraphReport, GraphReport]
    costs: Costs | None

    @classmethod
    def of(cls, exported: Export, photos: Sequence[Photo]) -> Self:
        """Look at what was written and time it on the first of the photos."""
        contract = exported.contract
        shown = canvas(photos[0], contract)[np.newaxis]
        names, inputs = contract.tensors, ParserTensorSpec()
        network = _timed(
            exported.folder / contract.file,
            names.pixels,
            [
                array.preprocess(shown, size, contract.mean, contract.std)
                for size in contract.scales.values()
            ],
            list(contract.scales.values()),
        )
        parser_file = exported.parser_folder / contract.file
        parser = _timed(parser_file, inputs.canvas, [shown], [contract.canvas])
        graphs = (
            _described(exported.folder, exported.agreements, network, contract, "cells"),
            _described(
                exported.parser_folder, exported.parser_agreements, parser, contract, "pixels"
            ),
        )
        title = f"{contract.name} version {contract.version}, {contract.precision} weights"
        return cls(title, graphs, exported.costs)

    def text(self) -> str:
        """Markdown."""
        machine = platform.processor() or platform.machine()
        parts = [
            f"# {self.title}",
            f"`limn export onnx`, {datetime.now(UTC):%Y-%m-%d}, {machine}, ONNX Runtime"
            f" {onnxruntime.__version__} on one thread of the CPU, median of {REPEAT}",
        ]
        if self.costs is not None:
            before, after = (f"{share:.2%}" for share in self.costs)
            parts.append(f"mIoU on annotated photos: fp32 {before}, INT8 {after}")
        parts += [_section(graph) for graph in self.graphs]
        return "\n\n".join(parts)

    def write(self, exported: Export) -> None:
        """`report.md` beside the network."""
        (exported.folder / REPORT_FILE).write_text(self.text() + "\n")


def _described(
    folder: Path,
    agreements: Sequence[Agreement],
    seconds: dict[Size, float],
    contract: ModelContract,
    unit: str,
) -> GraphReport:
    file = folder / contract.file
    found = operators(onnx.load_model(file))
    return GraphReport(folder.parent.name, file.stat().st_size, found, agreements, seconds, unit)


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
