"""Settings, ports, keys and certificates."""

import difflib
from collections.abc import Iterator, Mapping

from limn.errors import LimnError
from service.diagnosis.finding import Finding
from service.errors import PortTaken
from service.keys import Keys
from service.ports import Listener, address, require_free_port
from service.settings import Settings

_PREFIX = "LIMN_"
_OTHERS = {"LIMN_KEY"}
"""Variables of the client, which are no settings."""


def findings(settings: Settings, environment: Mapping[str, str]) -> Iterator[Finding]:
    yield from _settings(environment)
    listeners: list[tuple[Listener, str, int | None]] = [
        ("HTTP", settings.http_host, settings.http_port),
        ("GRPC", settings.grpc_host, settings.grpc_port),
        ("OPERATIONS", settings.operations_host, settings.operations_port),
    ]
    for listener, host, port in listeners:
        if port is not None:
            yield _port(listener, host, port)
    yield _access(settings)


def _settings(environment: Mapping[str, str]) -> Iterator[Finding]:
    known = {_PREFIX + name.upper() for name in Settings.model_fields}
    given = sorted(name for name in environment if name.upper().startswith(_PREFIX))
    told = [name for name in given if name.upper() in known]
    yield Finding("settings", ", ".join(told) or "all by default")
    for name in given:
        if name.upper() not in known | _OTHERS:
            near = difflib.get_close_matches(name.upper(), known, n=1)
            yield Finding(
                "settings",
                f"{name} is not one, and changes nothing",
                "fault",
                f"is {near[0]} meant?" if near else "`limn serve --help` lists them",
            )


def _port(listener: Listener, host: str, port: int) -> Finding:
    subject = f"{listener.lower()} port"
    try:
        require_free_port(listener, host, port)
    except PortTaken:
        return Finding(
            subject,
            f"{address(host, port)} is taken",
            "note",
            f"by a service that runs already, or choose another LIMN_{listener}_PORT",
        )
    return Finding(subject, address(host, port) if port else "any free one")


def _access(settings: Settings) -> Finding:
    tls = "TLS" if settings.tls_certificate is not None else "no TLS"
    try:
        if settings.tls is not None:
            settings.tls.check()
        if settings.keys_file is None:
            open_to_all = settings.http_host not in ("127.0.0.1", "localhost", "::1")
            advice = "anybody who reaches it may ask; LIMN_KEYS_FILE asks for keys"
            if open_to_all:
                return Finding("access", f"no keys, {tls}", "note", advice)
            return Finding("access", f"no keys, {tls}, this machine alone")
        keys = Keys.read(settings.keys_file)
    except LimnError as error:
        return Finding("access", str(error), "fault")
    return Finding("access", f"{len(list(keys))} keys, {tls}")
