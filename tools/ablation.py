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
from training.checkpoint import load_checkpoint
from training.config.run import read_config
from training.datasets.dataset import ParsingDataset
from training.datasets.open import open_dataset
from training.examination import Plan, examine
from training.parser import TorchParser
from training.subject import CheckpointSubject, View

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


COLUMNS = {
    "mean_iou": "mIoU",
    "pixel_accuracy": "pixels",
    "low_mean_iou": "mIoU (low)",
    "isolated_2": "IPR 2",
    "isolated_4": "IPR 4",
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
    """One scale, at the photos' own size."""
    config = read_config(CONFIGS / "baseline.toml")
    subject = CheckpointSubject(checkpoint)
    dataset = open_dataset(config.data.layout, config.data.root, "val")
    found = examine(subject, dataset, Plan(View((1.0,))), lambda: None)
    photos = found.evaluations[0].accuracy
    low = found.consistency.low_accuracy.mean_iou
    return Result(photos.mean_iou, photos.pixel_accuracy, low, *isolated_rates(subject, dataset))


def isolated_rates(subject: CheckpointSubject, dataset: ParsingDataset) -> list[float]:
    """Share of the cells of the high output that lie in islands, by ISLANDS, over a data set."""
    parse = TorchParser(subject.network, subject.label_set, subject.canvas, (1.0,))
    islands, cells = np.zeros(len(ISLANDS)), 0
    for index in range(len(dataset)):
        label_map = parse.high(dataset.image(index))
        islands += isolated_pixels(label_map, ISLANDS)
        cells += label_map.size
    rates: list[float] = (islands / cells).tolist()
    return rates


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


def cell(values: Sequence[float]) -> str:
    """Mean and deviation in percent."""
    spread = f" ± {100 * stdev(values):.2f}" if len(values) > 1 else ""
    return f"{100 * mean(values):.2f}{spread}"


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
        "Val of CCP, one scale, at the photos' own size, last checkpoint; percent, mean and"
        " deviation over seeds",
        "IPR a: share of the cells of the high output, on its own grid, in 8-connected islands of"
        " fewer than a cells",
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
