"""What tests do with the page again and again."""

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Locator, Page, expect

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "service" / "static" / "page" / "astronaut.jpg"

_LAYER = """async () => {
    // Pictures are drawn with the next frame.
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    const canvas = document.getElementById("mask");
    const { width, height } = canvas;
    const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
    const reader = new FileReader();
    reader.readAsDataURL(new Blob([data]));
    await new Promise((resolve) => (reader.onload = resolve));
    return { width, height, base64: reader.result.split(",")[1] };
}"""


@dataclass(frozen=True)
class ParsingPage:
    """The page, and where its service is."""

    page: Page
    url: str

    def __getitem__(self, element: str) -> Locator:
        """An element by its id."""
        return self.page.locator(f"#{element}")

    def try_sample(self) -> None:
        self["sample"].click()
        self.settle()

    def settle(self) -> None:
        """Wait until what was asked has been answered and is shown."""
        expect(self["stage"]).to_have_attribute("aria-busy", "false")
        expect(self["legend"].get_by_role("button").first).to_be_visible()

    def pick(self, *files: Path) -> None:
        self["file"].set_input_files(list(files))

    def legend(self) -> dict[str, str]:
        """Part and share of all parts, the largest first."""
        rows = self["legend"].locator("button").all()
        return {row.locator("span").inner_text(): row.locator("b").inner_text() for row in rows}

    def layer(self) -> NDArray[np.uint8]:
        """uint8[H, W, 4], what is drawn over the photo: red, green, blue, alpha."""
        drawn = self.page.evaluate(_LAYER)
        pixels = np.frombuffer(base64.b64decode(drawn["base64"]), dtype=np.uint8)
        return pixels.reshape(drawn["height"], drawn["width"], 4)

    def screenshot(self) -> NDArray[np.int16]:
        """int16[H, W, 3], the picture as it is seen."""
        with Image.open(io.BytesIO(self["frame"].screenshot())) as image:
            return np.asarray(image.convert("RGB"), dtype=np.int16)

    def point(self, x: float, y: float) -> None:
        """Move the pointer there, in shares of the picture's width and height."""
        box = self["frame"].bounding_box()
        assert box is not None
        self.page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        self.point(*start)
        self.page.mouse.down()
        self.point((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
        self.point(*end)
        self.page.mouse.up()

    def answer(self, photo: bytes, **parameters: str) -> httpx2.Response:
        """What the service says without the page."""
        response = httpx2.post(f"{self.url}/v1/parse", params=parameters, content=photo, timeout=60)
        assert response.status_code == 200, response.text
        return response

    def labels(self, photo: bytes, **parameters: str) -> NDArray[np.uint8]:
        """uint8[H, W] class indices."""
        with Image.open(io.BytesIO(self.answer(photo, **parameters).content)) as image:
            return np.asarray(image)

    def names(self, photo: bytes, parameters: Mapping[str, str]) -> set[str]:
        """Parts in the answer, as the legend writes them."""
        found = self.answer(photo, output="json", **parameters).json()
        return {
            region["name"].replace("-", " ").capitalize()
            for person in found["persons"]
            for region in person["regions"]
        }
