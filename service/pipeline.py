"""The way of a photo: bytes to canvases, canvases to scores, scores to the encoded answer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np
from anyio import to_thread
from numpy.typing import NDArray

from limn.geometry import Crop, Letterbox, Size, crops_of
from limn.image import ImageLimits, decode, decode_reduced, examine
from limn.image_formats import ImageHeader
from limn.ops.array import letterbox
from limn.persons import FoundPerson, with_margin
from service.assembly import Assembly
from service.budget import WorkBudget
from service.engines.protocol import Engine
from service.engines.scores import Scores
from service.errors import NotOffered
from service.finding.protocol import FINDING_COST, PersonFinder
from service.memory import DECODED_BYTES, MemoryBudget, bytes_of
from service.outputs import Answer, Parsed, answer
from service.parameters import ParseLimits, ParseParameters, ParsePlan, plan
from service.repository import ModelRepository
from service.stages import stage
from service.workers import Workers

Result = TypeVar("Result")

CROPS_AT_A_TIME = 8
"""Persons whose scores, 2 MB each, exist together; a batch worth the while of a GPU."""


@dataclass(frozen=True)
class _Prepared:
    """A decoded photo cut into canvases uint8[B, S_h, S_w, 3].

    `found` are the persons of the crops where they were to be found; None where boxes were given.
    """

    photo: Size
    found: Sequence[FoundPerson] | None
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
        finder: PersonFinder | None,
        workers: Workers,
        budget: WorkBudget,
        memory: MemoryBudget,
        image_limits: ImageLimits,
        parse_limits: ParseLimits,
        labelled: Callable[[str, Sequence[str], NDArray[np.uint8]], None],
        counted: Callable[[int], None],
    ) -> None:
        """A pipeline over these.

        `labelled` is shown every label map with its model and classes, `counted` is told how many
        persons were found in a photo; `finder` is None where none can be.
        """
        self.repository = repository
        self.engine = engine
        self.finder = finder
        self.workers = workers
        self.budget = budget
        self.memory = memory
        self.parse_limits = parse_limits
        self._image_limits = image_limits
        self._labelled = labelled
        self._counted = counted

    def plan(self, parameters: ParseParameters) -> ParsePlan:
        """See `service.parameters.plan`; NotOffered where persons cannot be found here."""
        made = plan(parameters, self.repository, self.parse_limits)
        if made.finds and self.finder is None:
            raise NotOffered(
                "boxes=auto needs a person finder, and LIMN_PERSON_FINDER names none here: send"
                " boxes"
            )
        return made

    async def parse(self, data: bytes, plan: ParsePlan) -> Answer:
        """Parse one encoded photo, and encode the answer; raises what `assemble` does."""
        return await self.assemble(data, plan, _encode)

    async def assemble(
        self, data: bytes, plan: ParsePlan, finish: Callable[[Parsed], Result]
    ) -> Result:
        """Parse one encoded photo; what `finish` makes of it, called in a worker's thread.

        The memory of the photo is accounted for until then.

        Raises:
            ImageError: the bytes cannot be used.
            InvalidParameter: a box lies outside the photo.
            TooCostly, Overloaded: see `WorkBudget.work` and `MemoryBudget.held`; of persons that
                are to be found, the first one is counted before, and the others then.
            EngineError: the engine failed.
        """
        # Not in the workers' queue: this takes microseconds, if nobody made the file for it.
        header = await to_thread.run_sync(examine, data, self._image_limits)
        finding = FINDING_COST if plan.finds else 0.0
        with self.budget.work(finding + max(1, len(plan.boxes)) * plan.tta.cost) as work:
            async with self.memory.held(bytes_of(header)) as held:
                prepared = await self.workers.run(partial(self._prepare, data, header, plan))
                held.shrink(header.height * header.width * DECODED_BYTES)
                if prepared.found is not None:
                    self._counted(len(prepared.found))
                    work.amounts_to(finding + len(prepared.found) * plan.tta.cost)
                return await self._assembled(prepared, plan, finish)

    async def _assembled(
        self, prepared: _Prepared, plan: ParsePlan, finish: Callable[[Parsed], Result]
    ) -> Result:
        """The last persons and `finish` are one job."""
        parsed = _begun(plan, prepared)
        if not prepared.crops:
            return await self.workers.run(lambda: finish(self._finished(parsed)))
        for start in range(0, len(prepared.crops), CROPS_AT_A_TIME):
            canvases = prepared.canvases[start : start + CROPS_AT_A_TIME]
            scores = await self.engine.scores(plan.model.id, canvases, plan.tta)
            if start + len(canvases) < len(prepared.crops):
                await self.workers.run(partial(_paste, parsed, start, scores))

        def last() -> Result:
            _paste(parsed, start, scores)
            return finish(self._finished(parsed))

        return await self.workers.run(last)

    async def close(self) -> None:
        await self.engine.close()

    def _finished(self, parsed: Parsed) -> Parsed:
        """In the label set asked for."""
        with stage("choose"):
            model = parsed.plan.model
            self._labelled(model.id.name, model.label_set.classes, parsed.photo.label_map)
            if parsed.plan.lookup is not None:
                parsed.photo.translate(parsed.plan.lookup)
        return parsed

    def _prepare(self, data: bytes, header: ImageHeader, plan: ParsePlan) -> _Prepared:
        contract = plan.model.contract
        with stage("decode"):
            image, photo = _decoded(data, header, plan)
            shown = self._shown(data, plan, image, photo)
        found = self._found(image, plan)
        given = plan.boxes if found is None else [with_margin(one.box, photo) for one in found]
        with stage("canvas"):
            crops = crops_of(given, photo) if given or found is None else ()
            boxes = [Letterbox.fit(crop.size, contract.canvas) for crop in crops]
            canvases = [
                letterbox(image[crop.slices] if given else image, box, contract.fill)
                for crop, box in zip(crops, boxes, strict=True)
            ]
            together = np.empty((len(canvases), *contract.canvas, 3), np.uint8)
            for index, canvas in enumerate(canvases):
                together[index] = canvas
        return _Prepared(photo, found, crops, boxes, together, shown)

    def _found(self, image: NDArray[np.uint8], plan: ParsePlan) -> tuple[FoundPerson, ...] | None:
        """The persons of a photo; None where their boxes are given."""
        if not plan.finds:
            return None
        assert self.finder is not None, "`plan` refuses without one"
        return self.finder.find(image, self.parse_limits.max_boxes)

    def _shown(
        self, data: bytes, plan: ParsePlan, image: NDArray[np.uint8], photo: Size
    ) -> NDArray[np.uint8] | None:
        """The whole photo for an overlay; the network sees what it sees for other outputs."""
        if plan.output != "overlay":
            return None
        return image if image.shape[:2] == photo else decode(data, self._image_limits)


def _decoded(data: bytes, header: ImageHeader, plan: ParsePlan) -> tuple[NDArray[np.uint8], Size]:
    """The photo, no larger than its canvas needs it where it is one crop; and its size."""
    canvas = plan.model.contract.canvas

    def enough(photo: Size) -> Size:
        return photo if plan.boxes or plan.finds else Letterbox.fit(photo, canvas).content

    return decode_reduced(data, header, enough)


def _begun(plan: ParsePlan, prepared: _Prepared) -> Parsed:
    tells_apart = len(prepared.crops) > 1 or plan.output == "json"
    photo = Assembly(prepared.photo, tells_apart, plan.palette if plan.output == "color" else None)
    return Parsed(plan, prepared.crops, prepared.boxes, prepared.found, photo, [], prepared.image)


def _paste(parsed: Parsed, first: int, scores: Sequence[Scores]) -> None:
    """Put some persons, the first of them being number `first`, into the photo."""
    with stage("choose"):
        for index, one in enumerate(scores, first):
            parsed.photo.paste(index, parsed.crops[index], parsed.boxes[index], one)
    if parsed.plan.output == "npz":
        parsed.scores.extend(one.array().astype(np.float16) for one in scores)


def _encode(parsed: Parsed) -> Answer:
    with stage("encode"):
        return answer(parsed)
