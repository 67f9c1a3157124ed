"""Certificates of the service and of its clients, over HTTP and gRPC."""

import ssl
from dataclasses import dataclass
from pathlib import Path

import grpc
import httpx2
import pytest
import trustme

from service.errors import TlsUnusable
from service.opening import Opening
from service.server import serve
from service.settings import Settings
from tests.fixtures.gateway import gateway


@dataclass(frozen=True)
class Certificates:
    """PEM files, made anew for the tests."""

    ca: Path
    certificate: Path
    key: Path
    client: Path

    @property
    def server(self) -> dict[str, object]:
        return {"tls_certificate": self.certificate, "tls_key": self.key}


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    folder, authority = tmp_path_factory.mktemp("tls"), trustme.CA()
    files = Certificates(*(folder / name for name in ("ca", "certificate", "key", "client")))
    server, client = authority.issue_cert("127.0.0.1"), authority.issue_cert("client.test")
    authority.cert_pem.write_to_path(str(files.ca))
    server.private_key_pem.write_to_path(str(files.key))
    server.cert_chain_pems[0].write_to_path(str(files.certificate))
    client.private_key_and_cert_chain_pem.write_to_path(str(files.client))
    return files


def _https(certificates: Certificates, shows: bool) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=certificates.ca)
    if shows:
        context.load_cert_chain(certificates.client)
    return context


def _grpc_live(address: str, certificates: Certificates, shows: bool) -> bool:
    pem = certificates.client.read_bytes() if shows else None
    credentials = grpc.ssl_channel_credentials(certificates.ca.read_bytes(), pem, pem)
    with grpc.secure_channel(address, credentials) as channel:
        live = channel.unary_unary("/inference.GRPCInferenceService/ServerLive")
        try:
            live(b"", timeout=5)
        except grpc.RpcError:
            return False
        return True


def test_certificate_encrypts_both_transports(repository: Path, certificates: Certificates) -> None:
    with gateway(repository, **certificates.server) as running:
        context = _https(certificates, shows=False)
        answer = httpx2.get(f"https://{running.http}/livez", verify=context)
        with pytest.raises(httpx2.TransportError):
            httpx2.get(f"http://{running.http}/livez")

        assert answer.status_code == 200
        assert _grpc_live(running.grpc, certificates, shows=False)


def test_client_must_show_a_certificate_where_that_is_asked(
    repository: Path, certificates: Certificates
) -> None:
    with gateway(repository, **certificates.server, tls_client_ca=certificates.ca) as running:
        url = f"https://{running.http}/livez"
        known = httpx2.get(url, verify=_https(certificates, shows=True))
        with pytest.raises(httpx2.TransportError):
            httpx2.get(url, verify=_https(certificates, shows=False))

        assert known.status_code == 200
        assert _grpc_live(running.grpc, certificates, shows=True)
        assert not _grpc_live(running.grpc, certificates, shows=False)


def test_key_of_another_certificate_is_refused(
    repository: Path, certificates: Certificates
) -> None:
    settings = Settings(
        model_repository=repository,
        http_port=0,
        grpc_port=0,
        tls_certificate=certificates.certificate,
        tls_key=certificates.client,
    )

    with pytest.raises(TlsUnusable, match="LIMN_TLS_CERTIFICATE, LIMN_TLS_KEY"):
        serve(settings, Opening(settings))


def test_half_of_tls_is_refused() -> None:
    with pytest.raises(ValueError, match="belong together"):
        Settings(tls_certificate=Path("a"))
    with pytest.raises(ValueError, match="LIMN_TLS_CLIENT_CA needs"):
        Settings(tls_client_ca=Path("a"))
