"""What each part of MMAN and of SSL brings on CCP: every row with three seeds, and the table.

    python tools/ablation.py train short   # hours on two cores; continues where it was cut off
    python tools/ablation.py table short   # writes docs/results/ablation_ccp.{md,json}
    python tools/ablation.py train long    # after `short`: four rows, four times as long
    python tools/ablation.py table long    # writes docs/results/ablation_ccp_long.{md,json}

A row is a config in training/configs/ablation or ablation_long; a run of it is scored by its last
checkpoint, never by its best one, which would have been chosen by the pictures it is scored on.
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
from limn.labels import IGNORE_INDEX
from limn.metrics import Accuracy, confusion
from training.checkpoint import averaged_weights, load_checkpoint
from training.config.run import TrainingConfig, read_config
from training.datasets.open import open_dataset
from training.low_resolution import cell_labels
from training.parser import TorchParser
from training.subject import CheckpointSubject

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
    """One run, shares from 0 to 1; `classes` is how many of them a high output has, in the mean."""

    mean_iou: float
    pixel_accuracy: float
    low_mean_iou: float
    isolated_2: float
    isolated_4: float
    classes: float
    macro_gap: float | None
    micro_gap: float | None


COLUMNS = {
    "mean_iou": "mIoU",
    "pixel_accuracy": "pixels",
    "low_mean_iou": "mIoU (low)",
    "isolated_2": "IPR 2",
    "isolated_4": "IPR 4",
    "classes": "classes",
    "macro_gap": "Macro D tells",
    "micro_gap": "Micro D tells",
}


@dataclass(frozen=True)
class Study:
    """Rows on one schedule: where their configs and runs lie, and where the table goes."""

    configs: Path
    runs: Path
    out: Path
    rows: tuple[str, ...]

    def config(self, row: str) -> TrainingConfig:
        return read_config(self.configs / f"{row}.toml")

    def run_folder(self, row: str, seed: int) -> Path:
        return self.runs / f"{row}_{seed}"


STUDIES = {
    "short": Study(
        Path("training/configs/ablation"),
        Path("runs/ablation"),
        Path("docs/results/ablation_ccp"),
        tuple(ROWS),
    ),
    "long": Study(
        Path("training/configs/ablation_long"),
        Path("runs/ablation_long"),
        Path("docs/results/ablation_ccp_long"),
        ("baseline", "macro", "micro", "mman"),
    ),
}


def train(study: Study) -> None:
    """A process per run, so that memory is given back; finished runs end at once."""
    for seed in SEEDS:
        for row in study.rows:
            limn = Path(sys.executable).with_name("limn")
            command = [str(limn), "train", str(study.configs / f"{row}.toml")]
            command += ["--seed", str(seed), "--run", str(study.run_folder(row, seed))]
            subprocess.run(command, check=True)  # noqa: S603 - our own command line


def score(checkpoint: Path) -> Result:
    """Accuracy as `limn train` measured it after the last epoch, and what its outputs are like."""
    last = load_checkpoint(checkpoint)["history"][-1]
    data = averaged_weights(checkpoint)[0].data
    subject = CheckpointSubject(checkpoint)
    dataset = open_dataset(data.layout, data.root, "val")
    parse = TorchParser(subject.network, subject.label_set, subject.canvas, (1.0,))
    classes = len(subject.label_set)
    matrix = np.zeros((classes, classes), np.int64)
    islands, cells, seen = np.zeros(len(ISLANDS)), 0, 0
    for index in range(len(dataset)):
        photo, truth = dataset.pair(index)
        low, high = parse.low(photo), parse.high(photo)
        assert low is not None, "the light generator has two outputs"
        matrix += confusion(cell_labels(truth, subject.canvas), low, classes)
        islands += isolated_pixels(high, ISLANDS)
        cells += high.size
        seen += np.unique(high).size
    low_mean_iou = Accuracy(matrix).mean_iou
    macro_gap, micro_gap = (_gap(last["figures"], kind) for kind in ("macro", "micro"))
    isolated_2, isolated_4 = (float(share) for share in islands / cells)
    return Result(
        last["mean_iou"],
        last["pixel_accuracy"],
        low_mean_iou,
        isolated_2,
        isolated_4,
        seen / len(dataset),
        macro_gap,
        micro_gap,
    )


def annotated_row(study: Study) -> str:
    """What the annotated maps themselves have on the grid of the high output."""
    config = study.config("baseline")
    height, width = config.data.canvas
    dataset = open_dataset(config.data.layout, config.data.root, "val")
    islands, cells, seen = np.zeros(len(ISLANDS)), 0, 0
    for index in range(len(dataset)):
        # Cells are 16 pixels wide, those of the high output 2.
        high = cell_labels(dataset.label_map(index), (8 * height, 8 * width))
        islands += isolated_pixels(high, ISLANDS)
        cells += high.size
        seen += np.setdiff1d(high, [IGNORE_INDEX]).size
    shares = " | ".join(f"{100 * share:.2f}" for share in islands / cells)
    return f"| annotated | - | - | - | - | {shares} | {seen / len(dataset):.2f} | - | - |"


def _gap(figures: dict[str, float], kind: str) -> float | None:
    """Mean score of annotated maps above that of predicted ones, in the last epoch."""
    real, fake = figures.get(f"d_{kind}_real"), figures.get(f"d_{kind}_fake")
    return None if real is None or fake is None else real - fake


def gaps_by_epoch(study: Study, row: str, kind: str) -> list[float]:
    """What a discriminator told apart in each epoch, mean over seeds; empty where none played."""
    runs = []
    for seed in SEEDS:
        checkpoint = study.run_folder(row, seed) / "last.pt"
        if checkpoint.exists():
            history = load_checkpoint(checkpoint)["history"]
            if len(history) == study.config(row).schedule.epochs:
                runs.append([_gap(epoch["figures"], kind) for epoch in history])
    known = [[gap for gap in run if gap is not None] for run in runs]
    return [mean(gaps) for gaps in zip(*known, strict=True)]


def results_of(study: Study, row: str) -> list[Result]:
    """Of all seeds that were trained to the end; kept beside each checkpoint."""
    results = []
    for seed in SEEDS:
        folder = study.run_folder(row, seed)
        checkpoint, kept = folder / "last.pt", folder / "score.json"
        epochs = study.config(row).schedule.epochs
        if not checkpoint.exists() or load_checkpoint(checkpoint)["epoch"] < epochs:
            continue
        if not kept.exists():
            kept.write_text(json.dumps(score(checkpoint).__dict__))
        results.append(Result(**json.loads(kept.read_text())))
    return results


def cell(values: Sequence[float | None], unit: float) -> str:
    """Mean and deviation in a unit; nothing where a row has no such figure."""
    known = [value for value in values if value is not None]
    if not known:
        return "-"
    spread = f" ± {unit * stdev(known):.2f}" if len(known) > 1 else ""
    return f"{unit * mean(known):.2f}{spread}"


def table(study: Study) -> None:
    name = next(key for key, value in STUDIES.items() if value is study)
    results = {row: found for row in study.rows if (found := results_of(study, row))}
    head = ["| row | seeds |", *(f" {title} |" for title in COLUMNS.values())]
    lines = ["".join(head), "|---|---:|" + "---:|" * len(COLUMNS)]
    for row, found in results.items():
        cells = [
            cell([getattr(result, name) for result in found], 1 if name == "classes" else 100)
            for name in COLUMNS
        ]
        lines.append(f"| {ROWS[row]} | {len(found)} | {' | '.join(cells)} |")
    lines.append(annotated_row(study))
    config = study.config("baseline")
    height, width = config.data.canvas
    facts = [
        f"Command: `python tools/ablation.py table {name}`, after"
        f" `python tools/ablation.py train {name}`",
        f"Date: {datetime.now(UTC):%Y-%m-%d}; {os.cpu_count()} CPU threads, no GPU",
        f"Light generator on canvases of {height}x{width}, {config.schedule.epochs} epochs from"
        f" `{config.model.initial}`, one schedule for all rows",
        "Val of CCP, one scale, averaged weights after the last epoch; percent, mean and deviation"
        " over seeds. mIoU and pixels on photos squeezed to the canvas, as `limn train` prints",
        "mIoU (low): of the output at stride 16, against the label under the middle of each cell",
        "IPR a: share of the cells of the high output, on its own grid, in 8-connected islands of"
        " fewer than a cells",
        "classes: that the high output has, in the mean over photos",
        "D tells: mean score of annotated maps above that of predicted ones, in percent of the way"
        " from 0 to 1; at 0 a discriminator sees no difference",
    ]
    page = ["# What each part brings, on CCP", "\n".join(f"- {fact}" for fact in facts)]
    page.append("\n".join(lines))
    page.append("\n".join(_learning(study, list(results))))
    text = "\n\n".join(page) + "\n"
    study.out.with_suffix(".md").write_text(text)
    numbers = {row: [r.__dict__ for r in found] for row, found in results.items()}
    study.out.with_suffix(".json").write_text(json.dumps(numbers, indent=2) + "\n")
    print(text)


def _learning(study: Study, rows: Sequence[str]) -> list[str]:
    """A table of what the discriminators tell, epoch by epoch."""
    epochs = study.config("baseline").schedule.epochs
    head = " | ".join(f"{epoch}" for epoch in range(1, epochs + 1))
    lines = [
        "What D tells in each epoch, mean over seeds, percent:",
        "",
        f"| row | D | {head} |",
        "|---|---|" + "---:|" * epochs,
    ]
    for row in rows:
        for kind in ("macro", "micro"):
            gaps = gaps_by_epoch(study, row, kind)
            if gaps:
                cells = " | ".join(f"{100 * gap:.1f}" for gap in gaps)
                lines.append(f"| {ROWS[row]} | {kind} | {cells} |")
    return lines


if __name__ == "__main__":
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
    {"train": train, "table": table}[sys.argv[1]](STUDIES[sys.argv[2]])
