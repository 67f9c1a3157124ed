"""The arithmetic between canvas and picture on torch tensors, on any device, differentiable or not.

The same functions as `limn.ops.array`, by the same formulas; a test holds the two together.
Evaluation uses these, and the served graphs are exported from them.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from limn.geometry import GridAxis, Region, Size

Channels = Sequence[float] | Tensor
"""A number per channel. A tensor on the pictures' device is used as it is: to copy numbers to a GPU
waits for all that it has to do before."""

STRIP_SCORES = 2**24
"""How many upsampled scores exist at once while classes are chosen: 64 MiB of floats."""


def normalise(images: Tensor, mean: Channels, std: Channels) -> Tensor:
    """uint8 or float [B, 3, H, W] of 0 to 255 to float32 `(x / 255 - mean) / std`."""
    offset = torch.as_tensor(mean, dtype=torch.float32, device=images.device).view(1, 3, 1, 1)
    width = torch.as_tensor(std, dtype=torch.float32, device=images.device).view(1, 3, 1, 1)
    return (images.float() / 255 - offset) / width


def resize(maps: Tensor, size: Size) -> Tensor:
    """Bilinear float[B, C, h, w] to [B, C, *size]: half-pixel centres, clamped, no antialias."""
    if maps.shape[-2:] == size:
        return maps
    return F.interpolate(maps, size=size, mode="bilinear", align_corners=False)


def preprocess(canvases: Tensor, size: Size, mean: Channels, std: Channels) -> Tensor:
    """uint8[B, S_h, S_w, 3] RGB to `pixels` float32[B, 3, *size], resized in float."""
    # Float first: TensorRT takes bytes as an input, but does nothing with them but this.
    images = canvases.float().permute(0, 3, 1, 2)
    return normalise(resize(images, size), mean, std)


def probabilities(logits: Tensor) -> Tensor:
    """Softmax over the classes of float[B, K, h, w]."""
    return logits.float().softmax(dim=1)


def unmirror(scores: Tensor, mirror: Sequence[int] | Tensor) -> Tensor:
    """Scores [B, K, h, w] of a mirrored canvas as the canvas itself would have them.

    Args:
        scores: of the canvas flipped left to right.
        mirror: `LabelSet.mirror`; left and right classes trade places. See `Channels` for tensors.
    """
    order = torch.as_tensor(mirror, device=scores.device, dtype=torch.long)
    return scores.flip(-1).index_select(1, order)


def fuse(scores: Sequence[Tensor], grid: Size) -> Tensor:
    """Mean of score maps [B, K, h_i, w_i], each brought to `grid` first."""
    total = resize(scores[0], grid)
    for other in scores[1:]:
        total = total + resize(other, grid)
    return total / len(scores)


def choose_on_canvas(scores: Tensor, canvas: Size) -> Tensor:
    """Class index of every canvas pixel, where the grid of scores covers the canvas.

    What `upsample_and_choose` gives for the region that is the whole grid; all K maps exist at the
    canvas's size, so that no class waits for the one before.

    Args:
        scores: float[B, K, h, w].
        canvas: (S_h, S_w) in pixels.

    Returns:
        int64[B, S_h, S_w]; of equal scores the lower index.
    """
    return resize(scores.float(), canvas).argmax(dim=1)


def upsample_and_choose(scores: Tensor, size: Size, region: Region) -> Tensor:
    """Class index of every photo pixel.

    Goes through the photo in strips, so that K full-size maps never exist at once; of equal scores
    the lower index wins.

    Args:
        scores: float[B, K, h, w].
        size: (H, W) of the photo.
        region: the part of the grid that the photo covers, see `Letterbox.region`.

    Returns:
        uint8[B, H, W].
    """
    batch, classes = scores.shape[:2]
    where = _photo_grid(scores, size, region)
    winner = torch.empty((batch, *size), dtype=torch.uint8, device=scores.device)
    rows = max(1, STRIP_SCORES // (batch * classes * size[1]))
    for start in range(0, size[0], rows):
        strip = slice(start, start + rows)
        # Documented for `max`, not for `argmax`: the first of equal scores.
        winner[:, strip] = _sampled(scores, where[:, strip]).max(dim=1).indices
    return winner


def upsample(scores: Tensor, size: Size, region: Region) -> Tensor:
    """Score maps [B, K, h, w] at every photo pixel: float32[B, K, H, W], all at once.

    Takes K full-size maps of memory; `upsample_and_choose` has the same arguments and takes one and
    a strip.
    """
    return _sampled(scores, _photo_grid(scores, size, region))


def _sampled(scores: Tensor, where: Tensor) -> Tensor:
    return F.grid_sample(scores.float(), where, padding_mode="border", align_corners=False)


def _photo_grid(scores: Tensor, size: Size, region: Region) -> Tensor:
    """float32[B, H, W, 2]: where each photo pixel lies on the grid of scores, x before y."""
    batch, _, height, width = scores.shape
    rows, columns = (
        _positions(axis, cells, scores.device)
        for axis, cells in zip(region.axes(size, (height, width)), (height, width), strict=True)
    )
    where = torch.stack(torch.meshgrid(rows, columns, indexing="ij")[::-1], dim=-1)
    return where.expand(batch, *size, 2)


def _positions(axis: GridAxis, cells: int, device: torch.device) -> Tensor:
    """float32[pixels] from -1 to 1, the edges of the grid, as `grid_sample` wants them."""
    return torch.from_numpy((2 * axis.positions + 1) / cells - 1).float().to(device)


def colorize(label_map: Tensor, palette: Tensor) -> Tensor:
    """uint8[..., H, W] of class indices to uint8[..., H, W, 3] by `palette` uint8[256, 3]."""
    return palette[label_map.long()]


def overlay(image: Tensor, label_map: Tensor, palette: Tensor, alpha: float) -> Tensor:
    """uint8[H, W, 3]: the photo under its colours; the background shows the photo alone.

    `alpha` from 0 (photo) to 1 (colours).
    """
    colors = colorize(label_map, palette).float()
    mixed = (image.float() * (1 - alpha) + colors * alpha).round().to(torch.uint8)
    return torch.where((label_map == 0)[..., None], image, mixed)
