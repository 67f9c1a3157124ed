"""What answers requests: a generation of models, and the one that takes its place."""

import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from anyio import Event, Lock, create_task_group, to_thread
from anyio.abc import TaskGroup

from limn.errors import LimnError
from service import heap
from service.access import Access
from service.errors import EngineUnavailable, ReloadRefused
from service.kserve.inference import InferenceService
from service.metrics import Metrics
from service.opening import Opening
from service.pipeline import ParsingPipeline
from service.settings import Settings
from service.startup import Resources, start_pipeline

logger = logging.getLogger("limn.serving")


class Generation:
    """The models as they were on the disk when they were loaded, and who uses them."""

    def __init__(self, pipeline: ParsingPipeline, inference: InferenceService) -> None:
        self.pipeline = pipeline
        self.inference = inference
        self._users = 0
        self._is_replaced = False
        self._unused = Event()

    @contextmanager
    def used(self) -> Iterator["Generation"]:
        """Keep it alive for the time of a request."""
        self._users += 1
        try:
            yield self
        finally:
            self._users -= 1
            self._tell()

    async def close_when_unused(self) -> None:
        """To be called when no new request comes to it."""
        self._is_replaced = True
        self._tell()
        await self._unused.wait()
        await self.pipeline.close()
        await to_thread.run_sync(heap.give_back)

    def _tell(self) -> None:
        if self._is_replaced and not self._users:
            self._unused.set()


class Serving:
    """Loads models, and loads them anew while requests are answered.

    A request ends on the generation it began with. Models that are not whole change nothing: the
    generation before them goes on.
    """

    def __init__(
        self, settings: Settings, access: Access, metrics: Metrics, opening: Opening | None = None
    ) -> None:
        """`opening` is that of the first models, if it has begun."""
        self.resources = Resources.of(settings, metrics)
        self.stopping = Event()
        """Set when no new request should come."""
        self._settings = settings
        self._access = access
        self._opening = opening
        self._current: Generation | None = None
        self._turn = Lock()
        self._tasks: TaskGroup | None = None
        self._asked = Event()
        """Set when a reload is asked for that has not begun to read."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Load the models, and give all back at the end; raises what `start_pipeline` does."""
        self._current = await self._load(self._opening)
        self._opening = None
        async with create_task_group() as self._tasks:
            self._tasks.start_soon(self._reload_when_asked)
            try:
                yield
            finally:
                self._tasks.cancel_scope.cancel()
        await self.current.pipeline.close()

    @property
    def is_started(self) -> bool:
        """Whether every model is loaded and has run at every size it is used in."""
        return self._current is not None

    @property
    def is_stopping(self) -> bool:
        return self.stopping.is_set()

    @property
    def current(self) -> Generation:
        """The generation of new requests; EngineUnavailable before the first is loaded."""
        if self._current is None:
            raise EngineUnavailable("the models are being loaded")
        return self._current

    async def ready(self) -> bool:
        """Whether a new request would be answered."""
        return (
            self.is_started and not self.is_stopping and await self.current.pipeline.engine.ready()
        )

    async def reload(self) -> Generation:
        """Read keys and models from the disk again, and let new requests have them.

        Raises:
            ReloadRefused: they cannot be used; everything is as before.
        """
        async with self._turn:
            try:
                self._access.reload()
                fresh = await self._load()
            except LimnError as exc:
                raise ReloadRefused(f"nothing has changed: {exc}") from exc
            before, self._current = self.current, fresh
        assert self._tasks is not None, "reloaded inside of `running`"
        self._tasks.start_soon(before.close_when_unused)
        names = ", ".join(str(model.id) for model in fresh.pipeline.repository)
        logger.info("serving %s", names)
        return fresh

    def reload_soon(self) -> None:
        """The same, for one who cannot wait, such as a signal; the log tells how it went.

        One that waits for its turn will read all that is there then: no second need wait beside it.
        """
        self._asked.set()

    async def _reload_when_asked(self) -> None:
        while True:
            await self._asked.wait()
            self._asked = Event()
            try:
                await self.reload()
            except Exception:
                # Whatever went wrong, requests go on being answered.
                logger.exception("not reloaded")

    async def _load(self, opening: Opening | None = None) -> Generation:
        pipeline = await start_pipeline(self._settings, self.resources, opening)
        settings = self._settings
        inference = InferenceService(
            pipeline, settings.max_batch_images, settings.request_timeout_s, self.ready
        )
        return Generation(pipeline, inference)
