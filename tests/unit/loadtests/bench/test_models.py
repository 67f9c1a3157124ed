"""Which graph is served, and one that costs nothing in its place."""

import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from limn.contract import read_contract
from limn.ops import kernels
from loadtests.bench.models import (
    contract,
    copy_model,
    input_shapes,
    is_quantised,
    kernel_model,
    served_model,
)
from loadtests.bench.null_model import write_null_model
from loadtests.server import CannotMeasure
from tests.fixtures.cpu import needs_kernels
from tests.fixtures.models import write_model

ROOT = Path(__file__).resolve().parents[4]
SHIPPED = ROOT / "model_repository/mman/1/model.int8.onnx"


def test_promoted_version_is_served_else_the_highest(tmp_path: Path) -> None:
    for version in (2, 10):
        write_model(tmp_path, "mman", version)

    assert served_model(tmp_path) == tmp_path / "mman/10/model.onnx"
    (tmp_path / "mman/promotion.json").write_text('{"served": 2, "previous": [10]}')
    assert served_model(tmp_path) == tmp_path / "mman/2/model.onnx"


def test_graph_in_int8_is_the_one_for_a_cpu(tmp_path: Path) -> None:
    folder = write_model(tmp_path, "mman")
    stated = contract(folder / "contract.json") | {"int8": {"file": "model.int8.onnx"}}
    (folder / "contract.json").write_text(json.dumps(stated))

    assert served_model(tmp_path) == folder / "model.int8.onnx"


@needs_kernels
def test_kernels_go_with_the_graph_in_int8() -> None:
    model = served_model(ROOT / "model_repository")

    found = kernel_model(model)

    assert found is not None
    assert found.model == model.with_name("model.kernels.onnx")
    assert found.library == kernels.library()
    assert kernel_model(model.with_name("model.onnx")) is None


def test_kernels_are_none_where_the_contract_has_none(tmp_path: Path) -> None:
    assert kernel_model(write_model(tmp_path, "mman") / "model.onnx") is None


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(CannotMeasure, match="has no version; name a graph with --model-file"):
        served_model(tmp_path)
    with pytest.raises(CannotMeasure, match=r"no .*contract\.json; every graph needs"):
        contract(tmp_path / "model.onnx")


def test_copy_is_a_model_that_limn_serves(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "from", "mman", 3)
    (folder / "model.onnx").rename(folder / "other.onnx")

    copied = copy_model(folder / "other.onnx", tmp_path / "to")

    assert copied == tmp_path / "to/mman/3/model.onnx"
    assert read_contract(copy_model(SHIPPED, tmp_path / "shipped").parent).kernels is None
    assert read_contract(copied.parent).version == 3


def test_null_model_has_the_signature_and_borders(tmp_path: Path) -> None:
    real = write_model(tmp_path / "real", "mman") / "model.onnx"

    null = write_null_model(real, tmp_path / "null")

    assert not is_quantised(null)
    facts = read_contract(null.parent)
    session = onnxruntime.InferenceSession(null, providers=["CPUExecutionProvider"])
    for shape in input_shapes(real):
        pixels = np.random.default_rng(0).standard_normal(shape, dtype=np.float32)
        (logits,) = session.run([facts.tensors.logits], {facts.tensors.pixels: pixels})
        assert logits.shape == (1, 20, shape[2] // 2, shape[3] // 2)
    # Classes like 20 levels from -2 to 2, 4 / 19 apart: 0.32 is nearest to the 12th, at 0.316.
    pixels = np.full((1, 3, 32, 16), 0.32, np.float32)
    (logits,) = session.run(None, {"pixels": pixels})
    assert (logits.argmax(axis=1) == 11).all()
