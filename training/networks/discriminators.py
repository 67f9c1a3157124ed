"""The discriminators of the MMAN paper (section 3.3) and of its table 5: is this map annotated?

All take the picture beside the label map, [B, 3 + K, h, w], and answer raw scores. Convolutions are
4x4 with LeakyReLU 0.2; instance norm has no weights and no running statistics.
"""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional as F

from training.config.adversarial import DiscriminatorKind

SLOPE = 0.2
MACRO_SIDE = 16
"""Cells of the map that Macro D judges, both ways: stride 16 of a 256x256 picture."""

WHOLE_SIDE = 256


def _layers(channels: Sequence[int], norms: Sequence[bool]) -> list[nn.Module]:
    """One 4x4 convolution of stride 2 and padding 1 per pair of channels, each halving the grid."""
    layers: list[nn.Module] = []
    for inputs, outputs, norm in zip(channels[:-1], channels[1:], norms, strict=True):
        layers.append(nn.Conv2d(inputs, outputs, 4, stride=2, padding=1, bias=not norm))
        if norm:
            layers.append(nn.InstanceNorm2d(outputs))
        layers.append(nn.LeakyReLU(SLOPE))
    return layers


class Discriminator(nn.Module):
    """Layers, and the one grid that they judge where they judge a map as a whole."""

    def __init__(self, layers: Sequence[nn.Module], side: int | None = None) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers)
        self.side = side
        for module in self.layers:
            if isinstance(module, nn.Conv2d):
                nn.init.xavier_normal_(module.weight)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, maps: Tensor) -> Tensor:
        """Scores [B, 1, h', w'] of [B, 3 + K, h, w]."""
        if self.side is not None and maps.shape[-2:] != (self.side, self.side):
            # The same cells of real and predicted maps: nothing that is hard becomes soft.
            maps = F.interpolate(maps, size=(self.side, self.side), mode="nearest-exact")
        scores: Tensor = self.layers(maps)
        return scores


def macro_discriminator(classes: int) -> Discriminator:
    """Macro D: one score for the low-resolution map, field 46 over its 16x16 cells.

    Other grids are sampled at 16x16. The paper's norm after every layer cannot be: the last map
    is a single cell, which has no variance (fact sheet, section 1.2).
    """
    layers = _layers((3 + classes, 64, 128, 256), (False, True, True))
    return Discriminator([*layers, nn.Conv2d(256, 1, 4, stride=2, padding=1)], MACRO_SIDE)


def micro_discriminator(classes: int) -> Discriminator:
    """Micro D: a score for every patch of 22x22 cells, one in eight (fact sheet, section 1.3)."""
    layers = _layers((3 + classes, 64, 128, 256), (False, True, True))
    return Discriminator([*layers, nn.Conv2d(256, 1, 1)])


def whole_discriminator(classes: int, side: int = WHOLE_SIDE) -> Discriminator:
    """sAN's: seven layers, field 382 over the 256x256 map, one score (table 5, 3.2 M weights).

    For maps of half or a quarter that side, a layer of 256 channels less for each halving.
    """
    halvings = (side // 4).bit_length() - 1
    channels = (64, 128, *[256] * (halvings - 3), 128)
    layers = _layers((3 + classes, *channels), (False, *[True] * (halvings - 1)))
    return Discriminator([*layers, nn.Conv2d(128, 1, 4, stride=2)], side)


def build_discriminator(
    kind: DiscriminatorKind, classes: int, whole_side: int = WHOLE_SIDE
) -> Discriminator:
    """The one that `[adversarial] weights` calls `kind`; `middle` is a Micro D of its own."""
    match kind:
        case "macro":
            return macro_discriminator(classes)
        case "whole":
            return whole_discriminator(classes, whole_side)
        case _:
            return micro_discriminator(classes)
