"""The way of a photo: bytes to canvases, canvases to scores, scores to the encoded answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from limn.geometry import Crop, Letterbox, Size, crops_of
from limn.image import ImageLimits, decode
from limn.ops.array import letterbox
from service.assembly import assemble
from service.engines.protocol import Engine
from service.outputs import Answer, Parsed, answer
from service.parameters import ParseLimits, ParseParameters, ParsePlan, plan
from service.repository import ModelRepository
from service.stages import stage
from service.workers import Workers


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
        image_limits: ImageLimits,
        parse_limits: ParseLimits,
    ) -> None:
        self.repository = repository
        self.engine = engine
        self._workers = workers
        self._image_limits = image_limits
        self._parse_limits = parse_limits

    def plan(self, parameters: ParseParameters) -> ParsePlan:
        """See `service.parameters.plan`."""
        return plan(parameters, self.repository, self._parse_limits)

    async def parse(self, data: bytes, plan: ParsePlan) -> Answer:
        """Parse one encoded photo.

        Raises:
            ImageError: the bytes cannot be used.
            InvalidParameter: a box lies outside the photo.
            EngineError: the engine failed.
        """
        prepared = await self._workers.run(partial(self._prepare, data, plan))
        scores = await self.engine.scores(plan.model.id, prepared.canvases, plan.tta)
        return await self._workers.run(partial(_finish, plan, prepared, scores))

    async def close(self) -> None:
        await self.engine.close()

    def _prepare(self, data: bytes, plan: ParsePlan) -> _Prepared:
        contract = plan.model.contract
        with stage("decode"):
            image = decode(data, self._image_limits)
        with stage("canvas"):
            photo = image.shape[0], image.shape[1]
            crops = crops_of(plan.boxes, photo)
            boxes = [Letterbox.fit(crop.size, contract.canvas) for crop in crops]
            canvases = [
                letterbox(image[crop.slices], box, contract.fill)
                for crop, box in zip(crops, boxes, strict=True)
            ]
        # A photo is large, and requests wait for a worker: only an overlay needs it again.
        kept = image if plan.output == "overlay" else None
        return _Prepared(photo, crops, boxes, np.stack(canvases), kept)


def _finish(plan: ParsePlan, prepared: _Prepared, scores: NDArray[np.float32]) -> Answer:
    with stage("choose"):
        assembled = assemble(
            scores, prepared.crops, prepared.boxes, prepared.photo, plan.output == "json"
        ).translated(plan.lookup)
    with stage("encode"):
        return answer(
            Parsed(plan, prepared.crops, prepared.boxes, scores, assembled, prepared.image)
        )
