"""The network that a config names."""

from training.checkpoint import averaged_weights
from training.config.model import ModelSection
from training.errors import CheckpointError
from training.networks.light_generator import LightGenerator
from training.networks.parsing_network import ParsingNetwork
from training.pretrained import efficientnet_lite_weights


def build_network(model: ModelSection, classes: int) -> ParsingNetwork:
    """The network with random weights; see `load_pretrained` for better ones."""
    return LightGenerator(classes, model.encoder, model.dropout, model.middle_head)


def load_pretrained(network: ParsingNetwork, model: ModelSection) -> None:
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
