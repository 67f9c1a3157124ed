"""The page: photos in by every way, and everything that is shown and can be turned."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import ViewportSize, expect

from tests.e2e.parsing_page import SAMPLE, ParsingPage

PHOTO = SAMPLE.read_bytes()

_PUT_ON_CLIPBOARD = """async () => {
    const photo = await createImageBitmap(
        await (await fetch("static/page/astronaut.jpg")).blob());
    const canvas = new OffscreenCanvas(photo.width, photo.height);
    canvas.getContext("2d").drawImage(photo, 0, 0);
    const png = await canvas.convertToBlob({ type: "image/png" });
    await navigator.clipboard.write([new ClipboardItem({ "image/png": png })]);
}"""


def test_sample_shows_the_parts_that_the_service_finds(page: ParsingPage) -> None:
    page.try_sample()

    labels = page.labels(PHOTO)
    with Image.open(io.BytesIO(page.answer(PHOTO).content)) as mask:
        palette = np.array(mask.getpalette(), dtype=np.uint8).reshape(-1, 3)
    layer = page.layer()
    shown = layer[..., 3] > 0
    assert (shown == (labels > 0)).all()
    # Colours come back from a canvas rounded by their alpha.
    difference = np.abs(layer[..., :3].astype(int) - palette[labels])[shown]
    assert difference.max() <= 2
    assert set(page.legend()) == page.names(PHOTO, {})


def test_areas_are_those_of_the_service(page: ParsingPage) -> None:
    page.try_sample()

    (person,) = page.answer(PHOTO, output="json").json()["persons"]
    largest = max(person["regions"], key=lambda region: region["area"])
    name, share = next(iter(page.legend().items()))
    assert name == largest["name"].replace("-", " ").capitalize()
    assert share == f"{100 * largest['ratio']:.1f} %"


def test_times_of_the_stages_are_told(page: ParsingPage) -> None:
    page.try_sample()

    expect(page["time-list"]).to_contain_text("network")
    expect(page["time-list"]).to_contain_text("decode")
    expect(page["time-note"]).to_contain_text("round trip")


def test_picked_photo_is_parsed(page: ParsingPage) -> None:
    with page.page.expect_file_chooser() as chosen:
        page["pick"].click()
    chosen.value.set_files(SAMPLE)
    page.settle()

    assert set(page.legend()) == page.names(PHOTO, {})


def test_pasted_photo_is_parsed(page: ParsingPage) -> None:
    page.page.evaluate(_PUT_ON_CLIPBOARD)

    page.page.keyboard.press("Control+V")
    page.settle()

    assert {"Hair", "Face", "Upper clothes"} <= set(page.legend())


def test_dropped_photo_is_parsed(page: ParsingPage) -> None:
    devices = page.page.context.new_cdp_session(page.page)
    for kind in ("dragEnter", "dragOver", "drop"):
        devices.send(
            "Input.dispatchDragEvent",
            {
                "type": kind,
                "x": 300,
                "y": 300,
                "data": {"items": [], "files": [str(SAMPLE)], "dragOperationsMask": 1},
            },
        )
        if kind == "dragOver":
            expect(page["drop-veil"]).to_be_visible()
    page.settle()

    expect(page["drop-veil"]).to_be_hidden()
    assert set(page.legend()) == page.names(PHOTO, {})


def test_camera_takes_a_photo(page: ParsingPage) -> None:
    page["open-camera"].click()
    page.page.wait_for_function("() => document.getElementById('camera-view').videoWidth > 0")

    page["shoot"].click()

    expect(page["work"]).to_be_visible()
    expect(page["camera"]).to_be_hidden()
    expect(page["parts-note"]).to_contain_text("found")
    expect(page["snippet"]).to_contain_text("@camera.jpg")


def test_upright_photo_and_its_mask_lie_on_each_other(page: ParsingPage, tmp_path: Path) -> None:
    with Image.open(SAMPLE) as image:
        exif = Image.Exif()
        exif[0x0112] = 6  # to be turned by 90 degrees
        image.crop((0, 0, 400, 512)).transpose(Image.Transpose.ROTATE_90).save(
            tmp_path / "turned.jpg", exif=exif
        )

    page.pick(tmp_path / "turned.jpg")
    page.settle()

    labels = page.labels((tmp_path / "turned.jpg").read_bytes())
    assert labels.shape == (512, 400)
    assert ((page.layer()[..., 3] > 0) == (labels > 0)).all()


def test_large_photo_is_drawn_smaller_and_pointed_at_in_full(
    page: ParsingPage, tmp_path: Path
) -> None:
    with Image.open(SAMPLE) as image:
        image.resize((4000, 3000)).save(tmp_path / "large.jpg")

    page.pick(tmp_path / "large.jpg")
    page.settle()
    page.point(0.5, 0.9)

    assert page.layer().shape == (1200, 1600, 4)
    expect(page["tip"]).to_have_text("Upper clothes")


def test_overlay_colours_the_person_and_nothing_else(page: ParsingPage) -> None:
    page.try_sample()
    page["opacity"].fill("0")
    page.page.mouse.move(0, 0)
    photo = page.screenshot()

    page["opacity"].fill("100")
    covered = page.screenshot()

    change = np.abs(covered - photo).max(axis=2)
    labels = np.asarray(Image.fromarray(page.labels(PHOTO)).resize(change.shape[::-1], 0))
    assert np.median(change[labels > 0]) > 40
    assert np.mean(change[labels == 0] <= 2) > 0.99
    expect(page["opacity-value"]).to_have_text("100 %")


def test_pointing_at_a_part_names_it_and_lights_it_up(page: ParsingPage) -> None:
    page.try_sample()
    face = page.labels(PHOTO) == 13

    # The middle of her face, then the flag.
    page.point(0.43, 0.25)

    expect(page["tip"]).to_have_text("Face")
    expect(page["legend"].locator("button.lit")).to_contain_text("Face")
    alpha = page.layer()[..., 3]
    assert alpha[face].min() > 2 * alpha[~face].max()
    page.point(0.02, 0.02)
    expect(page["tip"]).to_be_hidden()
    assert len(set(page.layer()[..., 3].ravel())) == 2


def test_part_is_lit_from_the_legend_and_stays_when_pressed(page: ParsingPage) -> None:
    page.try_sample()
    hair = page["legend"].get_by_role("button", name="Hair")

    hair.click()
    page.page.mouse.move(0, 0)

    expect(hair).to_have_attribute("aria-pressed", "true")
    alpha = page.layer()[..., 3]
    is_hair = page.labels(PHOTO) == 2
    assert alpha[is_hair].min() > alpha[~is_hair].max()


def test_side_by_side_covers_one_side_with_the_mask(page: ParsingPage) -> None:
    page.try_sample()
    page["opacity"].fill("0")
    photo = page.screenshot()

    page.page.get_by_text("Side by side", exact=True).click()
    page["divider"].fill("25")
    page.page.mouse.move(0, 0)

    change = np.abs(page.screenshot() - photo).max(axis=2)
    width = change.shape[1]
    assert np.mean(change[:, : width // 4 - 24] > 2) == 0
    assert np.mean(change[:, width // 4 + 24 :] > 2) > 0.8
    assert (page.layer()[..., 3] == 255).all()


@pytest.mark.parametrize(
    ("turn", "parameters"),
    [
        pytest.param(lambda page: page["model"].select_option("ssl"), {"model": "ssl"}, id="model"),
        pytest.param(
            lambda page: page["label-set"].select_option("pascal-person-part"),
            {"label_set": "pascal-person-part"},
            id="label-set",
        ),
        pytest.param(lambda page: page["flip"].check(), {"flip": "true"}, id="flip"),
        pytest.param(
            lambda page: (page["scales"].fill("0.5, 1"), page["scales"].press("Enter")),
            {"scales": "0.5,1"},
            id="scales",
        ),
    ],
)
def test_each_setting_is_asked_for_at_once(
    page: ParsingPage, turn: object, parameters: dict[str, str]
) -> None:
    assert callable(turn)
    page.try_sample()

    with page.page.expect_response(lambda answer: "/v1/parse" in answer.url) as answered:
        turn(page)
    page.settle()

    assert answered.value.ok
    labels = page.labels(PHOTO, **parameters)
    assert ((page.layer()[..., 3] > 0) == (labels > 0)).all()
    assert set(page.legend()) == page.names(PHOTO, parameters)


def test_boxes_are_drawn_and_removed(page: ParsingPage) -> None:
    page.try_sample()
    page["draw"].click()

    with page.page.expect_request(lambda request: "boxes=" in request.url) as drawn:
        page.drag((0.25, 0.05), (0.65, 0.95))
    page.settle()

    (box,) = json.loads(
        page.page.evaluate("url => new URL(url).searchParams.get('boxes')", drawn.value.url)
    )
    assert np.abs(np.array(box) - np.array([128, 26, 333, 486])).max() <= 2
    outside = page.layer()[:, box[2] + 1 :, 3]
    assert (outside == 0).all()
    page.page.get_by_role("button", name="Remove person 1").click()
    expect(page["boxes"].locator(".box")).to_have_count(0)
    expect(page["snippet"]).not_to_contain_text("boxes")


def two_people(folder: Path) -> Path:
    """The sample beside its mirror image."""
    with Image.open(SAMPLE) as image:
        both = Image.new("RGB", (2 * image.width, image.height))
        both.paste(image, (0, 0))
        both.paste(image.transpose(Image.Transpose.FLIP_LEFT_RIGHT), (image.width, 0))
    both.save(folder / "two.jpg", quality=92)
    return folder / "two.jpg"


def test_people_are_found_and_their_boxes_drawn(page: ParsingPage, tmp_path: Path) -> None:
    photo = two_people(tmp_path)
    page.pick(photo)
    page.settle()

    asked = []
    page.page.on("request", lambda request: asked.append(request.url))
    page["find"].click()
    page.settle()

    found = page.answer(photo.read_bytes(), boxes="auto", output="json").json()["persons"]
    assert len(found) == 2
    expect(page["find"]).to_have_attribute("aria-pressed", "true")
    expect(page["boxes"].locator(".box")).to_have_count(2)
    (query,) = [url.partition("?")[2] for url in asked if "/v1/parse" in url]
    assert query == "boxes=auto"
    for number, person in enumerate(found):
        expect(page["boxes"].locator(".box").nth(number)).to_have_attribute(
            "aria-label",
            "Person {}: from {}, {} to {}, {}".format(number + 1, *person["box"]),
        )
    expect(page["snippet"]).to_contain_text("boxes=auto")
    labels = page.labels(photo.read_bytes(), boxes="auto")
    assert ((page.layer()[..., 3] > 0) == (labels > 0)).all()


def test_box_that_was_found_can_be_removed_and_the_rest_stay(
    page: ParsingPage, tmp_path: Path
) -> None:
    page.pick(two_people(tmp_path))
    page.settle()
    page["find"].click()
    expect(page["boxes"].locator(".box")).to_have_count(2)

    page.page.get_by_role("button", name="Remove person 1").click()
    page.settle()

    expect(page["boxes"].locator(".box")).to_have_count(1)
    expect(page["find"]).to_have_attribute("aria-pressed", "false")
    expect(page["snippet"]).not_to_contain_text("auto")
    expect(page["snippet"]).to_contain_text("boxes=")


def test_people_are_found_in_every_photo_until_that_is_cleared(
    page: ParsingPage, tmp_path: Path
) -> None:
    page.try_sample()
    page["find"].click()
    page.settle()

    page.pick(two_people(tmp_path))

    expect(page["boxes"].locator(".box")).to_have_count(2)
    page["clear-boxes"].click()
    expect(page["boxes"].locator(".box")).to_have_count(0)
    expect(page["snippet"]).not_to_contain_text("boxes")


def test_boxes_go_when_another_photo_comes(page: ParsingPage) -> None:
    page.try_sample()
    page["add-box"].click()
    expect(page["snippet"]).to_contain_text("boxes")

    page.pick(SAMPLE)

    expect(page["boxes"].locator(".box")).to_have_count(0)
    expect(page["snippet"]).not_to_contain_text("boxes")


def test_theme_follows_the_system_and_can_be_chosen(page: ParsingPage) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.page.evaluate(ground)

    page.page.emulate_media(color_scheme="dark")
    dark = page.page.evaluate(ground)
    page["theme"].click()

    assert light != dark
    assert page.page.evaluate(ground) == light
    page.page.reload()
    assert page.page.evaluate(ground) == light


class TestOnAPhone:
    @pytest.fixture
    def size(self) -> ViewportSize:
        return {"width": 320, "height": 640}

    def test_nothing_sticks_out(self, page: ParsingPage) -> None:
        overhang = "document.documentElement.scrollWidth - innerWidth"
        assert page.page.evaluate(overhang) <= 0

        page.try_sample()

        assert page.page.evaluate(overhang) <= 0
        assert set(page.legend()) == page.names(PHOTO, {})
