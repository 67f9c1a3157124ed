"""The JSON that the gateway answers, as models that describe it; bounds and units in the fields."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Rgb = tuple[int, int, int]
PixelBox = Annotated[
    tuple[int, int, int, int],
    Field(description="x1, y1, x2, y2 in pixels of the upright photo, half open"),
]
BOXES_HEADER = "X-Person-Boxes"
"""Header of an answer to `boxes=auto`: JSON, a `PixelBox` of each person that was found."""

Share = Annotated[float, Field(ge=0, le=1)]


class _Schema(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Rle(_Schema):
    """COCO run-length encoding over the whole photo, as pycocotools reads it."""

    size: Annotated[tuple[int, int], Field(description="height, width")]
    counts: Annotated[str, Field(description="compressed, column by column")]


class Region(_Schema):
    """All pixels of one class that belong to one person."""

    index: Annotated[int, Field(ge=1, le=254, description="class index in the label set")]
    name: Annotated[str, Field(examples=["upper-clothes"])]
    color: Annotated[Rgb, Field(description="RGB of the class", examples=[(255, 85, 0)])]
    area: Annotated[int, Field(ge=1, description="pixels")]
    ratio: Annotated[Share, Field(description="share of the person's area")]
    box: PixelBox
    confidence: Annotated[Share, Field(description="mean probability of the class")]
    rle: Rle | None = None
    polygons: Annotated[
        list[list[list[tuple[int, int]]]] | None,
        Field(
            description="per connected part its outer ring, then its holes; a ring is a list of"
            " pixels [x, y] on the outline, which belong to the region"
        ),
    ] = None


class Person(_Schema):
    """One box of the request, a person found, or the whole photo."""

    box: PixelBox
    score: Annotated[
        Share | None, Field(description="how sure the finder is; with `boxes=auto` alone")
    ] = None
    area: Annotated[int, Field(ge=0, description="pixels that are not background")]
    regions: list[Region]


class ParsedPhoto(_Schema):
    """Answer of `/v1/parse` with `output=json`."""

    model: str
    version: int
    label_set: str
    width: Annotated[int, Field(description="pixels of the upright photo")]
    height: int
    persons: list[Person]


class FieldProblem(_Schema):
    """One faulty field."""

    field: Annotated[str, Field(examples=["boxes"])]
    detail: Annotated[str, Field(examples=["boxes[1]: x1 < x2 and y1 < y2 must hold"])]


class ProblemDocument(_Schema):
    """RFC 9457 problem; `type` is stable, texts are for people."""

    type: Annotated[str, Field(examples=["urn:limn:problem:invalid-parameter"])]
    title: Annotated[str, Field(examples=["A parameter is not acceptable"])]
    status: Annotated[int, Field(ge=400, le=599)]
    detail: str | None = None
    instance: Annotated[str | None, Field(examples=["/v1/parse"])] = None
    request_id: str | None = None
    errors: list[FieldProblem] | None = None


class LabelClass(_Schema):
    """One class of a label set."""

    index: int
    name: str
    color: Rgb


class LabelSetDocument(_Schema):
    """A label set: its classes in the order of their indices."""

    name: Annotated[str, Field(examples=["lip"])]
    title: str
    source: str
    classes: list[LabelClass]
    left_right_pairs: Annotated[
        list[tuple[int, int]],
        Field(description="class indices that trade places when a photo is mirrored"),
    ]


class LabelSetList(_Schema):
    label_sets: list[LabelSetDocument]


class Accuracy(_Schema):
    """What was measured, in percent."""

    data: str
    date: str
    mean_iou: float
    pixel_accuracy: float
    mean_accuracy: float


class ModelDocument(_Schema):
    """A served model."""

    name: str
    version: Annotated[int, Field(description="the one used unless a request names another")]
    versions: list[int]
    is_default: bool
    label_set: str
    canvas: Annotated[tuple[int, int], Field(description="height, width in pixels")]
    scales: Annotated[dict[str, tuple[int, int]], Field(description="scale to (height, width)")]
    stride: Annotated[int, Field(description="input pixels per cell of the scores")]
    precision: str
    sha256: str
    training_data: Annotated[list[str], Field(description="data set and its licence")]
    measured: list[Accuracy]


class ModelList(_Schema):
    models: list[ModelDocument]


class ServedVersion(_Schema):
    name: str
    version: int


class Reloaded(_Schema):
    models: Annotated[list[ServedVersion], Field(description="every version that is served now")]


class Version(_Schema):
    name: str
    version: str


class Health(_Schema):
    status: Annotated[str, Field(examples=["ok"])]


class BatchItem(_Schema):
    """Answer for one image of a batch: `result`, `content` or `problem`."""

    name: Annotated[str | None, Field(description="file name in the form")] = None
    status: Annotated[int, Field(description="HTTP status that the image alone would have got")]
    media_type: str | None = None
    result: ParsedPhoto | None = None
    content: Annotated[str | None, Field(description="Base64")] = None
    problem: Annotated[dict[str, object] | None, Field(description="see ProblemDocument")] = None


class BatchAnswer(_Schema):
    items: Annotated[list[BatchItem], Field(description="in the order of the images")]
