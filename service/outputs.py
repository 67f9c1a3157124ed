"""An assembled photo in the form that was asked for."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limn.encode import npz, palette_png, rgb_png
from limn.geometry import Crop, Letterbox
from limn.ops.paint import colorize, overlay
from limn.persons import FoundPerson
from limn.regions import regions_of
from service.assembly import Assembly
from service.parameters import Output, ParsePlan

MEDIA_TYPES: dict[Output, str] = {
    "mask": "image/png",
    "color": "image/png",
    "overlay": "image/png",
    "json": "application/json",
    "npz": "application/octet-stream",
}


@dataclass(frozen=True)
class Answer:
    """The encoded answer.

    Attributes:
        content, media_type: what is sent.
        found: boxes of the persons that were found, since a mask does not tell them; None where
            they were given.
    """

    content: bytes
    media_type: str
    found: Sequence[Crop] | None


@dataclass(frozen=True)
class Parsed:
    """Everything that an output may show.

    Attributes:
        plan: what was asked for.
        crops, boxes: one per person.
        found: the persons of the crops where they were found; None where boxes were given.
        photo: the assembled photo in the label set asked for.
        scores: float16[K, h, w] per person in the model's own label set, kept for `npz` alone.
        image: uint8[H, W, 3], kept for `overlay` alone.
    """

    plan: ParsePlan
    crops: Sequence[Crop]
    boxes: Sequence[Letterbox]
    found: Sequence[FoundPerson] | None
    photo: Assembly
    scores: list[NDArray[np.float16]]
    image: NDArray[np.uint8] | None


def answer(parsed: Parsed) -> Answer:
    """Encode as the plan's output."""
    output = parsed.plan.output
    found = None if parsed.found is None else parsed.crops
    return Answer(_encode(parsed, output), MEDIA_TYPES[output], found)


def colors_of(parsed: Parsed) -> NDArray[np.uint8]:
    """The label map's, uint8[H, W, 3] RGB."""
    painted = parsed.photo.colors
    if painted is not None:
        return painted
    return colorize(parsed.photo.label_map, parsed.plan.label_set.palette)


def _encode(parsed: Parsed, output: Output) -> bytes:
    label_map, palette = parsed.photo.label_map, parsed.plan.label_set.palette
    if output == "mask":
        return palette_png(label_map, palette)
    if output == "color":
        return rgb_png(colors_of(parsed))
    if output == "overlay":
        assert parsed.image is not None, "the pipeline keeps the photo for an overlay"
        return rgb_png(overlay(parsed.image, label_map, palette, parsed.plan.alpha))
    if output == "json":
        return json.dumps(_document(parsed), separators=(",", ":")).encode()
    return npz(_arrays(parsed))


def _document(parsed: Parsed) -> dict[str, Any]:
    """The JSON that `limn.wire.ParsedPhoto` describes."""
    height, width = parsed.photo.label_map.shape
    return {
        "model": parsed.plan.model.id.name,
        "version": parsed.plan.model.id.version,
        "label_set": parsed.plan.label_set.name,
        "width": width,
        "height": height,
        "persons": [_person(parsed, index, crop) for index, crop in enumerate(parsed.crops)],
    }


def _person(parsed: Parsed, index: int, crop: Crop) -> dict[str, Any]:
    photo = parsed.photo
    assert photo.owner is not None
    assert photo.confidence is not None
    mine = photo.owner[crop.slices] == index + 1
    regions = regions_of(
        photo.label_map[crop.slices] * mine,
        photo.confidence[crop.slices],
        crop,
        (photo.label_map.shape[0], photo.label_map.shape[1]),
        parsed.plan.label_set,
        parsed.plan.outlines,
    )
    sure = {} if parsed.found is None else {"score": round(parsed.found[index].score, 4)}
    return {
        "box": crop.corners,
        **sure,
        "area": sum(region.area for region in regions),
        "regions": [
            {name: value for name, value in asdict(region).items() if value is not None}
            for region in regions
        ],
    }


def _arrays(parsed: Parsed) -> dict[str, NDArray[np.generic]]:
    """Arrays of `npz`.

    labels uint8[H, W] and classes str[C] in the label set asked for; scores float16[B, K, h, w]
    and score_classes str[K] in the model's own; boxes int32[B, 4] (x1, y1, x2, y2) of the persons
    in photo pixels; content float32[B, 4] (x1, y1, x2, y2) of each person on the grid of scores.
    """
    contract = parsed.plan.model.contract
    grid = contract.canvas[0] // contract.stride, contract.canvas[1] // contract.stride
    scores = np.empty((len(parsed.scores), len(contract.labels.classes), *grid), np.float16)
    for index, each in enumerate(parsed.scores):
        scores[index] = each
    regions = [box.region(grid) for box in parsed.boxes]
    return {
        "labels": parsed.photo.label_map,
        "classes": np.array(parsed.plan.label_set.classes),
        "scores": scores,
        "score_classes": np.array(parsed.plan.model.label_set.classes),
        "boxes": np.array([crop.corners for crop in parsed.crops], np.int32).reshape(-1, 4),
        "content": np.array(
            [(r.left, r.top, r.right, r.bottom) for r in regions], np.float32
        ).reshape(-1, 4),
    }
