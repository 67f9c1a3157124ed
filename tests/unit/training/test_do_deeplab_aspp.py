import pytest
import torch
from torch import nn

from tests.fixtures.narrow import make_narrow
from training.networks import do_deeplab_aspp
from training.networks.do_deeplab_aspp import DoDeepLabAspp, PaperPyramid, Topology, UpBlock

TOPOLOGIES: tuple[Topology, ...] = ("paper", "release")


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    make_narrow(monkeypatch)
    torch.manual_seed(0)


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def decoder_shapes(network: DoDeepLabAspp) -> list[tuple[int, ...]]:
    """Of the weights of D0 to D3."""
    state = network.state_dict()
    return [tuple(state[f"decoder.{block}.convolution.weight"].shape) for block in range(4)]


def test_paper_topology_has_the_papers_channels() -> None:
    with torch.device("meta"):
        network = DoDeepLabAspp(20)

    assert count(network.encoder) == 42_500_160
    # Four 1x1 convolutions of 2048 to 2048 and three depthwise 3x3.
    assert count(network.pyramid.branches) == 4 * 2048 * 2048 + 3 * 2048 * 9
    assert network.state_dict()["pyramid.low_head.weight"].shape == (20, 8192, 1, 1)
    assert decoder_shapes(network) == [
        (1024, 8192, 1, 1),
        (1024, 512, 4, 4),
        (1024, 256, 4, 4),
        (512, 64, 4, 4),
    ]
    assert network.high_head.weight.shape == (128, 20, 4, 4)


def test_release_topology_has_the_releases_channels() -> None:
    with torch.device("meta"):
        network = DoDeepLabAspp(20, "release")

    # A 1x1 and three 3x3 of 2048 to 20, with biases, and 80 to 20.
    assert count(network.pyramid) == 2048 * 20 * (1 + 3 * 9) + 4 * 20 + 80 * 20 + 20
    assert decoder_shapes(network) == [
        (2048, 1024, 3, 3),
        (2048, 512, 4, 4),
        (1024, 256, 4, 4),
        (512, 64, 4, 4),
    ]
    assert round(count(network) / 1e6) == 85


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("topology", TOPOLOGIES)
@pytest.mark.parametrize("size", [(32, 48), (64, 32)])
def test_heads_answer_at_their_stride(topology: Topology, size: tuple[int, int]) -> None:
    height, width = size
    network = DoDeepLabAspp(5, topology, middle_head=True).eval()

    with torch.inference_mode():
        high, low, middle, branches, _ = network(torch.randn(2, 3, height, width))

    assert high.shape == (2, 5, height // network.stride, width // network.stride)
    assert low is not None
    assert low.shape == (2, 5, height // 16, width // 16)
    assert middle is not None
    assert middle.shape == (2, 5, height // 4, width // 4)
    assert branches == ()


@pytest.mark.usefixtures("small")
def test_side_that_is_no_multiple_fails() -> None:
    with pytest.raises(RuntimeError, match="Sizes of tensors must match"):
        DoDeepLabAspp(5).eval()(torch.zeros(1, 3, 64, 40))


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("topology", TOPOLOGIES)
@pytest.mark.parametrize("head", ["high", "low"])
def test_gradient_of_each_head_reaches_the_encoders_last_stage(
    topology: Topology, head: str
) -> None:
    network = DoDeepLabAspp(5, topology, middle_head=True, frozen_norm=True).train()

    logits = getattr(network(torch.randn(1, 3, 32, 32)), head)
    logits.square().mean().backward()

    gradient = dict(network.encoder.named_parameters())["layer4.0.conv1.weight"].grad
    assert gradient is not None
    assert gradient.abs().sum() > 0


@pytest.mark.usefixtures("small")
def test_network_trains_in_half_precision() -> None:
    network = DoDeepLabAspp(5).train()

    with torch.autocast("cpu", torch.bfloat16):
        logits = network(torch.randn(2, 3, 32, 32))

    logits.high.float().mean().backward()
    assert logits.high.isfinite().all()
    assert dict(network.encoder.named_parameters())["conv1.weight"].grad is not None


@pytest.mark.usefixtures("small")
def test_dropout_is_that_of_the_three_innermost_blocks() -> None:
    rates = [module.p for module in DoDeepLabAspp(5).modules() if isinstance(module, nn.Dropout)]

    assert rates == [0.5, 0.5, 0.5, 0.0]


def test_skip_goes_in_front() -> None:
    block = UpBlock(nn.ConvTranspose2d(3, 2, 4, 2, 1), 0.0, skip=4)
    features, skip = torch.randn(1, 3, 2, 2), torch.randn(1, 4, 4, 4)

    own, joined = block(features, skip)

    assert own.shape == (1, 2, 4, 4)
    assert joined.shape == (1, 6, 4, 4)
    assert torch.equal(joined[:, 4:], own)


def test_new_layers_start_as_stated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(do_deeplab_aspp, "ASPP_CHANNELS", 64)
    torch.manual_seed(0)

    pyramid = PaperPyramid(5)
    block = UpBlock(nn.ConvTranspose2d(64, 32, 4, 2, 1), 0.5, skip=64)

    plain = [
        pyramid.state_dict()["low_head.weight"],
        pyramid.state_dict()["branches.1.1.weight"],
        block.state_dict()["project_skip.weight"],
    ]
    assert [round(float(weight.std()), 3) for weight in plain] == [0.010, 0.010, 0.010]
    # Xavier: the variance is 2 / (fan in + fan out), with 16 taps of each channel.
    expected = (2 / (16 * (64 + 32))) ** 0.5
    assert float(block.state_dict()["convolution.weight"].std()) == pytest.approx(
        expected, rel=0.05
    )
