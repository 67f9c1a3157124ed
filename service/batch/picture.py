"""One picture: from its bytes to its files in the output folder."""

import time
from functools import partial

from anyio import sleep, to_thread

from limn.encode import palette_png, rgb_png
from limn.image import ImageLimits, decode
from limn.ops.paint import overlay
from limn.regions import ClassRegion, regions_of
from service.batch.entries import Entry, printable
from service.batch.job import Job
from service.batch.outcome import UNSAFE, Bad, Done, Outcome, problem_of
from service.batch.table import TOTAL
from service.errors import BatchStopped, EngineUnavailable
from service.outputs import Parsed
from service.parameters import ParsePlan
from service.pipeline import ParsingPipeline
from service.stages import stage, stage_clock

ENGINE_PAUSES_S = (1, 2, 4, 8, 15, 30)
"""Seconds to wait for an engine that is away, before it is asked again."""


class PictureParser:
    """Parses pictures and writes what comes of them."""

    def __init__(self, pipeline: ParsingPipeline, plan: ParsePlan, job: Job) -> None:
        self._pipeline = pipeline
        self._plan = plan
        self._output = job.output
        self._overlays = job.promised.overlay
        settings = job.settings
        self._limits = ImageLimits(
            settings.max_upload_bytes, settings.max_image_pixels, settings.max_image_side
        )

    async def outcome(self, entry: Entry, data: bytes | Exception) -> Outcome:
        """Parse a picture; whatever is wrong with it ends this picture alone.

        Args:
            data: its bytes, or why they could not be read.

        Raises:
            BatchStopped: the output cannot be written, or the engine stays away.
        """
        if entry.fault is not None:
            return Bad(entry.id, printable(entry.name), UNSAFE, entry.fault)
        try:
            if isinstance(data, Exception):
                raise data
            return await self._parsed(entry.id, data)
        except BatchStopped:
            raise
        except Exception as error:
            # A run of days does not end for a fault of ours that one picture in a million meets.
            problem, reason = problem_of(error)
            return Bad(entry.id, printable(entry.name), problem, reason)

    async def _parsed(self, picture: str, data: bytes) -> Done:
        start = time.perf_counter()
        with stage_clock() as clock:
            parsed = await self._assembled(data)
            labels, blended, regions = await self._pipeline.workers.run(
                partial(self._answers, parsed, data)
            )
        await to_thread.run_sync(self._output.write_labels, picture, labels)
        if blended is not None:
            await to_thread.run_sync(self._output.write_overlay, picture, blended)
        height, width = parsed.photo.label_map.shape
        seconds = dict[str, float](clock.seconds.items())
        seconds[TOTAL] = time.perf_counter() - start
        return Done(picture, (height, width), regions, seconds)

    async def _assembled(self, data: bytes) -> Parsed:
        for pause in ENGINE_PAUSES_S:
            try:
                return await self._pipeline.assemble(data, self._plan)
            except EngineUnavailable:
                await sleep(pause)
        try:
            return await self._pipeline.assemble(data, self._plan)
        except EngineUnavailable as error:
            raise BatchStopped(f"the engine is not available: {error}") from error

    def _answers(
        self, parsed: Parsed, data: bytes
    ) -> tuple[bytes, bytes | None, tuple[ClassRegion, ...]]:
        """Label map and overlay as PNG, and the regions."""
        photo, label_set = parsed.photo, parsed.plan.label_set
        assert photo.confidence is not None, "the plan's output is json"
        (crop,) = parsed.crops
        with stage("encode"):
            labels = palette_png(photo.label_map, label_set.palette)
            regions = regions_of(
                photo.label_map, photo.confidence, crop, crop.size, label_set, parsed.plan.outlines
            )
        if not self._overlays:
            return labels, None, regions
        # The pipeline keeps no photo for answers that have confidences.
        with stage("decode"):
            image = decode(data, self._limits)
        with stage("encode"):
            blended = overlay(image, photo.label_map, label_set.palette, parsed.plan.alpha)
            return labels, rgb_png(blended), regions
