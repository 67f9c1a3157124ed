"""A finder in ONNX Runtime is the one that its contract describes, and finds what it answers."""

import hashlib
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper

from limn.errors import ContractError
from limn.geometry import Box
from service.errors import InferenceFailed
from service.finding.onnx_finder import OnnxFinder
from tests.fixtures.finders import finder_graph, write_finder

PHOTO = np.zeros((100, 200, 3), np.uint8)


def test_persons_are_found_in_pixels_of_the_photo(tmp_path: Path) -> None:
    # The photo lies on 64x32 pixels of the canvas, from row 16 on.
    folder = write_finder(tmp_path / "finder", [[32, 16, 48, 48], [0, 16, 16, 32]], [0.9, 0.75])

    found = OnnxFinder.load(folder).find(PHOTO, most=5)

    assert [one.box for one in found] == [Box(0, 0, 50, 50), Box(100, 0, 150, 100)]
    assert [one.score for one in found] == pytest.approx([0.75, 0.9])


def test_finder_that_finds_nobody_answers_nobody(tmp_path: Path) -> None:
    assert OnnxFinder.load(write_finder(tmp_path / "finder")).find(PHOTO, most=5) == ()


def test_finder_may_name_its_tensors_as_it_likes(tmp_path: Path) -> None:
    graph = finder_graph([[0, 16, 16, 32]], [0.8], pixels="image")
    folder = write_finder(tmp_path / "finder", proto=graph, tensors={"pixels": "image"})

    assert len(OnnxFinder.load(folder).find(PHOTO, most=5)) == 1


def _with_doubled_boxes() -> onnx.ModelProto:
    graph = finder_graph([[0, 0, 9, 9]], [0.8])
    graph.graph.node[2].output[0] = "once"
    graph.graph.node.append(helper.make_node("Concat", ["once", "once"], ["boxes"], axis=1))
    graph.graph.output[0].type.tensor_type.shape.dim[1].dim_value = 2
    return graph


@pytest.mark.parametrize(
    ("proto", "message"),
    [
        pytest.param(finder_graph([], [], pixels="image"), "states input 'pixels'", id="input"),
        pytest.param(finder_graph([], [], side=32), "does not run", id="canvas"),
        pytest.param(_with_doubled_boxes(), r"boxes \(1, N, 4\) and scores", id="counts differ"),
    ],
)
def test_graph_that_is_not_what_its_contract_says_is_refused(
    tmp_path: Path, proto: onnx.ModelProto, message: str
) -> None:
    with pytest.raises(ContractError, match=message):
        OnnxFinder.load(write_finder(tmp_path / "finder", proto=proto))


def test_file_that_is_no_graph_is_refused(tmp_path: Path) -> None:
    digest = hashlib.sha256(b"no graph").hexdigest()
    folder = write_finder(tmp_path / "finder", sha256=digest)
    (folder / "model.onnx").write_bytes(b"no graph")

    with pytest.raises(ContractError, match="cannot be loaded"):
        OnnxFinder.load(folder)


def test_fault_of_the_runtime_is_ours_in_words(tmp_path: Path) -> None:
    finder = OnnxFinder.load(write_finder(tmp_path / "finder"))

    with pytest.raises(InferenceFailed, match="person finder: "):
        finder._run(np.zeros((1, 3, 8, 8), np.float32))
