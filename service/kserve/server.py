"""The gRPC server: where it listens, what it bounds, and how it ends."""

import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc.aio
from anyio import Event, create_task_group
from grpc.aio import ServerInterceptor

from service.errors import PortTaken
from service.kserve.methods import method_handlers
from service.kserve.servicer import InferenceServicer
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
    try:
        if tls is None:
            bound = server.add_insecure_port(_address(host, port))
        else:
            bound = server.add_secure_port(_address(host, port), tls.grpc_credentials())
    except RuntimeError as exc:
        raise _taken(host, port) from exc
    await server.start()
    logger.info("gRPC on %s", _address(host, bound))

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


def require_free_port(host: str, port: int) -> None:
    """PortTaken where something listens there already, or the host is not this machine."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as exc:
            raise _taken(host, port) from exc


def _taken(host: str, port: int) -> PortTaken:
    return PortTaken(
        f"gRPC cannot listen on {_address(host, port)}; LIMN_GRPC_PORT and LIMN_GRPC_HOST name"
        " another place, port 0 is any free one"
    )


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
