"""The gRPC server: where it listens, what it bounds, and how it ends."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc.aio
from anyio import Event, create_task_group
from grpc.aio import ServerInterceptor

from service.kserve.methods import method_handlers
from service.kserve.servicer import InferenceServicer
from service.ports import address, taken
from service.tls import Tls

logger = logging.getLogger("limn.grpc")

SPARE_CALLS = 64
"""Calls beside those that admission counts: health, metadata, open streams."""


@asynccontextmanager
async def grpc_server(
    servicer: InferenceServicer,
    interceptor: ServerInterceptor,
    tls: Tls | None,
    host: str,
    port: int,
    max_message_bytes: int,
    max_calls: int,
    stopping: Event,
    grace_s: float,
) -> AsyncIterator[int]:
    """Serve inside the block; gives the port, which is a free one where `port` is 0.

    A message that is too long, and a call too many, end as RESOURCE_EXHAUSTED before the message
    is read. Once `stopping` is set, no call is taken any more, and those in flight have `grace_s`.

    Raises:
        PortTaken: nothing can listen there.
    """
    server = grpc.aio.server(
        interceptors=[interceptor],
        maximum_concurrent_rpcs=max_calls + SPARE_CALLS,
        options=[
            ("grpc.max_receive_message_length", max_message_bytes),
            # Else a second service would share the port without a word.
            ("grpc.so_reuseport", 0),
        ],
    )
    server.add_generic_rpc_handlers((method_handlers(servicer),))
    bound = _bound(server, tls, host, port)
    await server.start()
    logger.info("gRPC on %s", address(host, bound))

    async def stop() -> None:
        await stopping.wait()
        await server.stop(grace_s)

    async with create_task_group() as tasks:
        tasks.start_soon(stop)
        try:
            yield bound
        finally:
            await server.stop(grace_s)
            tasks.cancel_scope.cancel()


def _bound(server: grpc.aio.Server, tls: Tls | None, host: str, port: int) -> int:
    try:
        if tls is None:
            return int(server.add_insecure_port(address(host, port)))
        return int(server.add_secure_port(address(host, port), tls.grpc_credentials()))
    except RuntimeError as exc:
        raise taken("GRPC", host, port) from exc
