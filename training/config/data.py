"""The `[data]` section: which data set, and how it becomes canvases."""

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from training.augment.view import VIEW_SHARES, ViewKind
from training.config.section import Section
from training.datasets.layout import Layout


class PicturesSection(Section):
    """A data set, and what is said of it."""

    root: Path = Field(description="folder of the data set, relative to the working directory")
    name: str = Field(description="as the contract of an exported model names it")
    licence: str


class CompanionSection(PicturesSection):
    """A second data set of the same layout, of which every batch has some pictures."""

    per_batch: int = Field(
        ge=1, description="pictures of it in a batch; the rest is the data set's"
    )


class DataSection(PicturesSection):
    """The data set and how it becomes canvases."""

    layout: Layout = Field(default="lip", description="how the folder is laid out and labelled")
    longest_side: int | None = Field(
        default=None,
        ge=32,
        description="pixels; pictures are reduced to it once and kept in memory",
    )
    recipe: Literal["limn", "mman", "ssl"] = Field(
        default="limn", description="how pictures are varied: our way, or a paper's"
    )
    canvas: tuple[int, int] = Field(description="(height, width) in pixels at scale 1")
    canvas_scales: tuple[float, ...] = Field(
        min_length=1, description="each batch takes the canvas at one of these scales"
    )
    view_shares: dict[ViewKind, float] = Field(
        default=dict(VIEW_SHARES), description="how often each view of a person is drawn"
    )
    test_scales: tuple[float, ...] = (0.8, 1.0, 1.2)
    companion: CompanionSection | None = None

    @model_validator(mode="after")
    def _shares_and_scales(self) -> "DataSection":
        if 1.0 not in self.test_scales or min(self.canvas_scales + self.test_scales) <= 0:
            raise ValueError("scales must be above 0, and test_scales must hold 1")
        if abs(sum(self.view_shares.values()) - 1) > 1e-6:
            raise ValueError("view_shares: the shares must add up to 1")
        return self
