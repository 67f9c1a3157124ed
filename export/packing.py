"""Weights as `limn/ops/kernels` reads them: in the order in which it multiplies.

They add up products of 4 neighbouring bytes, 16 times side by side. Of 64 channels, vector `n`
holds in its element 4 `l` + `e` the channel 16 `l` + 4 `n` + `e`: bytes are unpacked to that order
and packed from it within the four lanes of a register; AVX2, whose registers have two, takes the
halves of all vectors one after the other.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

Element = TypeVar("Element", bound=np.generic)

GROUP, LANES, BLOCK = 4, 16, 64
PAIR = 128
"""What two neighbouring weights of a dense convolution may sum to: 255 times that stays below 2^15,
and AVX2 adds their products in 16 bits."""

_LANE = np.arange(BLOCK).reshape(4, 4, 4).transpose(1, 0, 2).ravel()
"""The channel of every element of four vectors."""


class Packed(NamedTuple):
    """Per channel, padded and ordered: int8 weights, int32 biases, float32 factors."""

    weights: NDArray[np.int8]
    bias: NDArray[np.int32]
    factors: NDArray[np.float32]


def pack_pointwise(
    weights: NDArray[np.int8], bias: NDArray[np.int32], factors: NDArray[np.float32]
) -> Packed:
    """Panels of 64 output channels, the last one of 16, 32, 48 or 64.

    Args:
        weights: int8[O, I], I divisible by 4.
        bias, factors: of each output channel.

    Returns:
        int8 of [I / 4, vectors, 16, 4] per panel, one after the other; the rest alike.
    """
    panels = list(_panels(len(weights)))
    order = np.concatenate(panels)
    columns = [
        _padded(weights, panel).reshape(-1, LANES, weights.shape[1] // GROUP, GROUP)
        for panel in panels
    ]
    return Packed(
        np.concatenate([column.transpose(2, 0, 1, 3).ravel() for column in columns]),
        _padded(bias, order),
        _padded(factors, order),
    )


def pack_depthwise(
    weights: NDArray[np.int8], bias: NDArray[np.int32], factors: NDArray[np.float32]
) -> Packed:
    """Blocks of 64 bytes of a row of pixels, as many until one begins at channel 0 again.

    Args:
        weights: int8[C, k, k].
        bias, factors: of each channel.

    Returns:
        int8[blocks, groups of 4 taps, 4 vectors, 16, 4], the rest [blocks, 4, 16].
    """
    channels, side, _ = weights.shape
    first = BLOCK * np.arange(channels // math.gcd(channels, BLOCK))
    order = (first[:, np.newaxis] + _LANE) % channels
    taps = np.zeros((channels, -(-side * side // GROUP) * GROUP), np.int8)
    taps[:, : side * side] = weights.reshape(channels, -1)
    grouped = taps[order].reshape(len(order), BLOCK, -1, GROUP)
    return Packed(
        grouped.transpose(0, 2, 1, 3).ravel(), bias[order].ravel(), factors[order].ravel()
    )


def pack_quads(
    weights: NDArray[np.int8], bias: NDArray[np.int32], factors: NDArray[np.float32]
) -> Packed:
    """Blocks of 64 channels; a row of the kernel as two times four taps, noughts behind the last.

    The arguments are those of `pack_depthwise`.

    Returns:
        int8[blocks, rows, 2, 4 vectors, 16, 4], the rest [blocks, 4, 16].
    """
    channels, side, _ = weights.shape
    rows = np.zeros((channels, side, 2 * GROUP), np.int8)
    rows[:, :, :side] = weights
    first = BLOCK * np.arange(-(-channels // BLOCK))
    order = (first[:, np.newaxis] + _LANE).ravel()
    grouped = _padded(rows, order).reshape(-1, BLOCK, side, 2, GROUP)
    return Packed(
        grouped.transpose(0, 2, 3, 1, 4).ravel(), _padded(bias, order), _padded(factors, order)
    )


def _panels(channels: int) -> Iterator[NDArray[np.intp]]:
    """The channels of each panel in their order; those beyond the last are padding."""
    for first in range(0, channels, BLOCK):
        vectors = -(-min(channels - first, BLOCK) // LANES)
        yield first + (_LANE if vectors == BLOCK // LANES else np.arange(LANES * vectors))


def _padded(values: NDArray[Element], order: NDArray[np.intp]) -> NDArray[Element]:
    """Rows in that order, zeros where there is none."""
    rows = np.zeros((len(order), *values.shape[1:]), values.dtype)
    there = order < len(values)
    rows[there] = values[order[there]]
    return rows
