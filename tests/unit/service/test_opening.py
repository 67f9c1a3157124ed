"""What is opened, and that nobody waits for more than he asked for."""

import threading
from pathlib import Path

import pytest

from limn.errors import ContractError
from service.engines.network import Network
from service.opening import Opening
from service.repository import ServedModel
from service.settings import Settings
from tests.fixtures import finders, models


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "models"
    for name in ("one", "two"):
        models.write_model(root, name)
    return root


def settings(repository: Path, **changed: object) -> Settings:
    return Settings.model_validate(
        {"model_repository": repository, "person_finder": None, "sessions": 2} | changed
    )


def test_all_models_and_the_finder(repository: Path, tmp_path: Path) -> None:
    finder = finders.write_finder(tmp_path / "finder")

    opened = Opening(settings(repository, person_finder=finder)).opened()

    assert opened.networks.keys() == {model.id for model in opened.repository}
    assert [model.id.name for model in opened.repository] == ["one", "two"]
    assert opened.finder is not None


@pytest.mark.parametrize(
    "elsewhere", [{"device": "cuda"}, {"engine": "triton", "triton_url": "127.0.0.1:1"}]
)
def test_no_network_where_another_runs_them(repository: Path, elsewhere: dict[str, object]) -> None:
    opened = Opening(settings(repository, **elsewhere)).opened()

    assert not opened.networks
    assert len(tuple(opened.repository)) == 2


def test_models_are_opened_side_by_side_and_contracts_are_read_before(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both, read = threading.Barrier(2), threading.Event()
    load = Network.load

    def together(model: ServedModel) -> Network:
        both.wait(10)
        # Ends only when the contracts could be asked for, while this goes on.
        assert read.wait(10)
        return load(model)

    monkeypatch.setattr(Network, "load", together)

    opening = Opening(settings(repository))
    names = opening.repository().names
    read.set()

    assert names == ("one", "two")
    assert len(opening.opened().networks) == 2


def test_model_that_is_not_whole_is_told_when_contracts_are_asked_for(repository: Path) -> None:
    (repository / "two/1/model.onnx").write_bytes(b"cut off")

    with pytest.raises(ContractError, match="two"):
        Opening(settings(repository)).repository()


def test_graph_that_does_not_run_is_told_in_the_end(repository: Path) -> None:
    models.write_model(repository, "three", proto=models.graph(classes=3))

    opening = Opening(settings(repository))

    assert "three" in opening.repository().names
    with pytest.raises(ContractError, match=r"three version 1.*20 classes"):
        opening.opened()
