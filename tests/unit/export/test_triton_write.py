"""What a build leaves on disk."""

from pathlib import Path

import pytest

from export.errors import RepositoryError
from export.triton.check import check_repository
from export.triton.config import Platform, Target
from export.triton.write import build, build_copy
from limn.contract import CONTRACT_FILE
from limn.errors import ContractError
from tests.fixtures.models import write_model, write_parser

SHIPPED = Path(__file__).resolve().parents[3] / "model_repository"


def target(platform: Platform = "onnxruntime") -> Target:
    return Target(platform, instances=2, response_cache=False)


def files(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """`baseline` 1 and 2, with parsers, not built yet."""
    root = tmp_path / "source"
    for version in (1, 2):
        write_parser(write_model(root, version=version))
    return root


def test_shipped_repository_is_what_a_build_writes(tmp_path: Path) -> None:
    build_copy(SHIPPED, tmp_path / "built", target())

    names = [name for name in files(tmp_path / "built") if not name.endswith("model.onnx")]
    assert {"mman/config.pbtxt", "mman_parse/config.pbtxt", "ssl/labels.txt"} <= set(names)
    for name in names:
        assert (tmp_path / "built" / name).read_bytes() == (SHIPPED / name).read_bytes(), name
    assert set(files(SHIPPED)) == set(files(tmp_path / "built"))


@pytest.mark.parametrize("platform", ["onnxruntime", "python"])
def test_build_in_place_has_no_fault(platform: Platform, source: Path) -> None:
    models = build(source, target(platform))

    assert [(model.name, model.served) for model in models] == [
        ("baseline", 2),
        ("baseline_parse", 2),
    ]
    assert check_repository(source) == []
    assert (source / "baseline/labels.txt").read_text().startswith("background\nhat\nhair\n")


def test_shim_lies_in_every_version_and_goes_with_its_platform(source: Path) -> None:
    build(source, target("python"))
    shims = [name for name in files(source) if name.endswith("model.py")]
    build(source, target("onnxruntime"))

    assert shims == [
        "baseline/1/model.py",
        "baseline/2/model.py",
        "baseline_parse/1/model.py",
        "baseline_parse/2/model.py",
    ]
    assert not [name for name in files(source) if name.endswith("model.py")]


def test_copy_leaves_its_source_alone_and_replaces_an_older_copy(
    source: Path, tmp_path: Path
) -> None:
    before = files(source)
    build_copy(source, tmp_path / "out", target("python"))
    write_model(source, "other")

    build_copy(source, tmp_path / "out", target())

    assert files(source) == sorted([*before, "other/1/contract.json", "other/1/model.onnx"])
    assert check_repository(tmp_path / "out") == []
    assert "other/config.pbtxt" in files(tmp_path / "out")
    assert "baseline/1/model.py" not in files(tmp_path / "out")


def test_copy_replaces_nothing_but_a_build(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / "letters").mkdir(parents=True)

    with pytest.raises(RepositoryError, match="holds letters, which is no built model"):
        build_copy(source, out, target())
    assert (out / "letters").is_dir()
    build(source, target())
    with pytest.raises(RepositoryError, match="is the repository itself"):
        build_copy(source, source, target())


def test_tensorrt_needs_its_engine_and_nothing_is_written_without(source: Path) -> None:
    before = files(source)
    (source / "baseline/2/model.plan").write_bytes(b"engine")

    with pytest.raises(RepositoryError, match=r"no .*baseline_parse/2/model\.plan"):
        build(source, target("tensorrt"))
    assert files(source) == sorted([*before, "baseline/2/model.plan"])


def test_parser_must_have_the_version_that_is_served(source: Path) -> None:
    write_model(source, version=3)

    with pytest.raises(RepositoryError, match="has no version 3, the one served of baseline"):
        build(source, target())


def test_model_that_is_not_whole_is_refused(source: Path, tmp_path: Path) -> None:
    (source / "baseline/2" / CONTRACT_FILE).unlink()

    with pytest.raises(ContractError, match=r"has no contract\.json"):
        build_copy(source, tmp_path / "out", target())
    assert not (tmp_path / "out").exists()


def test_folder_without_models_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RepositoryError, match="holds no model"):
        build(tmp_path, target())
