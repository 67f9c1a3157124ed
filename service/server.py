"""Runs the gateway: HTTP and gRPC in one process."""

import uvicorn

from service.app import create_app
from service.kserve.server import require_free_port
from service.logs import log_config
from service.repository import ModelRepository
from service.settings import Settings
from service.startup import require_device


def serve(settings: Settings) -> None:
    """Run the app until it is told to stop.

    Raises:
        ContractError: the models are not whole.
        PortTaken: gRPC cannot listen where it should.
        DeviceUnavailable: there is no such device.
        KeysUnusable, TlsUnusable: a file that is named is not what it should be.
    """
    # The lifespan does both again: a fault should show as one line, before a port is taken.
    ModelRepository(settings.model_repository, settings.default_model)
    require_free_port(settings.grpc_host, settings.grpc_port)
    require_device(settings)
    if settings.tls is not None:
        settings.tls.check()
    uvicorn.run(
        create_app(settings),
        host=settings.http_host,
        port=settings.http_port,
        log_level=settings.log_level,
        log_config=log_config(settings.log_level),
        # Ours has one line per request, without its query.
        access_log=False,
        # Anybody could claim to be a proxy, and put an address of his choice into the log.
        proxy_headers=False,
        server_header=False,
        **({} if settings.tls is None else settings.tls.http_options()),
    )
