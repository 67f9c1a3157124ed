"""What a client asks for, from the strings of a query or a form to checked values."""

import math
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from limn.errors import InvalidParameter
from limn.geometry import FIND_BOXES, Box, parse_boxes
from limn.labels import LABEL_SETS, LabelSet
from limn.regions import Outline
from limn.taxonomy import taxonomy
from service.deadline import MOST_MILLISECONDS
from service.engines.protocol import TestTimeSettings
from service.errors import UnknownLabelSet
from service.repository import ModelRepository, ServedModel

Output = Literal["mask", "color", "overlay", "json", "npz"]

_MAX_TEXT = 20_000


class ParseParameters(BaseModel):
    """Parameters of `/v1/parse` as a client writes them, in the query or as form fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: Annotated[
        str | None, Field(description="name of a served model; the default one if not given")
    ] = None
    version: Annotated[int | None, Field(ge=1, description="the one served if not given")] = None
    scales: Annotated[
        str | None,
        Field(
            max_length=_MAX_TEXT,
            description="test-time scales, separated by commas; the model's own if not given",
            examples=["0.8,1,1.2"],
        ),
    ] = None
    flip: Annotated[bool, Field(description="also show the network the mirrored photo")] = False
    boxes: Annotated[
        str | None,
        Field(
            max_length=_MAX_TEXT,
            description="a JSON list of persons' boxes [x1, y1, x2, y2] in pixels of the upright"
            " photo, half open; or `auto`, to have the persons found, from left to right; the whole"
            " photo is one person if not given",
            examples=["[[40, 10, 210, 500], [260.5, 0, 420, 512]]"],
        ),
    ] = None
    label_set: Annotated[
        str | None,
        Field(description="label set to answer in; the model's own if not given", examples=["lip"]),
    ] = None
    output: Annotated[
        Output,
        Field(
            description="`mask`: 8-bit palette PNG, pixel value = class index; `color`: RGB PNG;"
            " `overlay`: PNG of the photo blended with the colours; `json`: regions per person;"
            " `npz`: label map and float16 scores"
        ),
    ] = "mask"
    alpha: Annotated[float, Field(ge=0, le=1, description="weight of the colours in `overlay`")] = (
        0.6
    )
    regions: Annotated[
        Outline, Field(description="outline of every region in `json`: COCO RLE or polygons")
    ] = "none"
    timeout_ms: Annotated[
        int | None,
        Field(
            ge=1,
            le=MOST_MILLISECONDS,
            description="milliseconds from the request's arrival after which its answer is of no"
            " use; the header `X-Request-Timeout-Ms` says the same",
        ),
    ] = None


@dataclass(frozen=True)
class ParseLimits:
    """Bounds on what one request may ask for."""

    max_boxes: int = 64
    max_scales: int = 8
    min_scale: float = 0.25
    max_scale: float = 2.0


@dataclass(frozen=True)
class ParsePlan:
    """A checked request: which model, seen how, answered in which form.

    Attributes:
        boxes: of the persons; none of them for one person who is the whole photo.
        finds: whether the boxes are still to be found in the photo.
        lookup: uint8[256] as bytes, from the model's class indices to those of `label_set`;
            None where both are the same.
    """

    model: ServedModel
    tta: TestTimeSettings
    boxes: tuple[Box, ...]
    finds: bool
    label_set: LabelSet
    lookup: bytes | None
    output: Output
    alpha: float
    outlines: Outline

    @property
    def palette(self) -> NDArray[np.uint8]:
        """uint8[256, 3] RGB: colours of `label_set` by the model's class indices."""
        palette = self.label_set.palette
        return palette if self.lookup is None else palette[np.frombuffer(self.lookup, np.uint8)]


def plan(
    parameters: ParseParameters, repository: ModelRepository, limits: ParseLimits
) -> ParsePlan:
    """Check parameters against what is served.

    Raises:
        UnknownModel, UnknownLabelSet: no such name.
        InvalidParameter: names the field.
    """
    model = repository.find(parameters.model, parameters.version)
    label_set, lookup = _labels(model, parameters.label_set)
    finds = parameters.boxes == FIND_BOXES
    given = None if finds else parameters.boxes
    return ParsePlan(
        model=model,
        tta=TestTimeSettings(_scales(parameters.scales, model, limits), parameters.flip),
        boxes=() if given is None else parse_boxes(given, limits.max_boxes),
        finds=finds,
        label_set=label_set,
        lookup=lookup,
        output=parameters.output,
        alpha=parameters.alpha,
        outlines=parameters.regions,
    )


def _labels(model: ServedModel, name: str | None) -> tuple[LabelSet, bytes | None]:
    if name is None or name == model.label_set.name:
        return model.label_set, None
    target = LABEL_SETS.get(name)
    if target is None:
        raise UnknownLabelSet(f"no label set {name!r}; there are: {', '.join(LABEL_SETS)}")
    return target, taxonomy(model.label_set, target).tobytes()


def _scales(text: str | None, model: ServedModel, limits: ParseLimits) -> tuple[float, ...]:
    if text is None:
        return tuple(float(scale) for scale in model.contract.scales)
    parts = text.split(",")
    if len(parts) > limits.max_scales:
        raise InvalidParameter(
            "scales", f"{len(parts)} scales; at most {limits.max_scales} are accepted"
        )
    return tuple(_scale(part, limits) for part in parts)


def _scale(text: str, limits: ParseLimits) -> float:
    try:
        scale = float(text)
    except ValueError:
        scale = math.nan
    if not limits.min_scale <= scale <= limits.max_scale:
        raise InvalidParameter(
            "scales",
            f"{text.strip()[:20]!r} is no number from {limits.min_scale:g} to"
            f" {limits.max_scale:g}; write for example 0.8,1,1.2",
        )
    return scale
