"""The models in the repository, as a fresh clone serves them."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from skimage import data

from cli.offline import served_parser
from export.accuracy import open_session
from export.kernel_graph import kernel_graph
from limn.contract import PARSER_SUFFIX, read_contract, read_parser_contract
from limn.labels import LIP
from limn.ops import kernels
from tests.fixtures.cpu import needs_kernels, supported, use

ROOT = Path(__file__).resolve().parents[2]
PARSERS = sorted((ROOT / "model_repository").glob(f"*{PARSER_SUFFIX}/[0-9]*"))
FOLDERS = sorted({*(ROOT / "model_repository").glob("*/[0-9]*")} - {*PARSERS})


@pytest.fixture(params=FOLDERS, ids=lambda folder: f"{folder.parent.name}-{folder.name}")
def folder(request: pytest.FixtureRequest) -> Path:
    model: Path = request.param
    return model


def test_every_network_has_its_parser() -> None:
    assert FOLDERS
    assert [f"{folder.parent.name}{PARSER_SUFFIX}" for folder in FOLDERS] == [
        folder.parent.name for folder in PARSERS
    ]


@pytest.mark.parametrize("folder", PARSERS, ids=lambda folder: str(folder.parent.name))
def test_parser_is_of_the_network_beside_it(folder: Path) -> None:
    contract = read_parser_contract(folder)

    network = read_contract(folder.parent.with_name(contract.network) / folder.name)
    assert contract.network_sha256 == network.sha256
    assert (contract.canvas, contract.scales) == (network.canvas, network.scales)


def test_contract_holds_and_says_how_good_it_is(folder: Path) -> None:
    contract = read_contract(folder)

    assert contract.measured
    assert contract.measured[0].mean_iou >= 53
    assert contract.measured[0].pixel_accuracy >= 93


def test_astronaut_has_hair_above_her_face_above_her_clothes(folder: Path) -> None:
    photo = np.asarray(data.astronaut(), dtype=np.uint8)

    with served_parser(folder, scales=None, flip=False) as parse:
        label_map = parse(photo)

    # Hand-picked pixels of the photo: temple, nose, chest, flag on the left, shuttle on the right.
    # Not the fringe: `ssl` takes a third of her hair for a hat, see README.
    spots = {"hair": (70, 170), "face": (115, 225), "background": (150, 20)}
    assert {name: LIP.classes[label_map[spot]] for name, spot in spots.items()} == {
        name: name for name in spots
    }
    assert LIP.classes[label_map[300, 220]] in {"upper-clothes", "coat", "jumpsuits"}
    assert LIP.classes[label_map[200, 420]] == "background"


def test_kernels_are_those_of_the_int8_graph_beside_them(folder: Path) -> None:
    contract = read_contract(folder)

    assert contract.int8 is not None
    assert contract.kernels is not None
    made = kernel_graph(onnx.load_model(folder / contract.int8.file))
    assert made == onnx.load_model(folder / contract.kernels.file)


@needs_kernels
def test_kernels_of_all_instructions_give_the_same_logits(folder: Path) -> None:
    contract = read_contract(folder)
    assert contract.kernels is not None
    session = open_session((folder / contract.kernels.file).read_bytes(), kernels.library())
    pixels = np.random.default_rng(0).normal(size=(2, 3, 208, 144)).astype(np.float32)
    answers = []
    for each in supported():
        use(each)
        answers += session.run([contract.tensors.logits], {contract.tensors.pixels: pixels})

    assert np.ptp(answers[0]) > 10
    assert all(np.array_equal(answers[0], each) for each in answers)


def test_any_cpu_sees_what_one_with_kernels_sees(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = np.asarray(data.astronaut(), dtype=np.uint8)
    with served_parser(folder, scales=None, flip=False) as parse:
        found = parse(photo)
    monkeypatch.setattr("limn.ops.kernels.library", lambda: None)

    with served_parser(folder, scales=None, flip=False) as parse:
        plain = parse(photo)

    assert len(np.unique(plain)) > 3
    assert np.mean(found == plain) > 0.995


@pytest.mark.parametrize("folder", [*FOLDERS, *PARSERS], ids=lambda folder: str(folder.parent.name))
def test_graph_keeps_no_traces_of_the_machine_that_made_it(folder: Path) -> None:
    graph = (folder / "model.onnx").read_bytes()

    assert b"stack_trace" not in graph
    assert b"site-packages" not in graph
