"""One picture: from its bytes to its files in the output folder."""

import time
from functools import partial
from typing import NamedTuple

from anyio import sleep, to_thread

from limn.encode import palette_png, rgb_png
from limn.geometry import Size
from limn.image import decode
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


class _Answers(NamedTuple):
    """Label map and overlay as PNG, the regions, and (H, W) of the photo."""

    labels: bytes
    overlay: bytes | None
    regions: tuple[ClassRegion, ...]
    size: Size


class PictureParser:
    """Parses pictures and writes what comes of them."""

    def __init__(self, pipeline: ParsingPipeline, plan: ParsePlan, job: Job) -> None:
        self._pipeline = pipeline
        self._plan = plan
        self._output = job.output
        self._overlays = job.promised.overlay
        self._limits = job.settings.image_limits

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
            labels, blended, regions, (height, width) = await self._patiently_answered(data)
        await to_thread.run_sync(self._output.write_labels, picture, labels)
        if blended is not None:
            await to_thread.run_sync(self._output.write_overlay, picture, blended)
        seconds = dict[str, float](clock.seconds.items())
        seconds[TOTAL] = time.perf_counter() - start
        return Done(picture, (height, width), regions, seconds)

    async def _patiently_answered(self, data: bytes) -> _Answers:
        for pause in ENGINE_PAUSES_S:
            try:
                return await self._answered(data)
            except EngineUnavailable:
                await sleep(pause)
        try:
            return await self._answered(data)
        except EngineUnavailable as error:
            raise BatchStopped(f"the engine is not available: {error}") from error

    async def _answered(self, data: bytes) -> _Answers:
        return await self._pipeline.assemble(data, self._plan, partial(self._answers, data))

    def _answers(self, data: bytes, parsed: Parsed) -> _Answers:
        photo, label_set = parsed.photo, parsed.plan.label_set
        assert photo.confidence is not None, "the plan's output is json"
        (crop,) = parsed.crops
        with stage("encode"):
            labels = palette_png(photo.label_map, label_set.palette)
            regions = regions_of(
                photo.label_map, photo.confidence, crop, crop.size, label_set, parsed.plan.outlines
            )
        if not self._overlays:
            return _Answers(labels, None, regions, crop.size)
        # The pipeline keeps no photo for answers that have confidences.
        with stage("decode"):
            image = decode(data, self._limits)
        with stage("encode"):
            blended = overlay(image, photo.label_map, label_set.palette, parsed.plan.alpha)
            return _Answers(labels, rgb_png(blended), regions, crop.size)
