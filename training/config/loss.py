"""The `[loss]` section: weights of the terms."""

from pydantic import Field

from training.config.section import Section


class LossSection(Section):
    """Weight of each output's term; the defaults are the MMAN paper's (section 3.4)."""

    high: float = Field(default=100.0, gt=0)
    low: float = Field(default=25.0, ge=0)
    middle: float = Field(default=25.0, ge=0, description="ours, for mAN's third output")
    branches: float = Field(default=100.0, ge=0, description="of every scale, beside the fused map")
    class_weight_power: float = Field(
        default=0.0, ge=0, le=1, description="of the inverse share of a class; 0 weighs all alike"
    )
    sides: float = Field(
        default=0.0, ge=0, description="ours: of left against right, where a part comes in pairs"
    )
    behind: float = Field(
        default=0.0, ge=0, description="ours: of seen from behind or not; needs model.behind_gate"
    )
