"""The network that a config names."""

from training.config import ModelSection
from training.networks.light_generator import LightGenerator
from training.pretrained import efficientnet_lite_weights


def build_network(model: ModelSection, classes: int) -> LightGenerator:
    """The network with random weights; see `load_pretrained` for the encoder's."""
    return LightGenerator(classes, model.encoder, model.dropout)


def load_pretrained(network: LightGenerator, model: ModelSection) -> None:
    """Put ImageNet weights into the encoder.

    Raises:
        CheckpointError: the package that ships them is not installed.
    """
    network.encoder.load_state_dict(efficientnet_lite_weights(model.encoder))
