"""The structure-sensitive loss of the SSL paper (section 3.3): weights of pictures.

Nine joints are the centres of label regions on the stride-8 grid. The farther the predicted joints
lie from the annotated ones, the more the picture weighs. The weight has no gradient of its own:
neither argmax nor a centre cut to whole cells has one (fact sheet, sections 2.2 to 2.4).
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from limn.labels import ATR, IGNORE_INDEX, LIP, PASCAL_PERSON_PART, PPSS, LabelSet
from training.config.structure import StructureSection
from training.losses.grid import sample_labels

STRIDE = 8
"""Pixels of the input per cell of the joints' grid."""

SIGMA = 1.0
"""Of a joint's heat map, in cells."""

AMPLITUDE = 4 / (SIGMA * math.sqrt(2 * math.pi))
RELEASE_SCALE = 0.05

_BODY = (
    ("hat", "hair", "sunglasses", "face"),
    ("upper-clothes", "coat", "scarf"),
    ("pants", "skirt"),
    ("left-arm",),
    ("right-arm",),
    ("left-leg",),
    ("right-leg",),
    ("left-shoe",),
    ("right-shoe",),
)
"""Joints as the release compiles them in; dress, jumpsuits, socks and gloves belong to none."""

JOINTS: dict[str, tuple[tuple[str, ...], ...]] = {
    LIP.name: _BODY,
    ATR.name: _BODY,
    # Nothing is published for these two: one joint per part, ours.
    PASCAL_PERSON_PART.name: tuple((name,) for name in PASCAL_PERSON_PART.classes[1:]),
    PPSS.name: tuple((name,) for name in PPSS.classes[1:]),
}


def joint_table(label_set: LabelSet) -> Tensor:
    """int64[256]: joint of each class index, from 1; 0 for classes that belong to none."""
    table = torch.zeros(256, dtype=torch.long)
    for joint, names in enumerate(JOINTS[label_set.name], start=1):
        for name in names:
            if name in label_set.classes:
                table[label_set.index(name)] = joint
    return table


@dataclass(frozen=True)
class Joints:
    """`centres` float32[B, N, 2] of (x, y) in whole cells; `present` bool[B, N]."""

    centres: Tensor
    present: Tensor


def find_joints(label_maps: Tensor, table: Tensor) -> Joints:
    """Centres of the joints' regions in int64[B, h, w].

    The release takes a centre at (0, 0) for an absent joint; here a joint is absent where it has no
    pixel.
    """
    height, width = label_maps.shape[-2:]
    count = int(table.max())
    regions = F.one_hot(table[label_maps], count + 1)[..., 1:].permute(0, 3, 1, 2).float()
    pixels = regions.sum((2, 3))
    columns = torch.arange(width, device=regions.device, dtype=torch.float32)
    rows = torch.arange(height, device=regions.device, dtype=torch.float32)
    sums = torch.stack(
        [regions.sum(2) @ columns, regions.sum(3) @ rows],
        dim=-1,
    )
    centres = (sums / pixels.clamp(min=1)[..., None]).floor()
    return Joints(centres, pixels > 0)


def heat_maps(joints: Joints, size: tuple[int, int]) -> Tensor:
    """float32[B, N, h, w]: a Gaussian at each joint, nothing for absent ones."""
    height, width = size
    device = joints.centres.device
    x, y = joints.centres.unbind(-1)
    across = torch.arange(width, device=device) - x[..., None]
    down = torch.arange(height, device=device) - y[..., None]
    squared = down.square()[..., :, None] + across.square()[..., None, :]
    maps = AMPLITUDE * torch.exp(-squared / (2 * SIGMA**2))
    return maps * joints.present[..., None, None]


def joint_loss(predicted: Joints, truth: Joints, size: tuple[int, int], scale: str) -> Tensor:
    """float32[B]: distance of two poses by their heat maps.

    Args:
        predicted: joints of the prediction.
        truth: joints of the annotation.
        size: (height, width) of the grid.
        scale: `release` is 0.05 / 2 times the sum over all joints, from 0 to 3.6 for nine; `paper`
            is 1 / (2 N) times the sum (equation 1), N the joints in either pose.
    """
    difference = heat_maps(predicted, size) - heat_maps(truth, size)
    energy = difference.square().sum((1, 2, 3))
    if scale == "release":
        return RELEASE_SCALE / 2 * energy
    shown = (predicted.present | truth.present).sum(1).clamp(min=1)
    return energy / (2 * shown)


@dataclass(frozen=True)
class StructureWeights:
    """Weights of a batch's pictures, and what to watch.

    Attributes:
        weights: float32[B], detached.
        joint_loss: mean of the joint loss, before a mode makes weights of it.
        satisfied: share of the pictures whose joint loss is below 0.01.
        displacement: mean distance in cells of the joints that both poses show.
    """

    weights: Tensor
    joint_loss: Tensor
    satisfied: Tensor
    displacement: Tensor


@torch.no_grad()
def structure_weights(
    logits: Tensor, labels: Tensor, table: Tensor, section: StructureSection
) -> StructureWeights:
    """How much each picture of a batch is to weigh.

    Args:
        logits: float[B, K, h', w'] of the output that is served.
        labels: int64[B, H, W] at input size, 255 where nothing is known.
        table: see `joint_table`.
        section: mode and scale.
    """
    size = labels.shape[-2] // STRIDE, labels.shape[-1] // STRIDE
    truth_map = sample_labels(labels, size)
    predicted_map = sample_labels(logits.argmax(1), size)
    # Outside the photo anything may be predicted; the release counts such ghosts.
    predicted_map = predicted_map.where(truth_map != IGNORE_INDEX, IGNORE_INDEX)
    predicted, truth = find_joints(predicted_map, table), find_joints(truth_map, table)
    losses = joint_loss(predicted, truth, size, section.scale)
    match section.mode:
        case "paper":
            weights = losses
        case "residual":
            weights = 1 + section.alpha * losses
        case "release":
            weights = torch.ones_like(losses)
    both = predicted.present & truth.present
    distance = (predicted.centres - truth.centres).norm(dim=-1)
    return StructureWeights(
        weights,
        losses.mean(),
        (losses < 0.01).float().mean(),
        (distance * both).sum() / both.sum().clamp(min=1),
    )
