"""From a checkpoint to graphs in the model repository, and what is not let through."""

import math
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from skimage import data
from typer.testing import CliRunner

from cli.main import app
from cli.offline import served_parser
from export.accuracy import open_session
from export.errors import AccuracyLost, ExportError, GraphDisagrees
from export.half import add_half
from export.int8 import add_int8
from export.kernels import add_kernels
from export.material import Material, canvases
from export.model import export_model
from export.operators import operators
from export.parser_graph import Parser
from export.verify import verify, verify_parser
from limn.contract import ParserTensorSpec, read_contract, read_parser_contract, sha256_of
from limn.geometry import Region
from limn.labels import LIP
from limn.ops import array
from limn.ops.choose import upsample_and_choose
from tests.fixtures.cpu import needs_kernels
from tests.fixtures.lip_dataset import draw_person, write_lip_dataset
from tests.fixtures.trained import CANVAS, needs_weights, network_of
from training.checkpoint import save_checkpoint
from training.config.run import TrainingConfig
from training.datasets.lip import open_lip
from training.networks.build import build_network
from training.networks.parsing_network import ParsingNetwork
from training.parser import TorchParser

pytestmark = needs_weights


@pytest.fixture(autouse=True)
def one_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """One worker serves as well as many here, and starts sooner."""
    monkeypatch.setenv("LIMN_SESSIONS", "1")


def test_contract_of_the_export_is_read_back(served: Path) -> None:
    contract = read_contract(served)

    assert (contract.name, contract.version, contract.architecture) == ("tiny", 1, "tiny")
    assert contract.labels.label_set().classes == LIP.classes
    assert contract.scales == {"0.8": (48, 32), "1": (64, 48), "1.2": (80, 64)}
    assert (contract.stride, contract.size_multiple, contract.precision) == (2, 16, "fp16")
    drawn = contract.sources[0]
    assert (drawn.name, drawn.role, drawn.samples) == ("drawn", "training", 6)


def test_export_leaves_a_whole_version_and_nothing_else(served: Path) -> None:
    repository = served.parent.parent

    assert {str(path.relative_to(repository)) for path in repository.rglob("*")} == {
        "tiny",
        "tiny/1",
        "tiny/1/contract.json",
        "tiny/1/model.onnx",
        "tiny/1/report.md",
        "tiny_parse",
        "tiny_parse/1",
        "tiny_parse/1/contract.json",
        "tiny_parse/1/model.onnx",
    }


def test_export_tells_how_well_the_graph_agrees(export_output: tuple[Path, str]) -> None:
    shares = re.findall(r"(\d+x\d+), batch (\d): ([\d.]+)% of the cells agree", export_output[1])

    sizes = ("48x32", "64x48", "80x64")
    expected = [(size, batch) for size in sizes for batch in "13"]
    assert [share[:2] for share in shares] == expected
    assert all(99.9 <= float(share[2]) <= 100 for share in shares)


@pytest.mark.parametrize("flip", [False, True], ids=["plain", "flip"])
def test_served_model_sees_what_the_checkpoint_sees(
    served: Path, checkpoint: Path, flip: bool
) -> None:
    config, network = network_of(checkpoint)
    reference = TorchParser(network, LIP, CANVAS, config.data.test_scales, flip)
    astronaut: NDArray[np.uint8] = data.astronaut()
    drawn, _ = draw_person(300, size=(384, 256))

    with served_parser(served, None, flip) as parse:
        for photo in (astronaut, drawn):
            answer, expected = parse(photo), reference(photo)

            assert answer.shape == photo.shape[:2]
            assert len(np.unique(expected)) > 1
            assert np.mean(answer == expected) >= 0.999


def test_served_model_takes_the_checkpoints_size_at_other_scales(
    served: Path, checkpoint: Path
) -> None:
    # 64 * 0.625 = 40 lies halfway between two legal sides, 32 and 48.
    reference = TorchParser(network_of(checkpoint)[1], LIP, CANVAS, (0.625,))
    drawn, _ = draw_person(300, size=(384, 256))

    with served_parser(served, "0.625", flip=False) as parse:
        answer = parse(drawn)

    assert reference.sizes == [(48, 32)]
    assert np.mean(answer == reference(drawn)) >= 0.995


