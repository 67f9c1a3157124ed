"""A person finder without a whole contract is refused in words."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from limn.contract import CONTRACT_FILE
from limn.errors import ContractError
from limn.finder_contract import read_finder_contract
from tests.fixtures.finders import write_finder


def rewrite(folder: Path, **changes: Any) -> None:
    file = folder / CONTRACT_FILE
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def test_contract_is_read_as_it_was_written(tmp_path: Path) -> None:
    contract = read_finder_contract(write_finder(tmp_path / "finder", overlap=0.6))

    assert (contract.kind, contract.canvas, contract.overlap) == ("person-finder", (64, 64), 0.6)


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        pytest.param(lambda f: (f / CONTRACT_FILE).unlink(), "has no contract.json", id="missing"),
        pytest.param(lambda f: (f / "model.onnx").unlink(), "has no model.onnx", id="no graph"),
        pytest.param(
            lambda f: (f / "model.onnx").write_bytes(b"else"), "sha256 differs", id="other graph"
        ),
        pytest.param(lambda f: rewrite(f, kind="parser"), "kind: ", id="other kind"),
        pytest.param(lambda f: rewrite(f, threshold=2), "threshold: ", id="threshold"),
        pytest.param(lambda f: rewrite(f, stride=8), "stride: Extra inputs", id="unknown fact"),
        pytest.param(lambda f: rewrite(f, file="../x"), "file: ", id="elsewhere"),
    ],
)
def test_folder_that_is_not_whole_is_refused(
    tmp_path: Path, break_it: Callable[[Path], object], message: str
) -> None:
    folder = write_finder(tmp_path / "finder")
    break_it(folder)

    with pytest.raises(ContractError, match=message):
        read_finder_contract(folder)
