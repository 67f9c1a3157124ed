"""Regions of shared memory: registered once, given up when a call is broken off."""

from collections.abc import Iterator
from contextlib import contextmanager

import anyio
import numpy as np
import pytest

from service.engines.triton.connection import RegionLost
from service.engines.triton.shared_memory import RegionPool
from service.errors import EngineUnavailable

SIZE = 64


class Server:
    """What a Triton keeps of regions, by the two calls that the pool makes."""

    def __init__(self) -> None:
        self.regions: set[str] = set()
        self.registrations = 0
        self.refuses = False

    async def register_system_shared_memory(self, name: str, key: str, size: int) -> None:
        assert (key, size) == (f"/{name}", SIZE)
        if self.refuses:
            raise RegionLost("Unable to open shared memory region")
        self.registrations += 1
        self.regions.add(name)

    async def unregister_system_shared_memory(self, name: str) -> None:
        self.regions.discard(name)


class Connection:
    """A connection that is never tried twice."""

    url = "nowhere:1"

    def __init__(self, server: Server) -> None:
        self.server = server
        self.losses = 0

    async def ask(self, question: object) -> None:
        await question(self.server)  # type: ignore[operator]


@contextmanager
def pool(most: int = 2) -> Iterator[tuple[RegionPool, Connection]]:
    connection = Connection(Server())
    made = RegionPool(connection, SIZE, most)  # type: ignore[arg-type]
    yield made, connection
    anyio.run(made.close)
    assert not connection.server.regions


async def name_of_next(regions: RegionPool) -> str | None:
    async with regions.region() as region:
        return region.name if region else None


def test_region_is_registered_once_and_used_again() -> None:
    with pool() as (regions, connection):
        first, second = anyio.run(name_of_next, regions), anyio.run(name_of_next, regions)

        assert first is not None
        assert first == second
        assert connection.server.registrations == 1


def test_region_holds_what_was_written() -> None:
    values = np.arange(8, dtype=np.float32)

    async def round_trip(regions: RegionPool) -> None:
        async with regions.region() as region:
            assert region is not None
            region.write(values)
            seen = region.read(0, values.shape, np.float32)
            region.write(np.zeros_like(values))
            np.testing.assert_array_equal(seen, values)

    with pool() as (regions, _):
        anyio.run(round_trip, regions)


def test_region_of_a_broken_call_is_never_used_again() -> None:
    async def broken(regions: RegionPool) -> None:
        async with regions.region():
            raise EngineUnavailable("no answer in time")

    with pool() as (regions, connection):
        with pytest.raises(EngineUnavailable):
            anyio.run(broken, regions)
        (lost,) = connection.server.regions

        assert anyio.run(name_of_next, regions) != lost
        assert lost not in connection.server.regions


def test_new_server_is_told_again() -> None:
    with pool() as (regions, connection):
        before = anyio.run(name_of_next, regions)
        connection.server.regions.clear()
        connection.losses += 1

        assert anyio.run(name_of_next, regions) == before
        assert connection.server.regions == {before}


def test_server_elsewhere_gets_tensors_over_the_wire_until_it_is_another() -> None:
    with pool() as (regions, connection):
        connection.server.refuses = True
        assert anyio.run(name_of_next, regions) is None
        connection.server.refuses = False
        assert anyio.run(name_of_next, regions) is None

        connection.losses += 1
        assert anyio.run(name_of_next, regions) is not None


def test_nobody_waits_for_a_region() -> None:
    async def both(regions: RegionPool) -> tuple[bool, bool]:
        async with regions.region() as one, regions.region() as other:
            return one is not None, other is not None

    with pool(most=1) as (regions, _):
        assert anyio.run(both, regions) == (True, False)
