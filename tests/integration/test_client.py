"""The client against the service, over a real socket."""

from collections.abc import Iterator
from pathlib import Path

import anyio
import numpy as np
import pytest

from limn.client import AsyncClient, Client, Refused, Retries, Streamed
from tests.fixtures import pictures
from tests.fixtures.gateway import gateway


@pytest.fixture(scope="module")
def url(repository: Path) -> Iterator[str]:
    with gateway(repository) as running:
        yield f"http://{running.http}"


@pytest.fixture
def limn(url: str) -> Iterator[Client]:
    with Client(url) as client:
        yield client


def test_every_form_of_an_answer(limn: Client) -> None:
    photo = pictures.jpeg()
    labels = limn.mask(photo)
    height, width = labels.shape

    color, overlay = limn.color(photo), limn.overlay(photo, alpha=1)
    assert color.shape == overlay.shape == (height, width, 3)
    # The background of an overlay is the photo.
    assert np.array_equal(color[labels > 0], overlay[labels > 0])
    parsed = limn.persons(photo, regions="rle")
    assert (parsed.width, parsed.height) == (width, height)
    areas = {region.index: region.area for region in parsed.persons[0].regions}
    indices, counts = np.unique(labels[labels > 0], return_counts=True)
    assert areas == dict(zip(indices.tolist(), counts.tolist(), strict=True))
    assert np.array_equal(limn.scores(photo)["labels"], labels)


def test_options_reach_the_service(limn: Client) -> None:
    parsed = limn.persons(
        pictures.jpeg(),
        model="baseline",
        scales=[1],
        flip=True,
        boxes=[[0, 0, 20, 20], [5, 5, 30, 30]],
        label_set="pascal-person-part",
    )

    assert (parsed.model, parsed.label_set) == ("baseline", "pascal-person-part")
    assert [person.box for person in parsed.persons] == [(0, 0, 20, 20), (5, 5, 30, 30)]


def test_what_is_served_can_be_listed(limn: Client) -> None:
    assert [model.name for model in limn.models()] == ["baseline"]
    assert {labels.name for labels in limn.label_sets()} >= {"lip", "atr"}


def test_refusal_names_the_field(limn: Client) -> None:
    with pytest.raises(Refused) as caught:
        limn.mask(pictures.jpeg(), scales=[99])

    assert (caught.value.status, list(caught.value.fields)) == (422, ["scales"])
    assert caught.value.request_id


def test_many_photos_and_a_bad_one(limn: Client) -> None:
    photos = [pictures.jpeg()] * 5 + [b"hello"]

    found = {one.number: one for one in limn.stream(photos, "json")}

    assert [isinstance(found[number].error, Refused) for number in range(6)] == [False] * 5 + [True]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_asynchronous_client_answers_the_same(url: str, limn: Client, backend: str) -> None:
    photo = pictures.jpeg()
    expected = limn.mask(photo)

    async def run() -> list[Streamed[bytes]]:
        async with AsyncClient(url) as client:
            assert np.array_equal(await client.mask(photo), expected)
            assert (await client.persons(photo)).width == expected.shape[1]
            assert [model.name for model in await client.models()] == ["baseline"]
            with pytest.raises(Refused):
                await client.mask(b"hello")
            async with client.stream([photo, b"hello", photo], in_flight=2) as results:
                return [result async for result in results]

    found = sorted(anyio.run(run, backend=backend), key=lambda one: one.number)

    assert [one.error is None for one in found] == [True, False, True]
    assert np.array_equal(found[2].answer().labels(), expected)


def test_asynchronous_stream_may_be_left_early(url: str) -> None:
    async def run() -> Streamed[bytes]:
        client = AsyncClient(url)
        async with client, client.stream([pictures.jpeg()] * 50) as results:
            return await anext(results)

    assert anyio.run(run).error is None


def test_busy_service_is_asked_until_it_answers(repository: Path) -> None:
    photos = [pictures.jpeg()] * 12
    retries = Retries(attempts=30, first_wait_s=0.05)

    with (
        gateway(repository, max_in_flight=1) as running,
        Client(f"http://{running.http}", retries=retries) as limn,
    ):
        found = list(limn.stream(photos, in_flight=4))

    assert all(one.error is None for one in found)
