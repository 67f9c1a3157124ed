"""Where the service listens, and what to do where it cannot."""

import socket
from typing import Literal

from service.errors import PortTaken

Listener = Literal["HTTP", "GRPC", "OPERATIONS"]


def address(host: str, port: int) -> str:
    """`host:port`, the host in brackets where it has colons of its own."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def require_free_port(listener: Listener, host: str, port: int) -> None:
    """PortTaken where something listens there already, or the host is not this machine."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as exc:
            raise taken(listener, host, port) from exc


def taken(listener: Listener, host: str, port: int) -> PortTaken:
    """The error that says so."""
    return PortTaken(
        f"nothing can listen on {address(host, port)}; LIMN_{listener}_PORT and"
        f" LIMN_{listener}_HOST name another place, port 0 is any free one"
    )
