"""VGG-16 as an encoder, in the names of torchvision's state dict (`features.N`).

Simonyan and Zisserman, ICLR 2015. The atrous trunk is that of DeepLab: pools of 3x3, the last two
without stride, and the last three convolutions dilated by 2, for an output stride of 8 (SSL paper,
section 4.1). The layers after it start from the classifier of an ImageNet file where it has one.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from training.networks import imagenet
from training.networks.initial import he_start

CHANNELS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
"""Of the convolutions before each of the five pools."""

PLAIN_POSITIONS = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
"""Of the convolutions in `features` without BatchNorm."""

CAFFE_MEAN = (122.67891434, 116.66876762, 104.00698793)
"""Per channel, RGB, of pixels in 0 to 255; what VGG's authors subtracted, on BGR."""


def _pool(atrous: bool, block: int) -> nn.MaxPool2d:
    if not atrous:
        return nn.MaxPool2d(2, 2)
    return nn.MaxPool2d(3, 2 if block < 3 else 1, 1)


class Vgg16(nn.Module):
    """The thirteen convolutions and five pools of VGG-16.

    Attributes:
        features: flat, so that names are those of torchvision's vgg16, or with `norm` of its
            vgg16_bn.
    """

    def __init__(self, atrous: bool = False, norm: bool = False) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs = 3
        for block, widths in enumerate(CHANNELS):
            dilation = 2 if atrous and block == 4 else 1
            for outputs in widths:
                layers.append(nn.Conv2d(inputs, outputs, 3, padding=dilation, dilation=dilation))
                if norm:
                    layers.append(nn.BatchNorm2d(outputs))
                layers.append(nn.ReLU(inplace=True))
                inputs = outputs
            layers.append(_pool(atrous, block))
        self.features = nn.Sequential(*layers)
        for layer in layers:
            if isinstance(layer, nn.Conv2d):
                he_start(layer)

    def forward(self, pixels: Tensor) -> list[Tensor]:
        """Outputs of the five pools of a normalised picture [B, 3, H, W].

        At strides 2, 4, 8, 16 and 32, for sides that are multiples of 32; of the atrous trunk at
        2, 4, 8, 8 and 8, for sides that are multiples of 8 or one more.
        """
        pooled = []
        features = pixels
        for layer in self.features:
            features = layer(features)
            if isinstance(layer, nn.MaxPool2d):
                pooled.append(features)
        return pooled


def load_trunk(encoder: Vgg16, weights: Mapping[str, Tensor]) -> None:
    """Fill an encoder from a state dict of torchvision's vgg16 or vgg16_bn, classifier or none.

    The plain file fills the convolutions of an encoder with BatchNorm too, whose statistics come
    from the first batches then.

    Raises:
        KeyError, RuntimeError: the weights are of another network.
    """
    trunk = {name: value for name, value in weights.items() if name.startswith("features.")}
    if not any(name.endswith("running_mean") for name in trunk):
        own = [n for n, layer in enumerate(encoder.features) if isinstance(layer, nn.Conv2d)]
        renamed = {
            f"features.{number}.{kind}": trunk[f"features.{plain}.{kind}"]
            for plain, number in zip(PLAIN_POSITIONS, own, strict=True)
            for kind in ("weight", "bias")
        }
        trunk = {**encoder.state_dict(), **renamed}
    encoder.load_state_dict(trunk)


def classifier_as_convolutions(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """`fc6` 7x7 and `fc7` 1x1, of 4096 channels, from the classifier of torchvision's file."""
    first = weights["classifier.0.weight"]
    return {
        "fc6.weight": first.view(len(first), -1, 7, 7),
        "fc6.bias": weights["classifier.0.bias"],
        "fc7.weight": weights["classifier.3.weight"][:, :, None, None],
        "fc7.bias": weights["classifier.3.bias"],
    }


def convert_caffe_weights(kernels: list[Tensor], biases: list[Tensor]) -> dict[str, Tensor]:
    """Kernels of the original VGG-16, trained in Caffe, as torchvision would name and feed them.

    Args:
        kernels: the thirteen, in order, [3, 3, inputs, outputs]; the first one reads BGR in 0 to
            255, less its mean.
        biases: likewise, [outputs].

    Returns:
        `features.N.weight` and `.bias`. The first layer reads RGB normalised as torchvision's
        networks do: its weights take over the change of unit, its bias that of the mean, which is
        a grey level of 255 at most.
    """
    first = kernels[0].permute(3, 2, 0, 1).flip(1)
    width = 255 * torch.tensor(imagenet.STD).view(1, 3, 1, 1)
    shift = (255 * torch.tensor(imagenet.MEAN) - torch.tensor(CAFFE_MEAN)).view(1, 3, 1, 1)
    weights = [first * width] + [kernel.permute(3, 2, 0, 1) for kernel in kernels[1:]]
    moved = [biases[0] + (first * shift).sum(dim=(1, 2, 3)), *biases[1:]]
    converted = {}
    for number, weight, bias in zip(PLAIN_POSITIONS, weights, moved, strict=True):
        converted[f"features.{number}.weight"] = weight.contiguous()
        converted[f"features.{number}.bias"] = bias
    return converted
