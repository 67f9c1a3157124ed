"""Regions of shared memory: registered once, given up when a call is broken off.

No test machine has a GPU: what stands in for CUDA's runtime keeps a device's memory in the host's,
and records the calls that its documentation describes.
"""

import base64
import ctypes
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import IntEnum
from types import ModuleType, SimpleNamespace
from typing import Any

import anyio
import numpy as np
import pytest

from service.engines.triton.connection import RegionLost
from service.engines.triton.regions import CudaRegion, NoSuchMemory, Region, SystemRegion
from service.engines.triton.shared_memory import RegionPool
from service.errors import EngineUnavailable

SIZE = 64
CUDA_FIRST = (CudaRegion, SystemRegion)


class Server:
    """What a Triton keeps of regions, by the calls that the pool makes."""

    def __init__(self) -> None:
        self.regions: set[str] = set()
        self.handles: list[bytes] = []
        self.registrations = 0
        self.refuses = False
        self.refuses_cuda = False

    async def register_system_shared_memory(self, name: str, key: str, size: int) -> None:
        assert (key, size) == (f"/{name}", SIZE)
        self._register(name, self.refuses)

    async def register_cuda_shared_memory(
        self, name: str, handle: bytes, device: int, size: int
    ) -> None:
        assert (device, size) == (0, SIZE)
        self._register(name, self.refuses_cuda)
        self.handles.append(handle)

    def _register(self, name: str, refuses: bool) -> None:
        if refuses:
            raise RegionLost("Unable to open shared memory region")
        self.registrations += 1
        self.regions.add(name)

    async def unregister_system_shared_memory(self, name: str) -> None:
        self.regions.discard(name)

    async def unregister_cuda_shared_memory(self, name: str) -> None:
        self.regions.discard(name)


class Connection:
    """A connection that is never tried twice."""

    url = "nowhere:1"

    def __init__(self, server: Server) -> None:
        self.server = server
        self.losses = 0

    async def ask(self, question: object) -> None:
        await question(self.server)  # type: ignore[operator]


class Status(IntEnum):
    """Of `cudaError_t`."""

    cudaSuccess = 0  # noqa: N815
    cudaErrorMemoryAllocation = 2  # noqa: N815


class Cuda(ModuleType):
    """`cuda.bindings.runtime` as far as it is used."""

    CUDA_IPC_HANDLE_SIZE = 64
    cudaMemcpyKind = SimpleNamespace(cudaMemcpyHostToDevice=1, cudaMemcpyDeviceToHost=2)  # noqa: N815

    def __init__(self, fails: str = "") -> None:
        super().__init__("cuda.bindings.runtime")
        self.fails = fails
        self.kinds: list[int] = []
        self.memory: dict[int, Any] = {}
        self.handle = ctypes.create_string_buffer(bytes(range(64)), 64)

    def _status(self, name: str) -> Status:
        return Status.cudaErrorMemoryAllocation if name == self.fails else Status.cudaSuccess

    def cudaSetDevice(self, device: int) -> tuple[Status]:  # noqa: N802
        return (self._status("cudaSetDevice"),)

    def cudaMalloc(self, size: int) -> tuple[Status, int]:  # noqa: N802
        block = ctypes.create_string_buffer(size)
        address = ctypes.addressof(block)
        self.memory[address] = block
        return self._status("cudaMalloc"), address

    def cudaFree(self, address: int) -> tuple[Status]:  # noqa: N802
        del self.memory[address]
        return (Status.cudaSuccess,)

    def cudaIpcGetMemHandle(self, address: int) -> tuple[Status, Any]:  # noqa: N802
        handle = SimpleNamespace(getPtr=lambda: ctypes.addressof(self.handle))
        return self._status("cudaIpcGetMemHandle"), handle

    def cudaMemcpy(self, target: int, source: int, size: int, kind: int) -> tuple[Status]:  # noqa: N802
        self.kinds.append(kind)
        ctypes.memmove(target, source, size)
        return (self._status("cudaMemcpy"),)


