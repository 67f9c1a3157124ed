"""What every network here answers, and what training, evaluation and export must know of it."""

from typing import NamedTuple

from torch import Tensor, nn


class ParsingLogits(NamedTuple):
    """Scores of all K classes before softmax, from one forward pass over [B, 3, H, W].

    Attributes:
        high: [B, K, H / stride, W / stride]; what is evaluated, exported and served.
        low: [B, K, H / 16, W / 16] of a dual-output generator (MMAN paper, section 3.2).
        middle: [B, K, H / 4, W / 4] of a generator with a third head (MMAN paper, table 5, mAN).
        branches: maps at grids of their own that are supervised beside `high`, such as the scales
            of Attention-to-Scale (SSL paper, section 3.4).
        behind: [B] logits of the person being seen from behind, of a generator with that gate.
    """

    high: Tensor
    low: Tensor | None = None
    middle: Tensor | None = None
    branches: tuple[Tensor, ...] = ()
    behind: Tensor | None = None


class ParsingNetwork(nn.Module):
    """A network from normalised pixels to `ParsingLogits`.

    Attributes:
        stride: input pixels per cell of the high-resolution logits.
        size_multiple: every side of the input is a multiple of this.
        mean: per channel, RGB, of pixels in 0 to 1.
        std: likewise; `pixels = (image / 255 - mean) / std`.
        encoder: the part that starts from ImageNet weights, trained at a rate of its own.
    """

    stride: int
    size_multiple: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    encoder: nn.Module
