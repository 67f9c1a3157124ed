"""The way of a photo: bytes to canvases, canvases to scores, scores to the encoded answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from limn.geometry import Crop, Letterbox, Size, crops_of
from limn.image import ImageLimits, decode, decode_reduced
from limn.ops.array import letterbox
from service.assembly import Assembly
from service.budget import WorkBudget
from service.engines.protocol import Engine, Scores
from service.outputs import Answer, Parsed, answer
from service.parameters import ParseLimits, ParseParameters, ParsePlan, plan
from service.repository import ModelRepository
from service.stages import stage
from service.workers import Workers

CROPS_AT_A_TIME = 8
"""Persons whose scores, 2 MB each, exist together; a batch worth the while of a GPU."""


@dataclass(frozen=True)
class _Prepared:
    """A decoded photo cut into canvases uint8[B, S_h, S_w, 3]."""

    photo: Size
    crops: Sequence[Crop]
    boxes: Sequence[Letterbox]
    canvases: NDArray[np.uint8]
    image: NDArray[np.uint8] | None


class ParsingPipeline:
    """Answers parse requests; needs an event loop, but knows no HTTP."""

    def __init__(
        self,
        repository: ModelRepository,
        engine: Engine,
        workers: Workers,
        budget: WorkBudget,
        image_limits: ImageLimits,
        parse_limits: ParseLimits,
    ) -> None:
        self.repository = repository
        self.engine = engine
        self.workers = workers
        self.budget = budget
        self.parse_limits = parse_limits
        self._image_limits = image_limits

    def plan(self, parameters: ParseParameters) -> ParsePlan:
        """See `service.parameters.plan`."""
        return plan(parameters, self.repository, self.parse_limits)

    async def parse(self, data: bytes, plan: ParsePlan) -> Answer:
        """Parse one encoded photo, and encode the answer; raises what `assemble` does."""
        parsed = await self.assemble(data, plan)
        return await self.workers.run(partial(_encode, parsed))

    async def assemble(self, data: bytes, plan: ParsePlan) -> Parsed:
        """Parse one encoded photo.

        Raises:
            ImageError: the bytes cannot be used.
            InvalidParameter: a box lies outside the photo.
            TooCostly, Overloaded: see `WorkBudget.work`.
            EngineError: the engine failed.
        """
        with self.budget.work(max(1, len(plan.boxes)) * plan.tta.cost):
            return await self._assembled(data, plan)

    async def _assembled(self, data: bytes, plan: ParsePlan) -> Parsed:
        prepared = await self.workers.run(partial(self._prepare, data, plan))
        photo = Assembly(prepared.photo, len(prepared.crops) > 1 or plan.output == "json")
        kept: list[NDArray[np.float16]] = []
        for start in range(0, len(prepared.crops), CROPS_AT_A_TIME):
            canvases = prepared.canvases[start : start + CROPS_AT_A_TIME]
            scores = await self.engine.scores(plan.model.id, canvases, plan.tta)
            await self.workers.run(partial(_paste, photo, prepared, start, scores))
            if plan.output == "npz":
                kept.extend(scores.array().astype(np.float16))
        if plan.lookup is not None:
            await self.workers.run(partial(_translate, photo, plan.lookup))
        return Parsed(plan, prepared.crops, prepared.boxes, photo, kept, prepared.image)

    async def close(self) -> None:
        await self.engine.close()

    def _prepare(self, data: bytes, plan: ParsePlan) -> _Prepared:
        contract = plan.model.contract
        with stage("decode"):
            image, photo = self._decoded(data, plan)
            shown = self._shown(data, plan, image, photo)
        with stage("canvas"):
            crops = crops_of(plan.boxes, photo)
            boxes = [Letterbox.fit(crop.size, contract.canvas) for crop in crops]
            canvases = [
                letterbox(image[crop.slices] if plan.boxes else image, box, contract.fill)
                for crop, box in zip(crops, boxes, strict=True)
            ]
        return _Prepared(photo, crops, boxes, np.stack(canvases), shown)

    def _shown(
        self, data: bytes, plan: ParsePlan, image: NDArray[np.uint8], photo: Size
    ) -> NDArray[np.uint8] | None:
        """The whole photo for an overlay; the network sees what it sees for other outputs."""
        if plan.output != "overlay":
            return None
        return image if image.shape[:2] == photo else decode(data, self._image_limits)

    def _decoded(self, data: bytes, plan: ParsePlan) -> tuple[NDArray[np.uint8], Size]:
        """The photo, no larger than its canvas needs it where it is one crop; and its size."""
        canvas = plan.model.contract.canvas

        def enough(photo: Size) -> Size:
            return photo if plan.boxes else Letterbox.fit(photo, canvas).content

        return decode_reduced(data, self._image_limits, enough)


def _paste(photo: Assembly, prepared: _Prepared, first: int, scores: Scores) -> None:
    with stage("choose"):
        for position in range(len(scores)):
            index = first + position
            photo.paste(index, prepared.crops[index], prepared.boxes[index], scores, position)


def _translate(photo: Assembly, lookup: bytes) -> None:
    with stage("choose"):
        photo.translate(lookup)


def _encode(parsed: Parsed) -> Answer:
    with stage("encode"):
        return answer(parsed)