def test_version_that_exists_is_refused(
    served: Path, checkpoint: Path, photos: list[NDArray[np.uint8]]
) -> None:
    before = (served / "model.onnx").read_bytes()

    with pytest.raises(ExportError, match="a version never changes"):
        export_model(checkpoint, served.parent.parent, "tiny", 1, photos, [6])

    assert (served / "model.onnx").read_bytes() == before


@pytest.fixture
def other_network(config: TrainingConfig) -> ParsingNetwork:
    """Random weights."""
    torch.manual_seed(7)
    return build_network(config.model, len(LIP)).eval()


def test_graph_that_disagrees_is_not_written(
    served: Path,
    config: TrainingConfig,
    other_network: ParsingNetwork,
    photos: list[NDArray[np.uint8]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    graph = onnx.load_model(served / "model.onnx")
    monkeypatch.setattr("export.model.export_graph", lambda network, tensors: graph)
    checkpoint = tmp_path / "other.pt"
    weights = other_network.state_dict()
    save_checkpoint(checkpoint, {"config": config.model_dump_json(), "averaged": weights})

    with pytest.raises(ExportError, match="the exported graph disagrees with PyTorch"):
        export_model(checkpoint, tmp_path / "models", "tiny", 1, photos, [6])

    assert list(tmp_path.iterdir()) == [checkpoint]


def test_weights_are_stored_whole_where_rounding_them_changes_what_is_seen(
    served: Path,
    checkpoint: Path,
    photos: list[NDArray[np.uint8]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = onnx.load_model(served / "model.onnx")
    ruined = onnx.ModelProto()
    ruined.CopyFrom(whole)
    for tensor in ruined.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype == np.float16:
            tensor.CopyFrom(numpy_helper.from_array(np.zeros_like(values), tensor.name))
    monkeypatch.setattr("export.model.export_graph", lambda network, tensors: whole)
    monkeypatch.setattr("export.model.store_half", lambda model: ruined)

    result = export_model(checkpoint, tmp_path, "tiny", 1, photos, [6])

    assert result.contract.precision == "fp32"
    assert (tmp_path / "tiny" / "1" / "model.onnx").read_bytes() == whole.SerializeToString()


def test_verify_tells_another_network_apart(
    served: Path, other_network: ParsingNetwork, photos: list[NDArray[np.uint8]]
) -> None:
    graph = (served / "model.onnx").read_bytes()

    with pytest.raises(ExportError, match=r"disagrees with PyTorch: .* at \d+x\d+, batch [13]"):
        verify(graph, read_contract(served), other_network, photos)


def test_verify_tells_another_networks_parser_apart(
    served: Path, other_network: ParsingNetwork, photos: list[NDArray[np.uint8]]
) -> None:
    graph = (served.parent.with_name("tiny_parse") / "1/model.onnx").read_bytes()
    parser = Parser(other_network, read_contract(served)).eval()

    with pytest.raises(ExportError, match="the exported parser"):
        verify_parser(graph, parser, ParserTensorSpec(), photos)


def test_parser_is_the_network_with_all_that_surrounds_it(
    served: Path, photos: list[NDArray[np.uint8]]
) -> None:
    folder = served.parent.with_name("tiny_parse") / "1"
    contract = read_contract(served)
    stated = read_parser_contract(folder)
    astronaut: NDArray[np.uint8] = data.astronaut()
    shown = canvases([*photos, astronaut], contract)
    session, network = (open_session((f / "model.onnx").read_bytes()) for f in (folder, served))

    labels, color, scores = session.run(None, {"canvas": shown})

    views = [
        array.probabilities(network.run(None, {"pixels": pixels})[0])
        for size in contract.scales.values()
        for pixels in [array.preprocess(shown, size, contract.mean, contract.std)]
    ]
    fused = array.fuse(views, (CANVAS[0] // 2, CANVAS[1] // 2))
    chosen = [upsample_and_choose(each, CANVAS, Region(0, 0, *each.shape[1:])) for each in fused]
    assert (stated.network, stated.version) == ("tiny", 1)
    assert stated.network_sha256 == contract.sha256
    np.testing.assert_allclose(scores, fused, rtol=0, atol=1e-3)
    assert np.mean(labels == np.stack(chosen)) >= 0.999
    np.testing.assert_array_equal(color, LIP.palette[labels])


@pytest.fixture
def copy(served: Path, tmp_path: Path) -> Path:
    """The exported version in a repository of its own."""
    shutil.copytree(served.parent.parent, tmp_path / "models")
    return tmp_path / "models" / "tiny" / "1"


@pytest.fixture
def drawn(data_set: Path) -> Material:
    pictures = open_lip(data_set, "train")
    return Material(
        [pictures.image(index) for index in range(4)],
        [pictures.pair(index) for index in range(4)],
        "4 drawn people",
    )


def test_int8_is_written_where_it_costs_little(
    copy: Path, drawn: Material, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Two epochs leave classes too close to each other for the real limit.
    monkeypatch.setattr("export.accuracy.MAY_COST", 1)
    before = read_contract(copy)

    add_int8(copy, drawn)

    network, parser_folder = read_contract(copy), copy.parent.with_name("tiny_parse") / "1"
    parser = read_parser_contract(parser_folder)
    assert network.int8 is not None
    assert parser.int8 is not None
    assert network.int8.judged_on == "4 drawn people"
    assert (network.file, network.cpu_file) == ("model.onnx", "model.int8.onnx")
    assert network.model_copy(update={"int8": None}) == before
    model = onnx.load_model(copy / "model.int8.onnx")
    counted = operators(model)
    assert counted["QuantizeLinear"] > counted["Conv"] / 2
    scales = [t for t in model.graph.initializer if t.name.endswith("weight_scale")]
    assert scales
    assert all(tensor.dims[0] > 1 for tensor in scales), "one scale per channel"
    whole_way = operators(onnx.load_model(parser_folder / parser.int8.file))
    assert whole_way["QuantizeLinear"] >= counted["QuantizeLinear"]
    with pytest.raises(ExportError, match="has INT8 already"):
        add_int8(copy, drawn)


def test_cpu_runs_int8_where_it_is_there(
    copy: Path, drawn: Material, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("export.accuracy.MAY_COST", 1)
    photo, _ = draw_person(300, size=(384, 256))
    add_int8(copy, drawn)
    contract = read_contract(copy)

    with served_parser(copy, None, flip=False) as parse:
        found = parse(photo)
    (copy / "model.onnx").write_bytes((copy / "model.int8.onnx").read_bytes())
    alone = contract.model_copy(update={"int8": None, "sha256": sha256_of(copy / "model.onnx")})
    (copy / "contract.json").write_text(alone.model_dump_json())
    shutil.rmtree(copy.parent.with_name("tiny_parse"))
    with served_parser(copy, None, flip=False) as parse:
        expected = parse(photo)

    np.testing.assert_array_equal(found, expected)


@pytest.fixture
def in_int8(copy: Path, drawn: Material, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("export.accuracy.MAY_COST", 1)
    add_int8(copy, drawn)
    return copy


@needs_kernels
def test_kernels_see_what_int8_sees(in_int8: Path, photos: list[NDArray[np.uint8]]) -> None:
    before = read_contract(in_int8)

    contract = add_kernels(in_int8, photos)

    assert contract.kernels is not None
    assert contract.kernels.agreement >= 99
    assert read_contract(in_int8) == contract
    assert contract.model_copy(update={"kernels": None}) == before
    counted = operators(onnx.load_model(in_int8 / "model.kernels.onnx"))
    assert counted["limn::Pointwise"] > 20
    assert {"Conv", "Resize"}.isdisjoint(counted)
    with pytest.raises(ExportError, match="has a graph of kernels already"):
        add_kernels(in_int8, photos)


@needs_kernels
def test_kernels_that_see_something_else_are_not_written(
    in_int8: Path, photos: list[NDArray[np.uint8]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("export.kernels.AGREEMENT", 1.1)

    with pytest.raises(GraphDisagrees, match=r"by kernels [\d.]+% of the cells"):
        add_kernels(in_int8, photos)

    assert not (in_int8 / "model.kernels.onnx").exists()


def test_kernels_are_made_of_int8(copy: Path, photos: list[NDArray[np.uint8]]) -> None:
    with pytest.raises(ExportError, match="no INT8 graph: make it with `limn export int8`"):
        add_kernels(copy, photos)


def test_kernels_are_made_where_they_can_be_compared(
    in_int8: Path, photos: list[NDArray[np.uint8]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("limn.ops.kernels.library", lambda: None)

    with pytest.raises(ExportError, match="x86-64 with AVX2"):
        add_kernels(in_int8, photos)


def test_int8_that_costs_too_much_is_not_written(
    copy: Path, drawn: Material, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("export.accuracy.MAY_COST", -1)
    before = read_contract(copy)

    with pytest.raises(AccuracyLost, match=r"INT8 has [\d.]+% mIoU where fp32 has [\d.]+%"):
        add_int8(copy, drawn)

    assert read_contract(copy) == before
    assert not (copy / "model.int8.onnx").exists()


def test_int8_needs_pictures_to_calibrate_with(copy: Path, drawn: Material) -> None:
    with pytest.raises(ExportError, match="INT8 needs pictures to calibrate with"):
        add_int8(copy, replace(drawn, calibration=[]))


def test_companion_gives_half_of_the_pictures_to_calibrate_with(
    copy: Path, data_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Material] = []

    def looked_at(_: Path, material: Material) -> None:
        seen.append(material)
        raise ExportError("seen enough")

    monkeypatch.setattr("export.int8.add_int8", looked_at)
    companion = write_lip_dataset(tmp_path, train=60, size=(64, 64))
    arguments = ["export", "int8", "tiny", "--repository", str(copy.parents[1])]

    for more in ([], ["--companion", str(companion)]):
        CliRunner().invoke(app, [*arguments, "--data", str(data_set), *more])

    alone, both = ([photo.shape[:2] for photo in one.calibration] for one in seen)
    assert alone == 6 * [(96, 64)]
    assert both == 6 * [(96, 64)] + 20 * [(64, 64)]
    assert [len(one.annotated) for one in seen] == [3, 3]


def test_half_precision_computes_in_half_and_sees_the_same(
    copy: Path, photos: list[NDArray[np.uint8]], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Two epochs leave classes too close to each other for the real limit.
    monkeypatch.setattr("export.half.AGREEMENT", 0.9)
    before = read_contract(copy)

    contract = add_half(copy, photos)

    assert contract.half is not None
    assert contract.half.agreement >= 90
    assert read_contract(copy) == contract
    assert contract.model_copy(update={"half": None}) == before
    assert (contract.gpu_file, contract.cpu_file) == ("model.half.onnx", "model.onnx")
    graph = onnx.load_model(copy / contract.gpu_file).graph
    kinds = {tensor.name: tensor.data_type for tensor in graph.initializer}
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    whole = [node for node in convolutions if kinds.get(node.input[1]) != TensorProto.FLOAT16]
    assert whole == [node for node in convolutions if _is_wide_depthwise(node)]
    assert len(whole) == 3
    assert {value.type.tensor_type.elem_type for value in (*graph.input, *graph.output)} == {
        TensorProto.FLOAT
    }
    with pytest.raises(ExportError, match="has a graph in half precision"):
        add_half(copy, photos)


def _is_wide_depthwise(node: onnx.NodeProto) -> bool:
    """A dilated depthwise convolution of 5x5, slow in half precision."""
    settings = {each.name: helper.get_attribute_value(each) for each in node.attribute}
    shape = settings["dilations"], settings["kernel_shape"]
    return settings["group"] > 1 and shape == ([2, 2], [5, 5])


def test_half_precision_that_sees_something_else_is_not_written(
    copy: Path, photos: list[NDArray[np.uint8]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("export.half.AGREEMENT", 1.1)

    with pytest.raises(GraphDisagrees, match=r"in half precision [\d.]+% of the cells"):
        add_half(copy, photos)

    assert not (copy / "model.half.onnx").exists()


def test_network_that_diverged_is_not_exported(
    served: Path,
    other_network: ParsingNetwork,
    photos: list[NDArray[np.uint8]],
) -> None:
    for parameter in other_network.parameters():
        parameter.data.fill_(math.nan)

    with pytest.raises(ExportError, match="numbers that are not finite"):
        verify((served / "model.onnx").read_bytes(), read_contract(served), other_network, photos)


@pytest.mark.parametrize(
    ("name", "version", "count", "message"),
    [
        pytest.param("tiny", 1, 2, "2 photos to verify on; at least 3", id="too-few-photos"),
        pytest.param("Tiny 1", 1, 3, "name: String should match", id="name"),
        pytest.param("tiny", 0, 3, "version: Input should be greater", id="version"),
    ],
)
def test_impossible_export_ends_before_the_graph_is_made(
    checkpoint: Path,
    photos: list[NDArray[np.uint8]],
    tmp_path: Path,
    name: str,
    version: int,
    count: int,
    message: str,
) -> None:
    with pytest.raises(ExportError, match=message):
        export_model(checkpoint, tmp_path / "models", name, version, photos[:count], [6])

    assert list(tmp_path.iterdir()) == []
