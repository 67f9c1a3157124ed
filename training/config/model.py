"""The `[model]` section: which network, and where its weights start."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from training.config.section import Section


class LightModel(Section):
    """`training.networks.light_generator`: EfficientNet-Lite encoder, dual output."""

    network: Literal["light"]
    encoder: Literal["lite0", "lite1"] = "lite0"
    dropout: float = Field(default=0.1, ge=0, lt=1)
    middle_head: bool = Field(default=False, description="a third output at stride 4, for mAN")
    initial: Path | None = Field(
        default=None, description="checkpoint whose averaged weights it starts from; else ImageNet"
    )

    @property
    def size_multiple(self) -> int:
        """Of every side of the input; the network's own is the same."""
        return 16


ModelSection = LightModel
