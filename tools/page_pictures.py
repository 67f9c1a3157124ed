"""Photograph the page for docs/images: `python -m tools.page_pictures`, beside a server that runs.

A desktop and a phone, light and dark, with the astronaut that comes with the page.
"""

import io
import shutil
import sys
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, ViewportSize, sync_playwright

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "images"
URL = "http://127.0.0.1:8080"
QUALITY = 85

_SIZES: dict[str, tuple[ViewportSize, float]] = {
    "desktop": ({"width": 1280, "height": 800}, 1),
    "phone": ({"width": 390, "height": 844}, 2),
}
_SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def photograph(browser: Browser, url: str, device: str, scheme: Literal["light", "dark"]) -> None:
    """Write page-<device>-<scheme>.jpg."""
    size, factor = _SIZES[device]
    page = browser.new_page(viewport=size, device_scale_factor=factor, color_scheme=scheme)
    page.goto(url)
    page.locator("#sample").click()
    page.locator("#stage[aria-busy=false]").wait_for()
    page.locator("#legend button").first.wait_for()
    page.mouse.move(0, 0)
    with Image.open(io.BytesIO(page.screenshot(animations="disabled"))) as shot:
        shot.convert("RGB").save(FOLDER / f"page-{device}-{scheme}.jpg", quality=QUALITY)
    page.close()


def main() -> None:
    url = sys.argv[1] if len(sys.argv) > 1 else URL
    with sync_playwright() as playwright:
        program = shutil.which("chromium") or shutil.which("chrome")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for device in _SIZES:
            for scheme in _SCHEMES:
                photograph(browser, url, device, scheme)
        browser.close()


if __name__ == "__main__":
    main()
