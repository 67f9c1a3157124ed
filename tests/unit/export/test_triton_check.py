"""Every kind of fault is made once, and found in its file."""

from collections.abc import Callable
from pathlib import Path

import pytest

from export.triton.check import check_repository
from export.triton.config import Target
from export.triton.write import build
from tests.fixtures.models import write_model, write_parser

PYTHON = Target("python", instances=2, response_cache=False)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    write_parser(write_model(tmp_path))
    build(tmp_path, PYTHON)
    return tmp_path


def replaced(file: str, old: str, new: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        text = (root / file).read_text()
        assert old in text
        (root / file).write_text(text.replace(old, new, 1))

    return change


def removed(file: str) -> Callable[[Path], None]:
    return lambda root: (root / file).unlink()


NETWORK, PARSER = "baseline/config.pbtxt", "baseline_parse/config.pbtxt"
BATCHING = "dynamic_batching {\n  preferred_batch_size: 4\n  preferred_batch_size: 8\n}\n"
CASES = [
    (removed(NETWORK), NETWORK, "is missing: `limn repository build` writes it"),
    (replaced(NETWORK, "max_batch_size", "max_batch"), NETWORK, "no field named"),
    (replaced(NETWORK, '"baseline"', '"base"'), NETWORK, "name: 'base', the folder is 'baseline'"),
    (replaced(NETWORK, 'backend: "python"', 'backend: "dali"'), NETWORK, "backend: 'dali'"),
    (replaced(NETWORK, "max_batch_size: 8", "max_batch_size: 0"), NETWORK, "max_batch_size"),
    (replaced(NETWORK, "versions: 1", "versions: 2"), NETWORK, "serves [2], version 1"),
    (replaced(NETWORK, "specific {\n    versions: 1\n  }", "all {}"), NETWORK, "serves []"),
    (replaced(NETWORK, '"logits"', '"scores"'), NETWORK, "'logits' of the contract is missing"),
    (replaced(NETWORK, '"logits"', '"scores"'), NETWORK, "'scores' is not in the contract"),
    (replaced(NETWORK, "dims: 20", "dims: 7"), NETWORK, "the contract has (20, -1, -1)"),
    (replaced(PARSER, "TYPE_FP16", "TYPE_FP32"), PARSER, "the contract has TYPE_FP16"),
    (replaced(PARSER, "dims: 384", "dims: 385"), PARSER, "the contract has (384, 256, 3)"),
    (replaced(NETWORK, "size: 8\n}", "size: 9\n}"), NETWORK, "prefers a batch above"),
    (replaced(NETWORK, BATCHING, ""), NETWORK, "dynamic_batching: is missing"),
    (replaced(NETWORK, "dims: 304", "dims: 320"), NETWORK, "no 3x304x208 in a batch of 1"),
    (replaced(NETWORK, '"model.py"', '"model.onnx"'), NETWORK, "not 'model.py'"),
    (removed("baseline/1/model.py"), "baseline/1/model.py", "is missing"),
    (replaced("baseline/1/model.py", "ONNX", "onnx"), "baseline/1/model.py", "another Limn"),
    (removed("baseline/labels.txt"), "baseline/labels.txt", "is missing"),
    (replaced("baseline/labels.txt", "hat", "cap"), "baseline/labels.txt", "classes"),
    (removed("baseline/1/contract.json"), "baseline/1/contract.json", "has no contract.json"),
    (removed("baseline/1/model.onnx"), "baseline/1/contract.json", "has no model.onnx"),
    (
        replaced("baseline_parse/1/contract.json", '"version": 1', '"version": 2'),
        "baseline_parse/1/contract.json",
        "holds the contract of baseline_parse/2",
    ),
    (
        replaced("baseline_parse/1/contract.json", "hat", "cap"),
        "baseline_parse/1/contract.json",
        "labels is not that of",
    ),
]


@pytest.mark.parametrize(("spoil", "file", "text"), CASES, ids=[case[2] for case in CASES])
def test_fault_is_found(
    spoil: Callable[[Path], None], file: str, text: str, repository: Path
) -> None:
    assert check_repository(repository) == []
    spoil(repository)

    faults = check_repository(repository)

    assert any(fault.file == repository / file and text in fault.text for fault in faults), faults


def test_parser_of_another_network_is_found(repository: Path) -> None:
    write_model(repository, version=2)
    write_parser(repository / "baseline/2", network_sha256="f" * 64)
    build(repository, PYTHON)

    faults = check_repository(repository)

    assert [str(fault).partition(": ")[2] for fault in faults] == [
        f"network_sha256 is not the sha256 of {repository / 'baseline/2/model.onnx'}"
    ]


def test_promotion_of_a_version_that_is_not_there_is_found(repository: Path) -> None:
    (repository / "baseline/promotion.json").write_text('{"served": 5}')

    faults = check_repository(repository)

    assert {fault.file for fault in faults} == {repository / "baseline/promotion.json"}
    assert "promotes version 5" in faults[0].text
