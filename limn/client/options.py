"""What can be asked about a photo, in types, and as the query that says it."""

import json
from collections.abc import Sequence
from typing import Literal, TypedDict

Output = Literal["mask", "color", "overlay", "json", "npz"]


class ParseOptions(TypedDict, total=False):
    """Parameters of `/v1/parse`; what is not given is the service's to choose.

    `boxes` are [x1, y1, x2, y2] in pixels of the upright photo, half open, one per person, or
    "auto" to have the persons found; `timeout_ms` is how long the answer is of use.
    """

    model: str
    version: int
    scales: Sequence[float]
    flip: bool
    boxes: Sequence[Sequence[float]] | Literal["auto"]
    label_set: str
    alpha: float
    regions: Literal["none", "rle", "polygons"]
    timeout_ms: int


def query(output: Output, options: ParseOptions) -> dict[str, str]:
    """The query of a request."""
    texts: dict[str, str] = {"output": output}
    for name, value in options.items():
        if name == "scales":
            texts[name] = ",".join(f"{scale:g}" for scale in options["scales"])
        elif name == "boxes":
            boxes = options["boxes"]
            texts[name] = (
                boxes if isinstance(boxes, str) else json.dumps([list(box) for box in boxes])
            )
        else:
            texts[name] = str(value).lower() if isinstance(value, bool) else str(value)
    return texts
