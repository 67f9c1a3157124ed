"""Certificates of the service, and of its clients where they must have one."""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc

from service.errors import TlsUnusable


@dataclass(frozen=True)
class Tls:
    """PEM files.

    Attributes:
        client_ca: who signs the certificates that clients must show; None where they need none.
    """

    certificate: Path
    key: Path
    client_ca: Path | None

    def check(self) -> None:
        """TlsUnusable where a file is missing, or certificate and key do not belong together."""
        try:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            # Without an answer for a passphrase, OpenSSL would ask the terminal for one.
            context.load_cert_chain(self.certificate, self.key, lambda: b"")
            if self.client_ca is not None:
                context.load_verify_locations(self.client_ca)
        except OSError as exc:
            raise TlsUnusable(
                f"LIMN_TLS_CERTIFICATE, LIMN_TLS_KEY or LIMN_TLS_CLIENT_CA cannot be used: {exc}"
            ) from exc

    def http_options(self, asks_clients: bool = True) -> dict[str, Any]:
        """For `uvicorn.Config`; TLS 1.2 or newer, which is Python's default."""
        options: dict[str, Any] = {"ssl_certfile": self.certificate, "ssl_keyfile": self.key}
        if asks_clients and self.client_ca is not None:
            options |= {"ssl_ca_certs": self.client_ca, "ssl_cert_reqs": ssl.CERT_REQUIRED}
        return options

    def grpc_credentials(self) -> grpc.ServerCredentials:
        pair = (self.key.read_bytes(), self.certificate.read_bytes())
        authority = None if self.client_ca is None else self.client_ca.read_bytes()
        return grpc.ssl_server_credentials([pair], authority, authority is not None)
