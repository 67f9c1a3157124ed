"""The real app on a small real model."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from service.settings import Settings
from tests.fixtures import documents, pictures
from tests.fixtures.models import write_model
from tests.fixtures.triton_client import Transport


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model repository with one LIP model, `baseline`."""
    root = tmp_path_factory.mktemp("repository")
    write_model(root)
    return root


@pytest.fixture(scope="session")
def client(repository: Path) -> Iterator[TestClient]:
    """A running app whose limits are small enough to be met in a test."""
    settings = Settings(
        model_repository=repository,
        grpc_port=0,
        sessions=2,
        max_upload_bytes=300_000,
        max_image_pixels=1_000_000,
        max_boxes=3,
        max_batch_images=3,
    )
    with TestClient(create_app(settings), raise_server_exceptions=False) as running:
        yield running


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, repository: Path) -> None:
    """Commands find the small model, and use two workers."""
    monkeypatch.setenv("LIMN_MODEL_REPOSITORY", str(repository))
    monkeypatch.setenv("LIMN_SESSIONS", "2")


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A file with a picture of a person, 256x192."""
    path = tmp_path / "astronaut.jpg"
    path.write_bytes(pictures.jpeg())
    return path


@pytest.fixture(params=["http", "grpc"])
def transport(request: pytest.FixtureRequest) -> Transport:
    """Each way to reach the Open Inference Protocol."""
    name: Transport = request.param
    return name


@pytest.fixture
def commands(request: pytest.FixtureRequest) -> list[str]:
    """What the test is marked to type, as the documents have it."""
    mark = request.node.get_closest_marker("types")
    assert mark is not None
    return documents.named(mark)
