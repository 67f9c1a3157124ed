"""The contract of a person finder: all that serving must know of one, in a JSON file beside it."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from limn.contract import (
    FILE_PATTERN,
    Channel,
    DataSource,
    Precision,
    Size,
    Spread,
    parse_contract,
    require_file,
)


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FinderTensors(_Frozen):
    """Names of a finder's only input and of the outputs that serving reads."""

    pixels: str = "pixels"
    boxes: str = "boxes"
    scores: str = "scores"


class FinderMeasurement(_Frozen):
    """What one command printed of photos with so many persons; numbers in percent.

    A person is found by a box whose intersection over union with theirs is at least a half.
    """

    data: str
    command: str
    date: str
    photos: int = Field(ge=1)
    persons: int = Field(ge=0)
    recall: float | None = Field(ge=0, le=100, description="persons found; none to be found: null")
    precision: float | None = Field(ge=0, le=100, description="boxes that find one")
    mean_iou: float | None = Field(ge=0, le=100, description="of boxes with the persons they find")


class FinderContract(_Frozen):
    """What the `contract.json` of a person finder holds. Sizes are (height, width) in pixels.

    One graph from `pixels` float32[1, 3, S_h, S_w], a whole photo on a canvas as
    `(canvas / 255 - mean) / std`, to `boxes` float32[1, N, 4] (x1, y1, x2, y2) in canvas pixels and
    `scores` float32[1, N] from 0 to 1, in any order. Decoding the network's answer is part of the
    graph, so that any detector can be wrapped.
    """

    kind: Literal["person-finder"] = "person-finder"
    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")
    version: int = Field(ge=1)
    canvas: Size
    fit: Literal["letterbox"] = Field(
        default="letterbox", description="aspect-keeping resize, centred, padded with `fill`"
    )
    fill: tuple[Channel, Channel, Channel] = Field(description="RGB of the padding")
    mean: tuple[FiniteFloat, FiniteFloat, FiniteFloat] = Field(
        description="per channel, of pixels in 0 to 1"
    )
    std: tuple[Spread, Spread, Spread]
    color_order: Literal["RGB"] = "RGB"
    tensors: FinderTensors = FinderTensors()
    threshold: float = Field(ge=0, le=1, description="least score of a person")
    overlap: float = Field(
        gt=0, le=1, description="IoU from which on two boxes are one person's; 1 keeps all"
    )
    precision: Precision = Field(description="number format of the weights in `file`")
    file: str = Field(default="model.onnx", pattern=FILE_PATTERN)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    sources: tuple[DataSource, ...]
    measured: tuple[FinderMeasurement, ...] = ()


def read_finder_contract(folder: Path) -> FinderContract:
    """The contract in a finder's folder, with the hash of its graph checked.

    Raises:
        ContractError: a file is missing, the JSON does not fit the schema, or the hash differs.
    """
    contract = parse_contract(
        folder, FinderContract, "the contract of a person finder", " of a person finder"
    )
    require_file(folder / contract.file, contract.sha256)
    return contract
