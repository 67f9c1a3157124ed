import base64

from fastapi.testclient import TestClient

from tests.fixtures import pictures


def test_every_image_gets_its_own_status(client: TestClient) -> None:
    images = [
        ("image", ("a.jpg", pictures.jpeg())),
        ("image", ("b.txt", b"hello")),
        ("image", ("c.png", pictures.png())),
    ]

    response = client.post("/v1/parse/batch", files=images)

    assert response.status_code == 200
    first, second, third = response.json()["items"]
    assert [item["name"] for item in (first, second, third)] == ["a.jpg", "b.txt", "c.png"]
    assert [item["status"] for item in (first, second, third)] == [200, 415, 200]
    assert second["problem"]["type"] == "urn:limn:problem:unsupported-image"
    alone = client.post("/v1/parse", content=pictures.png())
    assert base64.b64decode(third["content"]) == alone.content


def test_json_answers_stay_json(client: TestClient) -> None:
    images = [("image", ("a.jpg", pictures.jpeg()))]

    response = client.post("/v1/parse/batch", files=images, data={"output": "json"})

    (item,) = response.json()["items"]
    assert (item["result"]["width"], item["result"]["height"]) == (192, 256)


def test_too_many_images_are_refused(client: TestClient) -> None:
    response = client.post("/v1/parse/batch", files=[("image", ("a", b"x"))] * 4)

    assert response.status_code == 400
    assert response.json()["type"] == "urn:limn:problem:malformed-body"


def test_fault_in_a_parameter_refuses_all(client: TestClient) -> None:
    images = [("image", ("a.jpg", pictures.jpeg()))]

    response = client.post("/v1/parse/batch", files=images, data={"scales": "9"})

    assert response.status_code == 422
