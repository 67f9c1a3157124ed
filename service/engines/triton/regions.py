"""Memory that the gateway and a Triton on the same machine both see, of the host or of a GPU."""

import base64
import ctypes
import importlib
import os
import sys
import uuid
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from tritonclient.grpc.aio import InferenceServerClient
from tritonclient.utils import shared_memory

from service.engines.triton.connection import RegionLost

_FILES = Path("/dev/shm")  # noqa: S108 - where Linux keeps POSIX shared memory
_DEVICE = 0
"""The GPU that Triton's instances are on, by CUDA's number."""


class NoSuchMemory(Exception):
    """This machine has no memory of the kind; another kind may do."""


class Region(Protocol):
    """Bytes that hold the tensors of one call, known to the server by name.

    Attributes:
        registered_at: `losses` of the connection when the server was told of it; None before.
    """

    registered_at: int | None

    @property
    def name(self) -> str: ...

    def write(self, values: NDArray[Any]) -> None:
        """Put an array at the beginning."""
        ...

    def read(self, offset: int, shape: Sequence[int], dtype: type[np.generic]) -> NDArray[Any]:
        """A copy, from `offset` in bytes on: the memory is used again when the call has ended."""
        ...

    async def register(self, client: InferenceServerClient) -> None: ...
    async def unregister(self, client: InferenceServerClient) -> None: ...
    def destroy(self) -> None: ...


class SystemRegion:
    """POSIX shared memory of the host."""

    def __init__(self, size: int) -> None:
        self.name = f"limn_{uuid.uuid4().hex}"
        self.registered_at: int | None = None
        self._size = size
        try:
            self._handle: Any = shared_memory.create_shared_memory_region(
                self.name, f"/{self.name}", size, create_only=True
            )
        except shared_memory.SharedMemoryException as exc:
            raise NoSuchMemory(f"no shared memory on this machine: {exc}") from exc
        try:
            _reserve(_FILES / self.name, size)
        except OSError as exc:
            self.destroy()
            raise NoSuchMemory(f"no room for shared memory, {size} bytes: {exc.strerror}") from exc

    def write(self, values: NDArray[Any]) -> None:
        """See `Region.write`."""
        shared_memory.set_shared_memory_region(self._handle, [np.ascontiguousarray(values)])

    def read(self, offset: int, shape: Sequence[int], dtype: type[np.generic]) -> NDArray[Any]:
        """See `Region.read`."""
        seen = shared_memory.get_contents_as_numpy(
            self._handle, np.dtype(dtype).type, list(shape), offset=offset
        )
        return np.array(seen)

    async def register(self, client: InferenceServerClient) -> None:
        await client.register_system_shared_memory(self.name, f"/{self.name}", self._size)

    async def unregister(self, client: InferenceServerClient) -> None:
        await client.unregister_system_shared_memory(self.name)

    def destroy(self) -> None:
        shared_memory.destroy_shared_memory_region(self._handle)


def _reserve(file: Path, size: int) -> None:
    """Take the memory now: where none is left, the first write would end the process (SIGBUS)."""
    if sys.platform == "linux":
        descriptor = os.open(file, os.O_RDWR)
        try:
            os.posix_fallocate(descriptor, 0, size)
        finally:
            os.close(descriptor)


class CudaRegion:
    """Memory of a GPU, handed to the server by CUDA's inter-process handle.

    Triton's inputs and outputs then stay on the GPU; the gateway copies once each way. Written
    against CUDA Runtime 13 (cudaMalloc, cudaIpcGetMemHandle, cudaMemcpy) and Triton's CUDA shared
    memory extension.
    """

    def __init__(self, size: int) -> None:
        """NoSuchMemory where there is no CUDA device, or no `cuda.bindings` to reach it with."""
        self.name = f"limn_{uuid.uuid4().hex}"
        self.registered_at: int | None = None
        self._size = size
        try:
            self._cuda: Any = importlib.import_module("cuda.bindings.runtime")
        except ImportError as exc:
            raise NoSuchMemory("cuda.bindings is not installed; it comes with limn[gpu]") from exc
        try:
            self._allocate()
        except (_CudaFailed, RuntimeError) as exc:
            # The bindings raise RuntimeError where they find no library of CUDA's.
            raise NoSuchMemory(f"no memory of a GPU: {exc}") from exc

    def write(self, values: NDArray[Any]) -> None:
        """See `Region.write`."""
        source = np.ascontiguousarray(values)
        self._copy(self._address, source.ctypes.data, source.nbytes, "cudaMemcpyHostToDevice")

    def read(self, offset: int, shape: Sequence[int], dtype: type[np.generic]) -> NDArray[Any]:
        """See `Region.read`."""
        target: NDArray[Any] = np.empty(shape, dtype)
        source = self._address + offset
        self._copy(target.ctypes.data, source, target.nbytes, "cudaMemcpyDeviceToHost")
        return target

    async def register(self, client: InferenceServerClient) -> None:
        await client.register_cuda_shared_memory(self.name, self._handle, _DEVICE, self._size)

    async def unregister(self, client: InferenceServerClient) -> None:
        await client.unregister_cuda_shared_memory(self.name)

    def destroy(self) -> None:
        # Memory of a context that is lost is lost with it.
        with suppress(_CudaFailed):
            self._call("cudaFree", self._address)

    def _allocate(self) -> None:
        self._call("cudaSetDevice", _DEVICE)
        self._address: int = self._call("cudaMalloc", self._size)
        try:
            handle = self._call("cudaIpcGetMemHandle", self._address)
        except _CudaFailed:
            self.destroy()
            raise
        raw = ctypes.string_at(handle.getPtr(), self._cuda.CUDA_IPC_HANDLE_SIZE)
        self._handle = base64.b64encode(raw)

    def _copy(self, target: int, source: int, size: int, direction: str) -> None:
        kind = getattr(self._cuda.cudaMemcpyKind, direction)
        try:
            self._call("cudaMemcpy", target, source, size, kind)
        except _CudaFailed as exc:
            raise RegionLost(f"memory of the GPU cannot be used: {exc}") from exc

    def _call(self, name: str, *arguments: object) -> Any:  # noqa: ANN401 - the bindings are untyped
        """The one result of a call that answers (status, result) or (status,)."""
        status, *results = getattr(self._cuda, name)(*arguments)
        if int(status) != 0:
            raise _CudaFailed(f"{name}: {status.name}")
        return results[0] if results else None


class _CudaFailed(Exception):
    """A call of CUDA's runtime did not succeed."""
