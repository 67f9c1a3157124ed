"""What is counted, and that it adds up."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

import limn
from limn.labels import LIP
from service.metrics import LABEL_STEP
from tests.fixtures import pictures
from tests.fixtures.gateway import gateway

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture(scope="module")
def url(repository: Path) -> Iterator[str]:
    with gateway(repository) as running:
        yield f"http://{running.http}"


def samples(url: str) -> Samples:
    text = httpx2.get(f"{url}/metrics").text
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(found: Samples, name: str, **labels: str) -> float:
    return found.get((name, frozenset(labels.items())), 0.0)


def test_problems_are_counted_by_their_reason(url: str) -> None:
    before = samples(url)
    for body in (b"hello", b"", b"hello"):
        httpx2.post(f"{url}/v1/parse", content=body)
    httpx2.get(f"{url}/nowhere")
    after = samples(url)

    def counted(problem: str) -> float:
        name = "limn_problems_total"
        return value(after, name, problem=problem) - value(before, name, problem=problem)

    assert counted("unsupported-image") == 2
    assert counted("empty-image") == counted("not-found") == 1


def test_shares_of_labels_are_those_of_the_answers(url: str) -> None:
    before = samples(url)
    answer = httpx2.post(
        f"{url}/v1/parse?output=json&label_set=pascal-person-part", content=pictures.jpeg()
    )
    assert answer.status_code == 200
    after = samples(url)

    counts = {
        name: value(after, "limn_label_pixels_total", model="baseline", label=name)
        - value(before, "limn_label_pixels_total", model="baseline", label=name)
        for name in LIP.classes
    }
    height, width = 256, 192
    assert sum(counts.values()) == height * width / LABEL_STEP**2
    # In the model's own words, whatever the client asked for.
    assert max(counts, key=lambda name: counts[name]) in LIP.classes


def test_nothing_is_in_flight_when_nobody_asks(url: str) -> None:
    found = samples(url)

    for name in ("requests_in_flight", "request_body_bytes_in_flight", "cost_units_in_flight"):
        assert value(found, f"limn_{name}") == 0
    assert value(found, "limn_image_bytes_in_flight") == value(found, "limn_workers_busy") == 0
    assert value(found, "limn_workers") == 2
    assert value(found, "process_resident_memory_bytes") > 2**20
    assert value(found, "limn_build_info", version=limn.__version__) == 1
