"""Runs the gateway: HTTP and gRPC in one process, from its start to its end."""

import asyncio
import gc
from socket import socket
from typing import Any

import uvicorn
from fastapi import FastAPI

from service.app import create_app, create_operations_app
from service.http_protocol import BoundedProtocol
from service.logs import log_config
from service.opening import Opening
from service.ports import require_free_port
from service.settings import Settings
from service.signals import OperationsServer, SignalledServer
from service.startup import require_device

_OPERATIONS_GRACE_S = 1


def serve(settings: Settings, opening: Opening) -> None:
    """Run the app, with the models that are being opened, until it is told to stop.

    Raises:
        ContractError: the models are not whole.
        PortTaken: something else listens there already.
        DeviceUnavailable: there is no such device.
        KeysUnusable, TlsUnusable: a file that is named is not what it should be.
    """
    # A fault should show as one line, and before a port is taken. The lifespan waits for the rest.
    opening.repository()
    _require_ports(settings)
    require_device(settings)
    if settings.tls is not None:
        settings.tls.check()
    app = create_app(settings, opening)
    config = uvicorn.Config(
        app,
        host=settings.http_host,
        port=settings.http_port,
        timeout_graceful_shutdown=settings.shutdown_timeout_s,
        log_config=log_config(settings.log_level, settings.log_format),
        **_options(settings, asks_clients=True),
    )
    gateway = GatewayServer(config, app.state.serving, settings.shutdown_timeout_s)
    operations = _operations_server(app, settings)
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(_serve(gateway, operations))


class GatewayServer(SignalledServer):
    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Start, and spare the garbage collector what that leaves.

        It lives as long as the process, and looking through it stops every thread, the event loop
        too: for 60 to 140 ms on two busy cores, in a service that has to say 429 within 50.
        """
        await super().startup(sockets)
        gc.collect()
        gc.freeze()


def _require_ports(settings: Settings) -> None:
    require_free_port("HTTP", settings.http_host, settings.http_port)
    require_free_port("GRPC", settings.grpc_host, settings.grpc_port)
    if settings.operations_port is not None:
        require_free_port("OPERATIONS", settings.operations_host, settings.operations_port)


def _operations_server(app: FastAPI, settings: Settings) -> uvicorn.Server | None:
    if settings.operations_port is None:
        return None
    config = uvicorn.Config(
        create_operations_app(app),
        host=settings.operations_host,
        port=settings.operations_port,
        lifespan="off",
        timeout_graceful_shutdown=_OPERATIONS_GRACE_S,
        log_config=None,
        # Probes of an orchestrator have no certificate to show.
        **_options(settings, asks_clients=False),
    )
    return OperationsServer(config)


async def _serve(gateway: uvicorn.Server, operations: uvicorn.Server | None) -> None:
    """Operators are answered before the models are loaded, and until the last request is done."""
    if operations is None:
        await gateway.serve()
        return
    answering = asyncio.create_task(operations.serve())
    try:
        await gateway.serve()
    finally:
        operations.should_exit = True
        await answering


def _options(settings: Settings, asks_clients: bool) -> dict[str, Any]:
    """What both servers have."""
    options = {} if settings.tls is None else settings.tls.http_options(asks_clients)
    return options | {
        "http": BoundedProtocol,
        "log_level": settings.log_level,
        # Ours has one line per request, without its query.
        "access_log": False,
        # Anybody could claim to be a proxy, and put an address of his choice into the log.
        "proxy_headers": False,
        "server_header": False,
    }
