"""Keys over gRPC: the same `authorization: Bearer ...`, in the metadata of a call."""

from collections.abc import AsyncIterator, Awaitable, Callable

import grpc
from grpc.aio import ServerInterceptor, ServicerContext

from limn.errors import LimnError
from service.access import Access
from service.keys import Key
from service.kserve.status import status_of
from service.metrics import Metrics

_OPEN = frozenset(("ServerLive", "ServerReady"))
_HEADER = "authorization"

Metadata = tuple[tuple[str, str | bytes], ...] | None


def key_of(access: Access, metadata: Metadata) -> Key | None:
    """The key of a call; None where none is asked for, else raises what `Access.require` does."""
    shown = [value for name, value in metadata or () if name == _HEADER]
    return access.require("parse", [value for value in shown if isinstance(value, str)])


class AccessInterceptor(ServerInterceptor):  # type: ignore[misc]
    """Refuses a call without a key before its message is read."""

    def __init__(self, access: Access, metrics: Metrics) -> None:
        self._access = access
        self._metrics = metrics

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler | None]],
        details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler | None:
        handler = await continuation(details)
        method = details.method.rpartition("/")[2]
        if handler is None or method in _OPEN:
            return handler
        try:
            key_of(self._access, details.invocation_metadata)
        except LimnError as error:
            return self._refusal(method, error)
        return handler

    def _refusal(self, method: str, error: LimnError) -> grpc.RpcMethodHandler:
        code, text = status_of(error)
        self._metrics.called(method, code.name, 0)

        async def refuse(_: AsyncIterator[bytes], context: ServicerContext) -> None:
            await context.abort(code, text)

        # As a stream, whatever the method is: the message need not come before the refusal.
        return grpc.stream_stream_rpc_method_handler(refuse)
