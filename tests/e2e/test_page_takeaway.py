"""What is taken along from the page: files, and the request as code."""

import subprocess
import sys
from pathlib import Path

import playwright
import pytest
from playwright.sync_api import expect

from tests.e2e.parsing_page import SAMPLE, ParsingPage

PHOTO = SAMPLE.read_bytes()
NODE = Path(playwright.__file__).parent / "driver" / "node"
"""The Node.js that drives the browser."""


@pytest.mark.parametrize(
    ("output", "name", "parameters"),
    [
        pytest.param("mask", "astronaut-mask.png", {}, id="mask"),
        pytest.param("overlay", "astronaut-overlay.png", {"alpha": "0.3"}, id="overlay"),
        pytest.param("json", "astronaut.json", {}, id="json"),
    ],
)
def test_file_is_what_the_service_answers(
    page: ParsingPage, output: str, name: str, parameters: dict[str, str]
) -> None:
    page.try_sample()
    page["opacity"].fill("30")

    with page.page.expect_download() as downloaded:
        page.page.locator(f"[data-save={output}]").click()

    assert downloaded.value.suggested_filename == name
    expected = page.answer(PHOTO, output=output, **parameters).content
    assert downloaded.value.path().read_bytes() == expected


def test_mask_is_saved_without_asking_again(page: ParsingPage) -> None:
    page.try_sample()
    asked: list[str] = []
    page.page.on("request", lambda request: asked.append(request.url))

    with page.page.expect_download():
        page.page.locator("[data-save=mask]").click()
    page["opacity"].fill("30")
    page.point(0.5, 0.5)

    assert [url for url in asked if not url.startswith("blob:")] == []


@pytest.mark.parametrize(
    ("language", "command"),
    [
        pytest.param("curl", ["bash", "-c"], id="curl"),
        pytest.param("python", [sys.executable, "-c"], id="python"),
        pytest.param("javascript", [str(NODE), "--input-type=module", "-e"], id="javascript"),
    ],
)
def test_copied_code_gets_the_mask_on_the_page(
    page: ParsingPage, tmp_path: Path, language: str, command: list[str]
) -> None:
    # A name that a shell would take apart.
    photo = tmp_path / "it's a $HOME.jpg"
    photo.write_bytes(PHOTO)
    page.pick(photo)
    page.settle()
    page["label-set"].select_option("atr")
    page.settle()
    page["add-box"].click()
    expect(page["snippet"]).to_contain_text("boxes")

    page.page.locator(f"input[name=language][value={language}]").check(force=True)
    page["copy"].click()
    expect(page["copy"]).to_have_text("Copied")
    code = page.page.evaluate("() => navigator.clipboard.readText()")
    subprocess.run([*command, code], cwd=tmp_path, check=True, timeout=60)

    expected = page.answer(PHOTO, label_set="atr", boxes="[[128,64,384,448]]").content
    assert (tmp_path / "mask.png").read_bytes() == expected


def test_code_names_no_setting_that_is_the_services_own(page: ParsingPage) -> None:
    page.try_sample()

    expect(page["snippet"]).to_have_text(
        f"curl --data-binary @astronaut.jpg \\\n  {page.url}/v1/parse \\\n  > mask.png"
    )
