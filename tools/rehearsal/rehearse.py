"""One config at its own size, with what this machine forces, from its first step to its export."""

import json
import os
import re
import shutil
from pathlib import Path

import torch

from limn.contract import read_contract
from tools.rehearsal.data import data_of
from tools.rehearsal.layout import CONFIGS, EPOCHS, RUNS
from tools.rehearsal.process import reason, run_command, train
from tools.rehearsal.results import Result
from training.config.model import ResNetModel, initial_checkpoints
from training.config.run import TrainingConfig, read_config
from training.datasets.open import LABEL_SET_OF
from training.networks.build import build_network


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
    stages = [checkpoint.parent.name for checkpoint in initial_checkpoints(shipped.model)]
    if stages:
        forced["model"]["initial"] = [str(RUNS / stage / "last.pt") for stage in stages]
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
    status, said = run_command(log, "export", "onnx", checkpoint, *arguments)
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
