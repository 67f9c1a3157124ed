"""System shared memory between the gateway and a Triton on the same machine.

Canvases and scores of one call lie in one region, which is registered once. A call that was broken
off leaves a region that the server may still write to: it is given up and another takes its place.
"""

import logging
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tritonclient.utils import shared_memory

from service.engines.triton.connection import RegionLost, TritonConnection
from service.errors import EngineError, InferenceFailed

logger = logging.getLogger(__name__)


class Region:
    """Memory that both processes see."""

    def __init__(self, size: int) -> None:
        self.name = f"limn_{uuid.uuid4().hex}"
        self.size = size
        self.registered_at: int | None = None
        """`losses` of the connection when the server was told of it; None before."""
        self._handle: Any = shared_memory.create_shared_memory_region(
            self.name, f"/{self.name}", size, create_only=True
        )

    def write(self, values: NDArray[Any]) -> None:
        """Put an array at the beginning."""
        shared_memory.set_shared_memory_region(self._handle, [np.ascontiguousarray(values)])

    def read(self, offset: int, shape: Sequence[int], dtype: type[np.generic]) -> NDArray[Any]:
        """A copy: the memory is used again when the call has ended."""
        seen = shared_memory.get_contents_as_numpy(
            self._handle, np.dtype(dtype).type, list(shape), offset=offset
        )
        return np.array(seen)

    def destroy(self) -> None:
        shared_memory.destroy_shared_memory_region(self._handle)


class RegionPool:
    """Regions of one size, made when they are first needed.

    Nobody waits for one: whoever finds none sends its tensors over the wire. So does everybody
    while the server is one that cannot see this machine's memory.
    """

    def __init__(self, connection: TritonConnection, size: int, most: int) -> None:
        self._connection = connection
        self._size = size
        self._room = most
        self._free: list[Region] = []
        self._abandoned: set[str] = set()
        self._refused_at: int | None = None

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
        if self._refused_at == self._connection.losses:
            return None
        if self._free:
            region = self._free.pop()
        elif self._room:
            region = Region(self._size)
            self._room -= 1
        else:
            return None
        if region.registered_at == self._connection.losses:
            return region
        try:
            await self._register(region)
        except (InferenceFailed, RegionLost) as exc:
            logger.warning("no shared memory with Triton at %s: %s", self._connection.url, exc)
            self._refused_at = self._connection.losses
            self._give_up(region)
            return None
        except BaseException:
            self._give_up(region)
            raise
        return region

    async def _register(self, region: Region) -> None:
        losses = self._connection.losses
        # A server that was away for a moment only may still know the name.
        known = {region.name} if region.registered_at is not None else set()
        for name in known | self._abandoned:
            await self._forget(name)
        self._abandoned.clear()
        await self._connection.ask(
            lambda client: client.register_system_shared_memory(
                region.name, f"/{region.name}", region.size
            )
        )
        region.registered_at = losses

    async def _forget(self, name: str) -> None:
        with suppress(InferenceFailed, RegionLost):
            await self._connection.ask(lambda client: client.unregister_system_shared_memory(name))

    def _give_up(self, region: Region) -> None:
        """The server is told to forget it when it is told of the next one."""
        self._room += 1
        self._abandoned.add(region.name)
        region.destroy()

    async def close(self) -> None:
        """Tell the server, as far as it still listens, and give the memory back."""
        for region in self._free:
            with suppress(EngineError):
                await self._forget(region.name)
            region.destroy()
        self._free.clear()