@contextmanager
def pool(
    most: int = 2, kinds: Sequence[Callable[[int], Region]] = (SystemRegion,)
) -> Iterator[tuple[RegionPool, Connection]]:
    connection = Connection(Server())
    made = RegionPool(connection, SIZE, most, kinds)  # type: ignore[arg-type]
    yield made, connection
    anyio.run(made.close)
    assert not connection.server.regions


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> Cuda:
    runtime = Cuda()
    monkeypatch.setitem(sys.modules, "cuda.bindings.runtime", runtime)
    return runtime


async def name_of_next(regions: RegionPool) -> str | None:
    async with regions.region() as region:
        return region.name if region else None


async def kind_of_next(regions: RegionPool) -> type | None:
    async with regions.region() as region:
        return type(region) if region else None


async def round_trip(regions: RegionPool) -> None:
    values = np.arange(8, dtype=np.float32)
    async with regions.region() as region:
        assert region is not None
        region.write(values)
        seen = region.read(8, (6,), np.float32)
        region.write(np.zeros_like(values))
        np.testing.assert_array_equal(seen, values[2:])


async def broken(regions: RegionPool) -> None:
    async with regions.region():
        raise EngineUnavailable("no answer in time")


def test_region_is_registered_once_and_used_again() -> None:
    with pool() as (regions, connection):
        first, second = anyio.run(name_of_next, regions), anyio.run(name_of_next, regions)

        assert first is not None
        assert first == second
        assert connection.server.registrations == 1


def test_region_holds_what_was_written() -> None:
    with pool() as (regions, _):
        anyio.run(round_trip, regions)


def test_region_of_a_broken_call_is_never_used_again() -> None:
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


def test_memory_of_a_gpu_is_registered_by_its_handle_and_copied_both_ways(cuda: Cuda) -> None:
    with pool(kinds=CUDA_FIRST) as (regions, connection):
        anyio.run(round_trip, regions)

        assert connection.server.handles == [base64.b64encode(bytes(range(64)))]
        assert cuda.kinds == [1, 2, 1]
    assert not cuda.memory


def test_memory_of_a_gpu_is_freed_only_when_the_server_has_forgotten_it(cuda: Cuda) -> None:
    with pool(kinds=CUDA_FIRST) as (regions, connection):
        with pytest.raises(EngineUnavailable):
            anyio.run(broken, regions)
        (lost,) = cuda.memory

        assert anyio.run(kind_of_next, regions) is CudaRegion
        assert lost not in cuda.memory
        assert connection.server.registrations == 2


@pytest.mark.parametrize("fails", ["cudaSetDevice", "cudaMalloc", "cudaIpcGetMemHandle"])
def test_memory_of_the_host_does_where_a_gpu_has_none(cuda: Cuda, fails: str) -> None:
    cuda.fails = fails

    with pool(kinds=CUDA_FIRST) as (regions, _):
        assert anyio.run(kind_of_next, regions) is SystemRegion


def test_memory_of_the_host_does_where_the_server_has_another_gpu(cuda: Cuda) -> None:
    with pool(kinds=CUDA_FIRST) as (regions, connection):
        connection.server.refuses_cuda = True

        assert anyio.run(kind_of_next, regions) is SystemRegion
    assert not cuda.memory


def test_memory_of_the_host_does_without_the_bindings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cuda.bindings.runtime", None)

    with pytest.raises(NoSuchMemory, match=r"comes with limn\[gpu\]"):
        CudaRegion(SIZE)
    with pool(kinds=CUDA_FIRST) as (regions, _):
        assert anyio.run(kind_of_next, regions) is SystemRegion


def test_lost_gpu_is_a_lost_region(cuda: Cuda) -> None:
    region = CudaRegion(SIZE)
    cuda.fails = "cudaMemcpy"

    with pytest.raises(RegionLost, match="cudaErrorMemoryAllocation"):
        region.write(np.zeros(4, np.uint8))
