"""The ways in which tensors get to a server and back: in the messages, or in shared memory.

A carrier does for every request what a client has to: it puts arrays in and gets arrays out, which
can be read without another copy until the carrier is asked again.
"""

import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import accumulate
from typing import Any, Protocol

from tritonclient.utils import InferenceServerException, shared_memory

from loadtests.server import Array, CannotMeasure, Server

ALIGNMENT = 64
"""Bytes; tensors begin at multiples of a cache line, as in memory of their own."""


class Carrier(Protocol):
    """One request at a time to one model."""

    async def ask(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """One inference; the arrays of the outputs by their names."""


class Wire:
    """Tensors in the messages."""

    def __init__(self, server: Server, model: str, outputs: Sequence[str]) -> None:
        self._server = server
        self._model = model
        self._outputs = [server.output(name) for name in outputs]
        self._names = tuple(outputs)

    async def ask(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """See `Carrier.ask`."""
        tensors = []
        for name, array in inputs.items():
            tensor = self._server.input(name, array.shape, array.dtype)
            tensor.set_data_from_numpy(array)
            tensors.append(tensor)
        result = await self._server.api.infer(self._model, tensors, outputs=self._outputs)
        return {name: result.as_numpy(name) for name in self._names}


class _Memory:
    """Tensors in a region of system shared memory that the server knows."""

    def __init__(
        self,
        server: Server,
        model: str,
        inputs: Mapping[str, Array],
        outputs: Mapping[str, Array],
    ) -> None:
        self._server = server
        self._model = model
        self._outputs = outputs
        arrays = {**inputs, **outputs}
        sizes = [-(-array.nbytes // ALIGNMENT) * ALIGNMENT for array in arrays.values()]
        offsets = list(accumulate(sizes, initial=0))
        self.size = offsets.pop()
        self._offsets = dict(zip(arrays, offsets, strict=True))
        self.name = f"loadtest_{uuid.uuid4().hex}"
        self._region: Any = shared_memory.create_shared_memory_region(
            self.name, f"/{self.name}", self.size, create_only=True
        )

    async def register(self) -> None:
        await self._server.api.register_system_shared_memory(self.name, f"/{self.name}", self.size)

    async def ask(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """See `Carrier.ask`; shapes and types are those that the region was made for."""
        tensors = []
        for name, array in inputs.items():
            shared_memory.set_shared_memory_region(self._region, [array], self._offsets[name])
            tensor = self._server.input(name, array.shape, array.dtype)
            tensor.set_shared_memory(self.name, array.nbytes, self._offsets[name])
            tensors.append(tensor)
        wanted = []
        for name, array in self._outputs.items():
            output = self._server.output(name)
            output.set_shared_memory(self.name, array.nbytes, self._offsets[name])
            wanted.append(output)
        await self._server.api.infer(self._model, tensors, outputs=wanted)
        return {
            name: shared_memory.get_contents_as_numpy(
                self._region, array.dtype, list(array.shape), self._offsets[name]
            )
            for name, array in self._outputs.items()
        }

    async def close(self) -> None:
        """Give the memory back, whether the server listens or not."""
        try:
            with suppress(InferenceServerException, OSError):
                await self._server.api.unregister_system_shared_memory(self.name)
        finally:
            shared_memory.destroy_shared_memory_region(self._region)


@asynccontextmanager
async def memory(
    server: Server, model: str, inputs: Mapping[str, Array], outputs: Mapping[str, Array]
) -> AsyncIterator[Carrier]:
    """A carrier in system shared memory, registered once.

    Args:
        inputs: arrays of the shapes and types that will be sent.
        outputs: arrays as the server answers them to such inputs.

    Raises:
        CannotMeasure: tensors of strings, or the server refuses.
    """
    if any(array.dtype.hasobject for array in (*inputs.values(), *outputs.values())):
        raise CannotMeasure(f"{model}: strings have no fixed size to share memory for")
    carrier = _Memory(server, model, inputs, outputs)
    try:
        try:
            await carrier.register()
        except InferenceServerException as exc:
            raise CannotMeasure(f"{server.url} shares no memory: {exc.message()}") from exc
        yield carrier
    finally:
        await carrier.close()
