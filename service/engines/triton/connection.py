"""Calls to one Triton server: within the request's deadline, tried again, in our errors."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypeVar

import anyio
from anyio.lowlevel import checkpoint_if_cancelled
from tritonclient.grpc import InferInput, InferRequestedOutput, InferResult
from tritonclient.grpc.aio import InferenceServerClient
from tritonclient.utils import InferenceServerException

from service.errors import EngineUnavailable, InferenceFailed

T = TypeVar("T")

RETRY_AFTER_S = (0.05, 0.2)
"""Pauses before a call is tried again; only where it never reached a working server."""

LONGEST_CALL_S = 60.0
"""For calls outside of any request's deadline."""

PROBE_S = 2.0
"""For questions that a healthy server answers at once."""

_CHANNEL = [
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    # A server that comes back is found at once, not after the two minutes that gRPC may wait.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),
]

_UNAVAILABLE = "StatusCode.UNAVAILABLE"
_NOT_SERVED = ("StatusCode.NOT_FOUND", "StatusCode.INVALID_ARGUMENT")
_LATE = "StatusCode.DEADLINE_EXCEEDED"


class RegionLost(Exception):
    """The server cannot use a region of shared memory; the engine then does without it."""


class TritonConnection:
    """A channel to a Triton server; made where an event loop runs.

    Attributes:
        url: host and port of its gRPC endpoint.
        losses: how often the server was found to be away; whoever has told it something (a
            region of shared memory) tells it again when this has grown.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.losses = 0
        self._client = InferenceServerClient(url, channel_args=_CHANNEL)

    async def infer(
        self,
        model: str,
        version: int,
        inputs: Sequence[InferInput],
        outputs: Sequence[InferRequestedOutput],
    ) -> InferResult:
        """One inference; the server gives up on it when the request's time is over.

        Raises:
            EngineUnavailable: no server, no such model there, or no answer in time.
            RegionLost: see there.
            InferenceFailed: the model failed.
        """

        async def call() -> InferResult:
            remaining = remaining_s()
            return await self._client.infer(
                model,
                list(inputs),
                model_version=str(version),
                outputs=list(outputs),
                client_timeout=remaining,
                timeout=max(1, int(remaining * 1e6)),
            )

        return await self._tried(call)

    async def ask(self, question: Callable[[InferenceServerClient], Awaitable[T]]) -> T:
        """A call that is no inference, for example of metadata; errors as those of `infer`."""

        async def call() -> T:
            with anyio.fail_after(PROBE_S):
                return await _cancellable(partial(question, self._client))

        return await self._tried(call)

    async def is_up(self, models: Sequence[tuple[str, int]]) -> bool:
        """Whether the server says that it is ready and that these models are."""
        try:
            with anyio.fail_after(PROBE_S):
                if not await _cancellable(self._client.is_server_ready):
                    return False
                for name, version in models:
                    is_ready = partial(self._client.is_model_ready, name, str(version))
                    if not await _cancellable(is_ready):
                        return False
        except TimeoutError:
            return False
        except InferenceServerException as exc:
            self.losses += exc.status() == _UNAVAILABLE
            return False
        return True

    async def close(self) -> None:
        await self._client.close()

    async def _tried(self, call: Callable[[], Awaitable[T]]) -> T:
        for pause in (*RETRY_AFTER_S, None):
            try:
                return await _cancellable(call)
            except InferenceServerException as exc:
                if exc.status() != _UNAVAILABLE or pause is None or remaining_s() <= pause:
                    raise self._translated(exc) from exc
                self.losses += 1
            except TimeoutError as exc:
                raise EngineUnavailable(f"Triton at {self.url} does not answer") from exc
            await anyio.sleep(pause)
        raise AssertionError("the last try returns or raises")

    def _translated(
        self, exc: InferenceServerException
    ) -> EngineUnavailable | InferenceFailed | RegionLost:
        status, message = exc.status(), exc.message()
        if "shared memory region" in message:
            return RegionLost(message)
        if status == _UNAVAILABLE:
            self.losses += 1
            return EngineUnavailable(f"Triton at {self.url} cannot be reached")
        if status == _LATE:
            return EngineUnavailable(f"Triton at {self.url} did not answer in time")
        if status in _NOT_SERVED:
            return EngineUnavailable(f"Triton at {self.url} cannot serve this: {message}")
        return InferenceFailed(f"Triton: {status}: {message}")


async def _cancellable(call: Callable[[], Awaitable[T]]) -> T:
    """Result of a call of gRPC's, ended as anyio ends it.

    gRPC puts a cancellation of its own in the place of anyio's, which knows its own by their text:
    a deadline would look like the end of the whole request, and the client have no answer.
    """
    try:
        return await call()
    except asyncio.CancelledError:
        await checkpoint_if_cancelled()
        raise


def remaining_s() -> float:
    """Seconds until the deadline of the request that is being worked on, more than 0."""
    deadline = anyio.current_effective_deadline()
    if math.isinf(deadline):
        return LONGEST_CALL_S
    return max(1e-3, deadline - anyio.current_time())
