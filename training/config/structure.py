"""The `[structure]` section: the structure-sensitive loss of the SSL paper."""

from typing import Literal

from pydantic import Field

from training.config.section import Section


class StructureSection(Section):
    """How far-off joints weigh a picture's parsing loss (SSL fact sheet, section 2.4)."""

    mode: Literal["paper", "residual", "release"] = Field(
        default="paper",
        description="`paper` weighs by the joint loss alone (equation 2), `residual` by"
        " 1 + alpha times it, `release` not at all, as the released backward pass",
    )
    alpha: float = Field(default=1.0, ge=0, description="of `residual`")
    scale: Literal["release", "paper"] = Field(
        default="release", description="0.05 / 2 over all joints, or equation 1's 1 / (2 N)"
    )
