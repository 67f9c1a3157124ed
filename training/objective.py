"""What the generator of a config minimises, from one forward pass."""

from dataclasses import dataclass

from torch import Tensor

from training.config.run import TrainingConfig
from training.losses.cross_entropy import Reduce, parsing_loss
from training.losses.structure import structure_weights
from training.networks.parsing_network import ParsingLogits


@dataclass(frozen=True)
class ParsingObjective:
    """Cross-entropies, weighed per picture where the config has a `[structure]` section.

    Attributes:
        config: sections `loss` and `structure`.
        class_weights: float32[K].
        joints: int64[256], see `joint_table`.
        mean_over_processes: of a scalar.
    """

    config: TrainingConfig
    class_weights: Tensor
    joints: Tensor
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
        return loss, parts | figures
