"""API keys: shown once when they are made, kept as hashes in a file."""

import hashlib
import hmac
import os
import re
import secrets
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from service.errors import KeyRequired, KeysUnusable, ScopeRequired

KeyScope = Literal["parse", "metrics", "admin"]

_FORM = re.compile(r"limn_([0-9a-f]{8})_[A-Za-z0-9_-]{43}")
_SECRET_BYTES = 32
_NOBODYS = "0" * 64


class Key(BaseModel):
    """What is known of a key. Its secret has 256 random bits, so that a plain hash hides it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[0-9a-f]{8}$", description="part of the key, and no secret")
    name: str = Field(pattern=r"^[A-Za-z0-9._-]{1,64}$", description="whose it is")
    scopes: Annotated[frozenset[KeyScope], Field(min_length=1)]
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="of the whole key")

    @property
    def caller(self) -> str:
        """What requests with this key are counted under, over HTTP and gRPC together."""
        return f"key {self.id}"


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    keys: tuple[Key, ...] = ()


class Keys:
    """All keys of a file, as it was when they were read."""

    def __init__(self, keys: Collection[Key]) -> None:
        self._keys = {key.id: key for key in keys}

    @classmethod
    def read(cls, path: Path) -> "Keys":
        """KeysUnusable where the file is not there, or is not one of keys."""
        try:
            return cls(_File.model_validate_json(path.read_bytes()).keys)
        except OSError as exc:
            raise KeysUnusable(
                f"{path} cannot be read: {exc.strerror}; `limn key create` writes one"
            ) from exc
        except ValidationError as exc:
            fault = exc.errors(include_input=False, include_url=False)[0]
            place = ".".join(map(str, fault["loc"])) or "file"
            raise KeysUnusable(f"{path} is no file of keys: {place}: {fault['msg']}") from exc

    def __iter__(self) -> Iterator[Key]:
        return iter(self._keys.values())

    def require(self, scope: KeyScope, shown: str | None) -> Key:
        """The key that a client shows.

        Raises:
            KeyRequired: it shows none, or one that is not among these.
            ScopeRequired: the key is not for this.
        """
        form = _FORM.fullmatch(shown or "")
        if shown is None or form is None:
            raise KeyRequired("send a key: Authorization: Bearer limn_...")
        key = self._keys.get(form[1])
        digest = hashlib.sha256(shown.encode()).hexdigest()
        # The comparison takes the same time whether there is such a key or not.
        if not hmac.compare_digest(digest, _NOBODYS if key is None else key.sha256) or not key:
            raise KeyRequired("this key is not valid here")
        if scope not in key.scopes:
            raise ScopeRequired(f"the key {key.name!r} is not for {scope!r}")
        return key


def create(path: Path, name: str, scopes: Collection[str]) -> str:
    """Add a key to a file, which is made where it is not there; the key, never shown again.

    Raises:
        KeysUnusable: the file is none of keys, or has one of that name.
    """
    keys = list(Keys.read(path)) if path.exists() else []
    if name in [key.name for key in keys]:
        raise KeysUnusable(f"{path} has a key {name!r}; revoke it first")
    number = secrets.token_hex(4)
    shown = f"limn_{number}_{secrets.token_urlsafe(_SECRET_BYTES)}"
    try:
        digest = hashlib.sha256(shown.encode()).hexdigest()
        facts = {"id": number, "name": name, "scopes": scopes, "sha256": digest}
        key = Key.model_validate(facts)
    except ValidationError as exc:
        raise KeysUnusable(
            "a key has a name of letters, digits, dots, dashes and underscores, and a scope"
        ) from exc
    _write(path, [*keys, key])
    return shown


def revoke(path: Path, name: str) -> None:
    """Take a key out of a file; KeysUnusable where there is none of that name."""
    keys = list(Keys.read(path))
    left = [key for key in keys if key.name != name]
    if len(left) == len(keys):
        raise KeysUnusable(f"{path} has no key {name!r}")
    _write(path, left)


def _write(path: Path, keys: Collection[Key]) -> None:
    """All or nothing, and readable by its owner alone."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "w") as file:
        file.write(_File(keys=tuple(keys)).model_dump_json(indent=2) + "\n")
    Path(temporary).replace(path)
