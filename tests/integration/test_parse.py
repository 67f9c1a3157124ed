"""`POST /v1/parse` answers every output, and says the same in each."""

import io
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from numpy.typing import NDArray
from PIL import Image
from pycocotools import mask as coco

from limn.labels import LIP, PASCAL_PERSON_PART
from limn.taxonomy import taxonomy
from limn.wire import ParsedPhoto
from tests.fixtures import pictures

BOXES = "[[0, 0, 120, 200], [60.5, 40, 400, 250]]"


def post(client: TestClient, data: bytes | None = None, **query: Any) -> bytes:
    response = client.post("/v1/parse", content=data or pictures.png(), params=query)
    assert response.status_code == 200, response.text
    return response.content


def picture(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def mask(client: TestClient, data: bytes | None = None, **query: Any) -> NDArray[np.uint8]:
    return np.asarray(picture(post(client, data, **query)))


def test_mask_is_a_palette_png_of_the_photo_s_size(client: TestClient) -> None:
    response = client.post("/v1/parse", content=pictures.jpeg())

    answer = picture(response.content)
    assert response.headers["content-type"] == "image/png"
    assert (answer.mode, answer.size) == ("P", (192, 256))
    label_map = np.asarray(answer)
    assert len(np.unique(label_map)) > 3
    assert np.array_equal(np.asarray(answer.convert("RGB")), LIP.palette[label_map])


def test_color_is_the_mask_in_its_colours(client: TestClient) -> None:
    answer = picture(post(client, output="color"))

    assert answer.mode == "RGB"
    assert np.array_equal(np.asarray(answer), LIP.palette[mask(client)])


def test_overlay_blends_the_photo_with_the_colours(client: TestClient) -> None:
    label_map, photo = mask(client), pictures.photo().astype(float)
    tinted = 0.75 * photo + 0.25 * LIP.palette[label_map]
    expected = np.where(label_map[:, :, np.newaxis] > 0, tinted, photo)

    answer = np.asarray(picture(post(client, output="overlay", alpha=0.25)))

    assert np.abs(answer - expected).max() <= 0.51


def test_npz_holds_label_map_and_scores(client: TestClient) -> None:
    archive = np.load(io.BytesIO(post(client, output="npz", boxes=BOXES)))

    assert np.array_equal(archive["labels"], mask(client, boxes=BOXES))
    assert archive["classes"].tolist() == list(LIP.classes)
    assert archive["scores"].dtype == np.float16
    assert archive["scores"].shape == (2, 20, 192, 128)
    assert archive["scores"].astype(float).sum(axis=1) == pytest.approx(1, abs=0.01)
    assert archive["boxes"].tolist() == [[0, 0, 120, 200], [60, 40, 192, 250]]


def test_json_measures_every_region_of_the_mask(client: TestClient) -> None:
    label_map = mask(client)

    content = post(client, output="json", regions="rle")

    parsed = ParsedPhoto.model_validate_json(content)
    (person,) = parsed.persons
    assert (parsed.width, parsed.height, parsed.label_set) == (192, 256, "lip")
    assert person.area == np.count_nonzero(label_map)
    assert sum(region.ratio for region in person.regions) == pytest.approx(1, abs=1e-4)
    assert {region.index for region in person.regions} == set(np.unique(label_map)) - {0}
    for region in person.regions:
        assert region.name == LIP.classes[region.index]
        assert region.rle is not None
        rle = {"size": list(region.rle.size), "counts": region.rle.counts.encode()}
        assert coco.area(rle) == region.area == np.count_nonzero(label_map == region.index)
        assert 0.05 < region.confidence <= 1


def test_json_has_polygons_on_request(client: TestClient) -> None:
    parsed = ParsedPhoto.model_validate_json(post(client, output="json", regions="polygons"))

    assert all(region.polygons for region in parsed.persons[0].regions)


def test_persons_share_out_the_mask(client: TestClient) -> None:
    label_map = mask(client, boxes=BOXES)

    parsed = ParsedPhoto.model_validate_json(post(client, output="json", boxes=BOXES))

    assert [person.box for person in parsed.persons] == [(0, 0, 120, 200), (60, 40, 192, 250)]
    assert sum(person.area for person in parsed.persons) == np.count_nonzero(label_map)
    assert not label_map[:, 121:][:39].any()
    assert not label_map[201:, :60].any()


def test_box_alone_is_what_the_cut_out_photo_gives(client: TestClient) -> None:
    box = "[[20, 30, 150, 230]]"
    cut = pictures.encoded(pictures.photo()[30:230, 20:150], "PNG")

    assert np.array_equal(mask(client, boxes=box)[30:230, 20:150], mask(client, cut))


def test_label_set_is_translated(client: TestClient) -> None:
    expected = taxonomy(LIP, PASCAL_PERSON_PART)[mask(client)]

    assert np.array_equal(mask(client, label_set="pascal-person-part"), expected)


def test_scales_and_flip_change_the_answer(client: TestClient) -> None:
    assert not np.array_equal(mask(client), mask(client, scales="0.5"))
    assert not np.array_equal(mask(client), mask(client, flip=True))


def test_same_bytes_give_the_same_answer(client: TestClient) -> None:
    assert post(client) == post(client)


@pytest.mark.parametrize(
    "content_type",
    ["image/jpeg", "application/x-www-form-urlencoded", "application/json", "text/plain", ""],
)
def test_bytes_decide_what_they_are(client: TestClient, content_type: str) -> None:
    response = client.post(
        "/v1/parse", content=pictures.png(), headers={"content-type": content_type}
    )

    assert response.status_code == 200


def test_form_is_taken_like_a_raw_body(client: TestClient) -> None:
    response = client.post(
        "/v1/parse",
        files={"image": ("photo.txt", pictures.png())},
        data={"boxes": BOXES, "output": "color"},
        params={"output": "json", "scales": "1"},
    )

    assert response.content == post(client, output="color", boxes=BOXES, scales="1")


@pytest.mark.parametrize("size", [(1, 1), (1, 20), (700, 35), (3, 5), (900, 1100)])
def test_any_size_is_answered_in_that_size(client: TestClient, size: tuple[int, int]) -> None:
    data = pictures.encoded(Image.new("RGB", size, (200, 30, 60)), "PNG")

    assert picture(post(client, data)).size == size


def test_rotated_phone_photo_is_answered_upright(client: TestClient) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6

    answer = picture(post(client, pictures.encoded(pictures.photo(), "PNG", exif=exif)))

    assert answer.size == (256, 192)
