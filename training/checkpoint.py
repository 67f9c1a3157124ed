"""Checkpoints on disk: written whole or not at all, read without running code."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError
from torch import Tensor

from training.config.run import TrainingConfig
from training.errors import CheckpointError


def save_checkpoint(path: Path, content: dict[str, Any]) -> None:
    """Write beside `path`, then rename: a kill leaves the old file."""
    partial = path.with_suffix(".partial")
    torch.save(content, partial)
    partial.replace(path)


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Tensors and plain values only.

    Raises:
        CheckpointError: the file is missing, or not such a checkpoint.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise CheckpointError(f"there is no checkpoint {path}") from None
    except Exception as exc:  # torch.load's failures share no base
        raise CheckpointError(f"{path} is not a checkpoint that can be read: {exc}") from exc
    if not isinstance(content, dict) or "config" not in content:
        raise CheckpointError(f"{path} holds weights without the config that made them")
    return content


def averaged_weights(path: Path) -> tuple[TrainingConfig, dict[str, Tensor]]:
    """Config and averaged weights of a checkpoint: what is evaluated and exported.

    Raises:
        CheckpointError: the checkpoint cannot be read, or is not of this version of Limn.
    """
    content = load_checkpoint(path)
    try:
        return TrainingConfig.model_validate_json(content["config"]), content["averaged"]
    except (ValidationError, KeyError) as exc:
        raise CheckpointError(f"{path} was made by another version of Limn: {exc}") from exc


def mean_weights(paths: Sequence[Path]) -> dict[str, Tensor]:
    """The mean of checkpoints' averaged weights: a soup (Wortsman et al. 2022, section 2).

    Of a weight that only some have it is their mean, and counters are those of the last one.

    Raises:
        CheckpointError: one cannot be read, or they are not of one network.
    """
    ingredients = [averaged_weights(path)[1] for path in paths]
    everything = {name: value for weights in ingredients for name, value in weights.items()}
    return {name: _mean(name, value, ingredients) for name, value in everything.items()}


def _mean(name: str, last: Tensor, ingredients: Sequence[dict[str, Tensor]]) -> Tensor:
    if not last.is_floating_point():
        return last
    values = [weights[name] for weights in ingredients if name in weights]
    if any(value.shape != last.shape for value in values):
        raise CheckpointError(f"checkpoints of unlike networks have no mean: {name} differs")
    return torch.stack(values).mean(0)
