"""What each part of MMAN and of SSL brings on CCP: every row with three seeds, and the table.

    python tools/ablation.py train    # hours on two cores; continues where it was cut off
    python tools/ablation.py table    # writes docs/results/ablation_ccp.{md,json}

A row is a config in training/configs/ablation; a run of it is scored by its last checkpoint, never
by its best one, which would have been chosen by the pictures that it is scored on.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean, stdev

import numpy as np
import torch

from limn.isolated import isolated_pixels
from limn.metrics import Accuracy, confusion
from training.checkpoint import load_checkpoint
from training.config.run import read_config
from training.datasets.open import open_dataset
from training.low_resolution import cell_labels
from training.parser import TorchParser
from training.subject import CheckpointSubject

CONFIGS = Path("training/configs/ablation")
RUNS = Path("runs/ablation")
OUT = Path("docs/results/ablation_ccp")
SEEDS = (0, 1, 2)
ISLANDS = (2, 4)
"""An island has fewer cells than this; 4 is a thousandth of the high output's grid."""

ROWS = {
    "baseline": "baseline",
    "macro": "+ Macro D",
    "micro": "+ Micro D",
    "mman": "MMAN",
    "asn": "ASN",
    "ssl_paper": "SSL, `paper`",
    "ssl_residual": "SSL, `residual`",
}


@dataclass(frozen=True)
class Result:
    """One run, shares from 0 to 1."""

    mean_iou: float
    pixel_accuracy: float
    low_mean_iou: float
    isolated_2: float
    isolated_4: float
    macro_gap: float | None
    micro_gap: float | None


COLUMNS = {
    "mean_iou": "mIoU",
    "pixel_accuracy": "pixels",
    "low_mean_iou": "mIoU (low)",
    "isolated_2": "IPR 2",
    "isolated_4": "IPR 4",
    "macro_gap": "Macro D tells",
    "micro_gap": "Micro D tells",
}


def run_folder(row: str, seed: int) -> Path:
    return RUNS / f"{row}_{seed}"


def train() -> None:
    """A process per run, so that memory is given back; finished runs end at once."""
    for seed in SEEDS:
        for row in ROWS:
            limn = Path(sys.executable).with_name("limn")
            command = [str(limn), "train", str(CONFIGS / f"{row}.toml")]
            command += ["--seed", str(seed), "--run", str(run_folder(row, seed))]
            subprocess.run(command, check=True)  # noqa: S603 - our own command line


def score(checkpoint: Path) -> Result:
    """Accuracy as `limn train` measured it after the last epoch, and what its outputs are like."""
    last = load_checkpoint(checkpoint)["history"][-1]
    data = read_config(CONFIGS / "baseline.toml").data
    subject = CheckpointSubject(checkpoint)
    dataset = open_dataset(data.layout, data.root, "val")
    parse = TorchParser(subject.network, subject.label_set, subject.canvas, (1.0,))
    classes = len(subject.label_set)
    matrix = np.zeros((classes, classes), np.int64)
    islands, cells = np.zeros(len(ISLANDS)), 0
    for index in range(len(dataset)):
        photo, truth = dataset.pair(index)
        low, high = parse.low(photo), parse.high(photo)
        assert low is not None, "the light generator has two outputs"
        matrix += confusion(cell_labels(truth, subject.canvas), low, classes)
        islands += isolated_pixels(high, ISLANDS)
        cells += high.size
    low_mean_iou = Accuracy(matrix).mean_iou
    gaps = (_gap(last["figures"], kind) for kind in ("macro", "micro"))
    return Result(last["mean_iou"], last["pixel_accuracy"], low_mean_iou, *(islands / cells), *gaps)


def _gap(figures: dict[str, float], kind: str) -> float | None:
    """Mean score of annotated maps above that of predicted ones, in the last epoch."""
    real, fake = figures.get(f"d_{kind}_real"), figures.get(f"d_{kind}_fake")
    return None if real is None or fake is None else real - fake


def results_of(row: str) -> list[Result]:
    """Of all seeds that were trained to the end; kept beside each checkpoint."""
    results = []
    for seed in SEEDS:
        checkpoint, kept = run_folder(row, seed) / "last.pt", run_folder(row, seed) / "score.json"
        epochs = read_config(CONFIGS / f"{row}.toml").schedule.epochs
        if not checkpoint.exists() or load_checkpoint(checkpoint)["epoch"] < epochs:
            continue
        if not kept.exists():
            kept.write_text(json.dumps(score(checkpoint).__dict__))
        results.append(Result(**json.loads(kept.read_text())))
    return results


def cell(values: Sequence[float | None]) -> str:
    """Mean and deviation in percent; nothing where a row has no such figure."""
    known = [value for value in values if value is not None]
    if not known:
        return "-"
    spread = f" ± {100 * stdev(known):.2f}" if len(known) > 1 else ""
    return f"{100 * mean(known):.2f}{spread}"


def table() -> None:
    results = {row: found for row in ROWS if (found := results_of(row))}
    head = ["| row | seeds |", *(f" {title} |" for title in COLUMNS.values())]
    lines = ["".join(head), "|---|---:|" + "---:|" * len(COLUMNS)]
    for row, found in results.items():
        cells = [cell([getattr(result, name) for result in found]) for name in COLUMNS]
        lines.append(f"| {ROWS[row]} | {len(found)} | {' | '.join(cells)} |")
    config = read_config(CONFIGS / "baseline.toml")
    height, width = config.data.canvas
    facts = [
        "Command: `python tools/ablation.py table`, after `python tools/ablation.py train`",
        f"Date: {datetime.now(UTC):%Y-%m-%d}; {os.cpu_count()} CPU threads, no GPU",
        f"Light generator on canvases of {height}x{width}, {config.schedule.epochs} epochs from"
        f" `{config.model.initial}`, one schedule for all rows",
        "Val of CCP, one scale, averaged weights after the last epoch; percent, mean and deviation"
        " over seeds. mIoU and pixels on photos squeezed to the canvas, as `limn train` prints",
        "mIoU (low): of the output at stride 16, against the label under the middle of each cell",
        "IPR a: share of the cells of the high output, on its own grid, in 8-connected islands of"
        " fewer than a cells",
        "D tells: mean score of annotated maps above that of predicted ones, in percent of the way"
        " from 0 to 1; at 0 a discriminator sees no difference",
    ]
    page = ["# What each part brings, on CCP", "\n".join(f"- {fact}" for fact in facts)]
    page.append("\n".join(lines))
    text = "\n\n".join(page) + "\n"
    OUT.with_suffix(".md").write_text(text)
    numbers = {row: [r.__dict__ for r in found] for row, found in results.items()}
    OUT.with_suffix(".json").write_text(json.dumps(numbers, indent=2) + "\n")
    print(text)


if __name__ == "__main__":
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
    {"train": train, "table": table}[sys.argv[1]]()
