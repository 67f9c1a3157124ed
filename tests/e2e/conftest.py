"""The page at `/` in a real Chromium, before a real gateway with the shipped models."""

import shutil
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ViewportSize, sync_playwright

from tests.e2e.parsing_page import ROOT, ParsingPage
from tests.fixtures.gateway import Gateway, gateway

WAIT_MS = 20_000
_CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)
_FLAGS = (
    # Tests run as root in CI, and nothing but our own page is opened.
    "--no-sandbox",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    if _CHROMIUM is None:
        pytest.skip("no Chromium is installed; Debian has it as the package chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=_CHROMIUM, args=_FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="package")
def served(browser: Browser) -> Iterator[Gateway]:
    """Takes `browser` only so that nothing is loaded where there is none."""
    with gateway(ROOT / "model_repository", max_boxes=2) as running:
        yield running


@pytest.fixture
def size() -> ViewportSize:
    return {"width": 1280, "height": 800}


@pytest.fixture
def page(browser: Browser, served: Gateway, size: ViewportSize) -> Iterator[ParsingPage]:
    """The page, just opened; at the end nothing else has been asked, and no script has failed."""
    context = browser.new_context(
        viewport=size, permissions=["clipboard-read", "clipboard-write", "camera"]
    )
    context.set_default_timeout(WAIT_MS)
    asked: list[str] = []
    failed: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    context.on("weberror", lambda error: failed.append(str(error.error)))
    context.on(
        "console",
        lambda message: (
            failed.append(message.text)
            # Answers that are refusals are part of some tests.
            if message.type == "error" and "Failed to load resource" not in message.text
            else None
        ),
    )
    opened = context.new_page()
    opened.goto(f"http://{served.http}/")

    yield ParsingPage(opened, f"http://{served.http}")

    hosts = {urlsplit(url).netloc for url in asked if not url.startswith(("blob:", "data:"))}
    context.close()
    assert hosts == {served.http}
    assert failed == []
