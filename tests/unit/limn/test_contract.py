import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from limn.contract import CONTRACT_FILE, read_contract, sha256_of
from limn.errors import ContractError
from limn.labels import LIP
from tests.fixtures.models import contract, write_model


def edit(folder: Path, **changes: Any) -> None:
    """Change top-level fields of a contract on disk; None removes one."""
    path = folder / CONTRACT_FILE
    facts = json.loads(path.read_text()) | changes
    path.write_text(json.dumps({name: fact for name, fact in facts.items() if fact is not None}))


def test_contract_is_read_as_it_was_written(tmp_path: Path) -> None:
    folder = write_model(tmp_path, name="small", version=3)

    read = read_contract(folder)

    assert (read.name, read.version, read.canvas, read.stride) == ("small", 3, (384, 256), 2)
    assert read.labels.label_set().mirror.tolist() == LIP.mirror.tolist()
    assert read.labels.label_set().palette.tolist() == LIP.palette.tolist()


def test_hash_is_that_of_the_bytes(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"abc" * 100_000)

    assert sha256_of(file) == hashlib.sha256(b"abc" * 100_000).hexdigest()


def test_missing_contract_tells_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"has no contract\.json: export the model with `limn"):
        read_contract(tmp_path)


def test_missing_graph_is_refused(tmp_path: Path) -> None:
    folder = write_model(tmp_path)
    (folder / "model.onnx").unlink()

    with pytest.raises(ContractError, match=r"has no model\.onnx, which its contract names"):
        read_contract(folder)


def test_graph_of_another_hash_is_refused(tmp_path: Path) -> None:
    folder = write_model(tmp_path)
    with (folder / "model.onnx").open("ab") as file:
        file.write(b"\0")

    with pytest.raises(ContractError, match="not the file its contract describes: sha256 differs"):
        read_contract(folder)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param(
            {"scales": {"1": [384, 256], "0.8": [300, 208]}},
            "scales: 0.8 is 300x208, not a multiple of 16",
            id="size-multiple",
        ),
        pytest.param(
            {"scales": {"1": [400, 256]}},
            "scale 1 must be there and be the canvas itself",
            id="canvas-not-scale-1",
        ),
        pytest.param(
            {"scales": {"0.5": [192, 128]}},
            "scale 1 must be there and be the canvas itself",
            id="no-scale-1",
        ),
        pytest.param({"scales": {}}, "at least one test-time scale", id="no-scales"),
        pytest.param({"stride": None}, "stride: Field required", id="field-missing"),
        pytest.param({"colour": "RGB"}, "colour: Extra inputs are not permitted", id="unknown"),
        pytest.param({"name": "Base Line"}, "name: String should match", id="name"),
        pytest.param({"file": "../model.onnx"}, "file: String should match", id="file-elsewhere"),
        pytest.param({"color_order": "BGR"}, "color_order: Input should be 'RGB'", id="bgr"),
        pytest.param({"fill": [0, 0, 256]}, "fill.2: Input should be less", id="fill"),
        pytest.param({"version": 0}, "version: Input should be greater", id="version"),
    ],
)
def test_contract_with_a_fault_is_refused(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    folder = write_model(tmp_path)
    edit(folder, **changes)

    with pytest.raises(ContractError) as caught:
        read_contract(folder)

    assert str(folder / CONTRACT_FILE) in str(caught.value)
    assert message in str(caught.value)


def test_palette_of_another_length_is_refused(tmp_path: Path) -> None:
    folder = write_model(tmp_path)
    labels = json.loads((folder / CONTRACT_FILE).read_text())["labels"]
    edit(folder, labels=labels | {"palette": [[0, 0, 0]]})

    with pytest.raises(ContractError, match="classes and palette differ in length"):
        read_contract(folder)


def test_contract_that_is_no_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / CONTRACT_FILE).write_text("{")

    with pytest.raises(ContractError, match="is not a model contract: contract: Invalid JSON"):
        read_contract(tmp_path)


@pytest.mark.parametrize(
    ("scale", "size"),
    [
        pytest.param(1.0, (384, 256), id="canvas"),
        # 307.2 and 204.8 are nearest to 304 and 208; the contract says so too.
        pytest.param(0.8, (304, 208), id="of-the-contract"),
        pytest.param(0.5, (192, 128), id="exact"),
        # 288 and 192 exactly; 345.6 is nearest to 352, 230.4 to 224.
        pytest.param(0.75, (288, 192), id="exact-too"),
        pytest.param(0.9, (352, 224), id="nearest"),
        # 360 = 22.5 * 16 lies halfway; 240 is 15 * 16.
        pytest.param(0.9375, (368, 240), id="halfway-goes-up"),
        pytest.param(0.01, (16, 16), id="at-least-one-multiple"),
    ],
)
def test_input_size_is_the_nearest_legal_one(scale: float, size: tuple[int, int]) -> None:
    assert contract().input_size(scale) == size


def test_input_size_of_the_contract_wins_over_rounding() -> None:
    own = contract(scales={"1": (384, 256), "0.5": (208, 144)})

    assert own.input_size(0.5) == (208, 144)
