"""A server of the Open Inference Protocol, Triton or another, by NVIDIA's own asyncio clients."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Self, get_args

import numpy as np
import tritonclient.grpc
import tritonclient.grpc.aio
import tritonclient.http
import tritonclient.http.aio
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from numpy.typing import NDArray
from tritonclient.grpc import InferInput, InferRequestedOutput
from tritonclient.utils import np_to_triton_dtype

Transport = Literal["grpc", "http"]
TRANSPORTS: tuple[Transport, ...] = get_args(Transport)

Array = NDArray[Any]

_LIBRARIES: dict[Transport, Any] = {"grpc": tritonclient.grpc, "http": tritonclient.http}


class CannotMeasure(Exception):
    """What was asked for does not fit the server, or cannot be measured on it."""


@dataclass(frozen=True)
class TensorSpec:
    """An input or output; a length of -1 is any."""

    name: str
    datatype: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Model:
    """As the server describes it; `max_batch` is 0 where shapes have no batch."""

    name: str
    max_batch: int
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]


class Server:
    """An asyncio client; HTTP and gRPC give the same documents."""

    def __init__(self, transport: Transport, url: str) -> None:
        self.url = url
        self.library = _LIBRARIES[transport]
        self.api: Any = self.library.aio.InferenceServerClient(url)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.api.close()

    async def title(self) -> str:
        """What the server calls itself, and its version."""
        found = _document(await self.api.get_server_metadata())
        return f"{found['name']} {found['version']}"

    async def model(self, name: str) -> Model:
        metadata = _document(await self.api.get_model_metadata(name))
        config = await self.config(name)
        return Model(
            name,
            int(config.get("max_batch_size", 0)),
            tuple(map(_spec, metadata["inputs"])),
            tuple(map(_spec, metadata["outputs"])),
        )

    async def config(self, name: str) -> dict[str, Any]:
        """Members of Triton's `ModelConfig`; 64-bit integers may be strings."""
        found = _document(await self.api.get_model_config(name))
        config: dict[str, Any] = found.get("config", found)
        return config

    async def statistics(self, name: str) -> dict[str, Any]:
        """`inference_stats` of a model, since the server's start; as `config`, zeros left out."""
        found = _document(await self.api.get_inference_statistics(name))
        statistics: dict[str, Any] = found["model_stats"][0].get("inference_stats", {})
        return statistics

    def input(self, name: str, shape: Sequence[int], dtype: "np.dtype[Any]") -> InferInput:
        """An input without its data."""
        return self.library.InferInput(name, list(shape), np_to_triton_dtype(dtype))

    def output(self, name: str) -> InferRequestedOutput:
        return self.library.InferRequestedOutput(name)


def _document(answer: dict[str, Any] | Message) -> dict[str, Any]:
    if isinstance(answer, dict):
        return answer
    converted: dict[str, Any] = MessageToDict(answer, preserving_proto_field_name=True)
    return converted


def _spec(tensor: dict[str, Any]) -> TensorSpec:
    return TensorSpec(tensor["name"], tensor["datatype"], tuple(map(int, tensor["shape"])))
