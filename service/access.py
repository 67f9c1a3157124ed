"""Who may ask for what: nobody is asked for a key unless a file of keys is set."""

from collections.abc import Sequence
from pathlib import Path

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from service import problems
from service.errors import KeyRequired, ScopeRequired
from service.keys import Key, Keys, KeyScope

_OPEN = frozenset(
    (
        "/",
        "/docs",
        "/openapi.json",
        "/livez",
        "/readyz",
        "/startupz",
        "/version",
        "/v2/health/live",
        "/v2/health/ready",
    )
)
"""What tells nothing of photos or models: health, and how to ask."""

_OPEN_FOLDER = "/static/"
_METRICS = "/metrics"
ADMIN_FOLDER = "/v1/admin/"


class Access:
    """The keys in force; `path` is None where no keys are asked for."""

    def __init__(self, path: Path | None) -> None:
        """KeysUnusable where the file is none of keys."""
        self._path = path
        self._keys = None if path is None else Keys.read(path)

    @property
    def is_restricted(self) -> bool:
        return self._keys is not None

    def reload(self) -> None:
        """Read the file again; where that raises KeysUnusable, the keys stay as they were."""
        if self._path is not None:
            self._keys = Keys.read(self._path)

    def require(self, scope: KeyScope, credentials: Sequence[str]) -> Key | None:
        """The key that a client shows in `Authorization`; None where none is asked for.

        Raises:
            KeyRequired, ScopeRequired: see `Keys.require`.
        """
        return None if self._keys is None else self._keys.require(scope, _bearer(credentials))


def _bearer(credentials: Sequence[str]) -> str | None:
    """The one token of a bearer; two headers may be read differently by two servers."""
    if len(credentials) != 1:
        return None
    scheme, _, token = credentials[0].partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def scope_of(path: str) -> KeyScope | None:
    """What a path needs; one that is not known needs what most need."""
    if path in _OPEN or path.startswith(_OPEN_FOLDER):
        return None
    if path == _METRICS:
        return "metrics"
    return "admin" if path.startswith(ADMIN_FOLDER) else "parse"


class AccessGate:
    """Refuses a request without the key that its path needs, before its body is read."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self.app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        needed = scope_of(scope["path"]) if scope["type"] == "http" else None
        if needed is None:
            await self.app(scope, receive, send)
            return
        try:
            key = self._access.require(needed, Headers(scope=scope).getlist("authorization"))
        except (KeyRequired, ScopeRequired) as error:
            fault = "" if isinstance(error, KeyRequired) else ', error="insufficient_scope"'
            challenge = {"WWW-Authenticate": f'Bearer realm="limn", scope="{needed}"{fault}'}
            response = problems.respond(problems.document_of(error), scope, challenge)
            await response(scope, receive, send)
            return
        if key is not None:
            scope["state"]["caller"] = key.caller
        await self.app(scope, receive, send)
