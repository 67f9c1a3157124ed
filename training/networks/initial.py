"""How layers start that no file of ImageNet weights fills; biases start at zero."""

from torch import nn

STD = 0.01
"""Of the layers that both papers' code draws from N(0, 0.01)."""

Layer = nn.Conv2d | nn.ConvTranspose2d


def normal_start(layer: Layer) -> None:
    """From N(0, 0.01): scores, skips and attention."""
    nn.init.normal_(layer.weight, std=STD)
    _zero_bias(layer)


def xavier_start(layer: Layer) -> None:
    """By both fans: the decoder of MMAN's generator."""
    nn.init.xavier_normal_(layer.weight)
    _zero_bias(layer)


def he_start(layer: Layer) -> None:
    """By the fan in, for a ReLU that follows."""
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    _zero_bias(layer)


def _zero_bias(layer: Layer) -> None:
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
