"""The network that a config names."""

from training.checkpoint import averaged_weights
from training.config import ModelSection
from training.errors import CheckpointError
from training.networks.light_generator import LightGenerator
from training.pretrained import efficientnet_lite_weights


def build_network(model: ModelSection, classes: int) -> LightGenerator:
    """The network with random weights; see `load_pretrained` for better ones."""
    return LightGenerator(classes, model.encoder, model.dropout)


def load_pretrained(network: LightGenerator, model: ModelSection) -> None:
    """Put the weights that a config starts from into the network: a checkpoint's, or ImageNet's.

    Raises:
        CheckpointError: the checkpoint is of another network, or the package that ships the
            ImageNet weights is not installed.
    """
    if model.initial is not None:
        _, weights = averaged_weights(model.initial)
        try:
            network.load_state_dict(weights)
        except RuntimeError as exc:
            raise CheckpointError(f"{model.initial} is of another network: {exc}") from exc
        return
    network.encoder.load_state_dict(efficientnet_lite_weights(model.encoder))
