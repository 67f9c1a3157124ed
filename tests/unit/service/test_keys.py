import hashlib
import json
import stat
from pathlib import Path

import pytest

from service.errors import KeyRequired, KeysUnusable, ScopeRequired
from service.keys import Keys, create, revoke


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


def test_key_is_kept_as_a_hash_that_its_owner_alone_reads(file: Path) -> None:
    shown = create(file, "phone-app", ["parse"])

    text = file.read_text()
    (entry,) = json.loads(text)["keys"]
    assert shown not in text
    assert shown.rpartition("_")[2] not in text
    assert entry["sha256"] == hashlib.sha256(shown.encode()).hexdigest()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_key_opens_its_scopes_and_no_other(file: Path) -> None:
    shown = create(file, "prometheus", ["metrics"])
    keys = Keys.read(file)

    assert keys.require("metrics", shown).name == "prometheus"
    with pytest.raises(ScopeRequired, match="'prometheus' is not for 'parse'"):
        keys.require("parse", shown)


def test_every_other_text_is_refused_alike(file: Path) -> None:
    shown = create(file, "a", ["parse"])
    other = create(file, "b", ["parse"])
    keys = Keys.read(file)
    swapped = shown[:14] + other[14:]
    unknown = "limn_00000000_" + shown[14:]

    for text in (None, "", "limn", shown[:-1], shown + "x", shown.upper(), swapped, unknown):
        with pytest.raises(KeyRequired) as caught:
            keys.require("parse", text)
        assert shown[14:] not in str(caught.value)


def test_revoked_key_is_refused(file: Path) -> None:
    shown, other = create(file, "a", ["parse"]), create(file, "b", ["admin"])

    revoke(file, "a")

    with pytest.raises(KeyRequired):
        Keys.read(file).require("parse", shown)
    assert Keys.read(file).require("admin", other).name == "b"


def test_change_that_cannot_be_made_is_told(file: Path) -> None:
    create(file, "a", ["parse"])

    with pytest.raises(KeysUnusable, match="has a key 'a'"):
        create(file, "a", ["parse"])
    with pytest.raises(KeysUnusable, match="has no key 'b'"):
        revoke(file, "b")
    for name in ("a b", "a\nb", "", "x" * 65):
        with pytest.raises(KeysUnusable, match="letters, digits"):
            create(file, name, ["parse"])
    assert [key.name for key in Keys.read(file)] == ["a"]


@pytest.mark.parametrize("text", ["", "[]", '{"keys": [{"id": "x"}]}', '{"other": 1}'])
def test_file_of_something_else_is_refused(file: Path, text: str) -> None:
    file.write_text(text)

    with pytest.raises(KeysUnusable, match="is no file of keys"):
        Keys.read(file)


def test_missing_file_is_refused(file: Path) -> None:
    with pytest.raises(KeysUnusable, match="`limn key create` writes one"):
        Keys.read(file)
