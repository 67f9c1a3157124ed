"""Which version is served: the gateway and Triton's configuration follow one file."""

import shutil
from pathlib import Path

import pytest

from export.errors import RepositoryError
from export.triton.check import check_repository
from export.triton.config import Target, parse
from export.triton.promote import add, promote, roll_back
from export.triton.write import build
from limn.errors import ContractError, PromotionError
from service.repository import ModelRepository
from tests.fixtures.models import graph, write_model, write_parser

ONNX = Target("onnxruntime", instances=1, response_cache=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """`baseline` 1 and 2 with parsers, built."""
    root = tmp_path / "repository"
    for version in (1, 2):
        write_parser(write_model(root, version=version))
    build(root, ONNX)
    return root


def served(root: Path) -> list[int]:
    """By the gateway, and by Triton for both folders."""
    policies = [
        parse((root / name / "config.pbtxt").read_text()).version_policy.specific.versions
        for name in ("baseline", "baseline_parse")
    ]
    gateway = ModelRepository(root, None).find().id.version
    return [gateway, *(version for versions in policies for version in versions)]


def test_promotion_and_the_way_back(repository: Path) -> None:
    assert served(repository) == [2, 2, 2]
    promote(repository, "baseline", 1, instances=1)
    assert served(repository) == [1, 1, 1]
    assert check_repository(repository) == []
    roll_back(repository, "baseline", instances=1)
    assert served(repository) == [2, 2, 2]
    assert ModelRepository(repository, None).versions("baseline") == (1, 2)


def test_promotion_keeps_what_the_repository_was_built_for(repository: Path) -> None:
    promote(repository, "baseline", 1, instances=1)

    config = parse((repository / "baseline/config.pbtxt").read_text())
    assert config.backend == "onnxruntime"
    assert config.response_cache.enable


def test_repository_that_is_not_built_is_promoted_for_the_gateway(tmp_path: Path) -> None:
    for version in (1, 2):
        write_model(tmp_path, version=version)

    promote(tmp_path, "baseline", 1, instances=1)

    assert ModelRepository(tmp_path, None).find().id.version == 1
    assert not (tmp_path / "baseline/config.pbtxt").exists()


def test_unknown_models_and_versions_are_refused(repository: Path) -> None:
    with pytest.raises(RepositoryError, match="has no version 7; there are: 1, 2"):
        promote(repository, "baseline", 7, instances=1)
    with pytest.raises(RepositoryError, match="holds no model 'ssl'"):
        promote(repository, "ssl", 1, instances=1)
    with pytest.raises(RepositoryError, match="follows its network: name baseline"):
        promote(repository, "baseline_parse", 1, instances=1)
    with pytest.raises(PromotionError, match="nothing to roll back to"):
        roll_back(repository, "baseline", instances=1)
    assert served(repository) == [2, 2, 2]


def test_version_without_its_parser_is_not_promoted(repository: Path) -> None:
    write_model(repository, version=3)

    with pytest.raises(RepositoryError, match="baseline_parse has no version 3"):
        promote(repository, "baseline", 3, instances=1)
    assert not (repository / "baseline/promotion.json").exists()


def test_version_that_is_gone_cannot_come_back_but_another_can(repository: Path) -> None:
    promote(repository, "baseline", 1, instances=1)
    shutil.rmtree(repository / "baseline/2")

    with pytest.raises(RepositoryError, match="no longer has version 2"):
        roll_back(repository, "baseline", instances=1)
    (repository / "baseline/1").rename(repository / "baseline/2")
    with pytest.raises(ContractError, match="holds the contract of baseline/1"):
        promote(repository, "baseline", 2, instances=1)


def test_added_version_waits_for_its_promotion(repository: Path, tmp_path: Path) -> None:
    network = write_model(tmp_path / "exported", version=3)
    parser = write_parser(network)

    assert add(repository, network) == repository / "baseline/3"
    assert add(repository, parser) == repository / "baseline_parse/3"

    assert served(repository) == [2, 2, 2]
    assert check_repository(repository) == []
    promote(repository, "baseline", 3, instances=1)
    assert served(repository) == [3, 3, 3]
    assert check_repository(repository) == []


def test_only_the_next_version_is_added(repository: Path, tmp_path: Path) -> None:
    with pytest.raises(RepositoryError, match=r"states version 5, the next one of .* is 3"):
        add(repository, write_model(tmp_path / "exported", version=5))
    with pytest.raises(RepositoryError, match=r"states version 2, the next one of .* is 3"):
        add(repository, write_model(tmp_path / "exported", version=2))


def test_parser_is_added_to_its_own_network_only(repository: Path, tmp_path: Path) -> None:
    exported = tmp_path / "exported"
    early = write_parser(write_model(exported, version=3))
    with pytest.raises(RepositoryError, match="add the network first"):
        add(repository, early)
    with pytest.raises(RepositoryError, match="a version never changes"):
        add(repository, write_parser(write_model(exported, version=2)))

    write_model(repository, version=3, proto=graph(pixels="image"), tensors={"pixels": "image"})
    with pytest.raises(RepositoryError, match="made of another network"):
        add(repository, early)


def test_added_version_must_be_whole(repository: Path, tmp_path: Path) -> None:
    folder = write_model(tmp_path / "exported", version=3)
    (folder / "model.onnx").write_bytes(b"something else")

    with pytest.raises(ContractError, match="sha256 differs"):
        add(repository, folder)
    assert not (repository / "baseline/3").exists()
