import json
import shutil
from pathlib import Path

import pytest

from limn.contract import CONTRACT_FILE, sha256_of
from limn.errors import ContractError
from service.errors import UnknownModel
from service.repository import CpuGraph, ModelId, ModelRepository
from tests.fixtures.models import write_model

SHIPPED = Path(__file__).resolve().parents[3] / "model_repository/mman/1"


def test_highest_version_is_meant_unless_one_is_named(tmp_path: Path) -> None:
    for version in (2, 10, 9):
        write_model(tmp_path, version=version)

    repository = ModelRepository(tmp_path, None)

    assert repository.find().id == ModelId("baseline", 10)
    assert repository.find("baseline", 9).id == ModelId("baseline", 9)
    assert repository.versions("baseline") == (2, 9, 10)


def test_mman_is_the_default_where_it_is_served(tmp_path: Path) -> None:
    write_model(tmp_path, name="aaa")
    write_model(tmp_path, name="mman")

    assert ModelRepository(tmp_path, None).default_model == "mman"
    assert ModelRepository(tmp_path, "aaa").default_model == "aaa"


def test_first_name_is_the_default_otherwise(tmp_path: Path) -> None:
    write_model(tmp_path, name="ssl")
    write_model(tmp_path, name="mman")

    assert ModelRepository(tmp_path, None).default_model == "mman"


def test_unknown_names_list_the_known_ones(tmp_path: Path) -> None:
    write_model(tmp_path)
    repository = ModelRepository(tmp_path, None)

    with pytest.raises(UnknownModel, match="'ssl' is served; there are: baseline"):
        repository.find("ssl")
    with pytest.raises(UnknownModel, match="no version 7; there are: 1"):
        repository.find("baseline", 7)


def test_empty_repository_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"holds no model.*LIMN_MODEL_REPOSITORY"):
        ModelRepository(tmp_path / "nothing", None)


def test_default_model_must_be_served(tmp_path: Path) -> None:
    write_model(tmp_path)

    with pytest.raises(ContractError, match="'ssl' is not among those served: baseline"):
        ModelRepository(tmp_path, "ssl")


def test_model_without_contract_is_refused(tmp_path: Path) -> None:
    (write_model(tmp_path) / CONTRACT_FILE).unlink()

    with pytest.raises(ContractError, match=r"has no contract\.json"):
        ModelRepository(tmp_path, None)


def test_changed_model_file_is_refused(tmp_path: Path) -> None:
    (write_model(tmp_path) / "model.onnx").write_bytes(b"something else")

    with pytest.raises(ContractError, match="sha256 differs"):
        ModelRepository(tmp_path, None)


def test_contract_of_another_model_is_refused(tmp_path: Path) -> None:
    write_model(tmp_path).rename(tmp_path / "baseline" / "2")

    with pytest.raises(ContractError, match="contract of baseline version 1"):
        ModelRepository(tmp_path, None)


@pytest.mark.parametrize("runs", [Path("/somewhere/_kernels.so"), None])
def test_cpu_runs_kernels_where_it_can(
    runs: Path | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("limn.ops.kernels.library", lambda: runs)
    folder = write_model(tmp_path)
    whole = ModelRepository(tmp_path, None).find().cpu_graph
    stated = json.loads((folder / CONTRACT_FILE).read_text())
    sha256 = sha256_of(folder / "model.onnx")
    judged = {"judged_on": "drawn people", "mean_iou_before": 50, "mean_iou": 50}
    stated["int8"] = {"sha256": sha256} | judged
    stated["kernels"] = {"sha256": sha256, "agreement": 99.9}
    for name in ("int8", "kernels"):
        shutil.copy(folder / "model.onnx", folder / f"model.{name}.onnx")
    (folder / CONTRACT_FILE).write_text(json.dumps(stated))

    found = ModelRepository(tmp_path, None).find().cpu_graph

    assert whole == CpuGraph(folder / "model.onnx")
    name = "model.kernels.onnx" if runs else "model.int8.onnx"
    assert found == CpuGraph(folder / name, runs)


def test_kernels_are_of_an_int8_graph(tmp_path: Path) -> None:
    folder = write_model(tmp_path)
    stated = json.loads((folder / CONTRACT_FILE).read_text())
    stated["kernels"] = {"sha256": "0" * 64, "agreement": 99.9}
    (folder / CONTRACT_FILE).write_text(json.dumps(stated))

    with pytest.raises(ContractError, match="kernels: they are of an INT8 graph, and none"):
        ModelRepository(tmp_path, None)


def test_changed_kernels_are_refused(tmp_path: Path) -> None:
    shutil.copytree(SHIPPED, tmp_path / "mman" / "1")
    (tmp_path / "mman/1/model.kernels.onnx").write_bytes(b"another")

    with pytest.raises(ContractError, match=r"model\.kernels\.onnx is not the file"):
        ModelRepository(tmp_path, None)
