"""The page before a service that asks for a key."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from service.keys import create
from tests.e2e.parsing_page import ROOT, ParsingPage
from tests.fixtures.gateway import Gateway, gateway


@pytest.fixture(scope="module")
def keys_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys") / "keys.json"


@pytest.fixture(scope="module")
def key(keys_file: Path) -> str:
    return create(keys_file, "me", ["parse"])


@pytest.fixture(scope="module")
def served(browser: Browser, keys_file: Path, key: str) -> Iterator[Gateway]:
    """Takes `browser` and `key` so that both are there before it."""
    with gateway(ROOT / "model_repository", keys_file=keys_file) as running:
        yield running


def test_key_is_asked_for_and_used(page: ParsingPage, key: str) -> None:
    page["sample"].click()
    expect(page["alert-title"]).to_have_text("A valid key is needed")

    page["key"].fill(key)
    page["key"].press("Enter")
    page.settle()

    expect(page["alert"]).to_be_hidden()
    expect(page["snippet"]).to_contain_text("Authorization: Bearer $LIMN_KEY")


def test_wrong_key_can_be_corrected(page: ParsingPage, key: str) -> None:
    page["sample"].click()
    page["key"].fill("wrong")
    page["key"].press("Enter")
    expect(page["alert-title"]).to_have_text("A valid key is needed")

    page["key"].fill(key)
    page["key"].press("Enter")
    page.settle()

    expect(page["alert"]).to_be_hidden()
