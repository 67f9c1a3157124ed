"""What the generator of a config minimises, from one forward pass."""

from dataclasses import dataclass

import torch
from torch import Tensor

from training.config.run import TrainingConfig
from training.losses.cross_entropy import Reduce, parsing_loss
from training.losses.sides import behind_cross_entropy, side_cross_entropy
from training.losses.structure import structure_weights
from training.networks.parsing_network import ParsingLogits


@dataclass(frozen=True)
class ParsingObjective:
    """Cross-entropies, weighed per picture where the config has a `[structure]` section, and sides.

    Attributes:
        config: sections `loss` and `structure`.
        class_weights: float32[K].
        joints: int64[256], see `joint_table`.
        pairs: int64[P, 2], see `side_pairs`.
        mean_over_processes: of a scalar.
    """

    config: TrainingConfig
    class_weights: Tensor
    joints: Tensor
    pairs: Tensor
    mean_over_processes: Reduce

    def __call__(self, logits: ParsingLogits, labels: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss, and what it is made of (detached) by name; labels int64[B, H, W]."""
        image_weights, figures = None, {}
        if self.config.structure is not None:
            structure = structure_weights(logits.high, labels, self.joints, self.config.structure)
            image_weights = structure.weights
            figures = {
                "joint_loss": structure.joint_loss,
                "joints_satisfied": structure.satisfied,
                "joint_displacement": structure.displacement,
            }
        loss, parts = parsing_loss(
            logits,
            labels,
            self.config.loss,
            self.class_weights,
            image_weights,
            self.mean_over_processes,
        )
        price, more = self._sides(logits, labels)
        return loss + price, parts | figures | more

    def _sides(self, logits: ParsingLogits, labels: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        weights, price, figures = self.config.loss, logits.high.new_zeros(()), {}
        if weights.sides > 0:
            outputs = [maps for maps in (logits.high, logits.low) if maps is not None]
            terms = [
                side_cross_entropy(maps, labels, self.pairs, self.mean_over_processes)
                for maps in outputs
            ]
            sides = torch.stack(terms).mean()
            price, figures["ce_sides"] = price + weights.sides * sides, sides.detach()
        if weights.behind > 0:
            assert logits.behind is not None, "the config has a gate"
            behind, right = behind_cross_entropy(
                logits.behind, labels, self.pairs, self.mean_over_processes
            )
            price = price + weights.behind * behind
            figures |= {"ce_behind": behind.detach(), "behind_right": right}
        return price, figures
