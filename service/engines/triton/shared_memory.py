"""Shared memory between the gateway and a Triton on the same machine.

Canvases and scores of one call lie in one region, which is registered once. A call that was broken
off leaves a region that the server may still write to: it is given up and another takes its place.
"""

import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress

from anyio import to_thread

from service.engines.triton.connection import RegionLost, TritonConnection
from service.engines.triton.regions import NoSuchMemory, Region
from service.errors import EngineError, InferenceFailed

logger = logging.getLogger(__name__)


class RegionPool:
    """Regions of one size, made when they are first needed.

    Nobody waits for one: whoever finds none sends its tensors over the wire. So does everybody
    while the server is one that cannot see this machine's memory.
    """

    def __init__(
        self,
        connection: TritonConnection,
        size: int,
        most: int,
        kinds: Sequence[Callable[[int], Region]],
    ) -> None:
        """`kinds` make a region of so many bytes, the best first; none are tried after the last."""
        self._connection = connection
        self._size = size
        self._room = most
        self._kinds = tuple(kinds)
        self._refused = 0
        """How many of the kinds the server, or this machine, has refused."""
        self._refused_at = connection.losses
        self._free: list[Region] = []
        self._abandoned: list[Region] = []

    @asynccontextmanager
    async def region(self) -> AsyncIterator[Region | None]:
        """A region for one call, registered with the server; None where there is none.

        If the call raises, or is cancelled, the region is given up.
        """
        region = await self._taken()
        try:
            yield region
        except BaseException:
            if region is not None:
                self._give_up(region)
            raise
        if region is not None:
            self._free.append(region)

    async def _taken(self) -> Region | None:
        if self._refused_at != self._connection.losses:
            # Another server may see what the last one did not.
            self._refused_at, self._refused = self._connection.losses, 0
        while self._refused < len(self._kinds):
            kind = self._refused
            try:
                region = await self._any(self._kinds[kind])
                return region if region is None else await self._told(region)
            except (InferenceFailed, RegionLost, NoSuchMemory) as exc:
                logger.warning("memory not shared with Triton, %s: %s", self._connection.url, exc)
                self._refused = max(self._refused, kind + 1)
        return None

    async def _any(self, make: Callable[[int], Region]) -> Region | None:
        """One that is free, or a new one; None if all are in use."""
        if self._free:
            return self._free.pop()
        if not self._room:
            return None
        self._room -= 1
        try:
            # The first use of a GPU takes long.
            return await to_thread.run_sync(make, self._size)
        except BaseException:
            self._room += 1
            raise

    async def _told(self, region: Region) -> Region:
        """The region, when the server knows it; it is given up otherwise."""
        if region.registered_at != self._connection.losses:
            try:
                await self._register(region)
            except BaseException:
                self._give_up(region)
                raise
        return region

    async def _register(self, region: Region) -> None:
        losses = self._connection.losses
        # A server that was away for a moment only may still know the name.
        known = [region] if region.registered_at is not None else []
        for old in known:
            await self._forget(old)
        await self._drop_abandoned()
        await self._connection.ask(region.register)
        region.registered_at = losses

    async def _forget(self, region: Region) -> None:
        with suppress(InferenceFailed, RegionLost):
            await self._connection.ask(region.unregister)

    async def _drop_abandoned(self) -> None:
        while self._abandoned:
            region = self._abandoned.pop()
            try:
                await self._forget(region)
            finally:
                region.destroy()

    def _give_up(self, region: Region) -> None:
        """Its memory is freed when the server, told of the next one, has been told to forget it."""
        self._room += 1
        self._abandoned.append(region)

    async def close(self) -> None:
        """Tell the server, as far as it still listens, and give the memory back."""
        self._abandoned += self._free
        self._free.clear()
        while self._abandoned:
            with suppress(EngineError):
                await self._drop_abandoned()
