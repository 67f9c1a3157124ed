import pytest
import torch
from torch.nn import functional as F

from tests.fixtures.narrow import make_narrow
from training.networks.segnet import SegNet, unpool, winners


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> SegNet:
    make_narrow(monkeypatch)
    torch.manual_seed(0)
    return SegNet(5).eval()


@pytest.mark.parametrize("size", [(32, 64), (96, 32)])
def test_scores_have_the_pictures_size(network: SegNet, size: tuple[int, int]) -> None:
    with torch.inference_mode():
        high, low, middle, branches, _ = network(torch.randn(2, 3, *size))

    assert high.shape == (2, 5, *size)
    assert (low, middle, branches) == (None, None, ())


def test_side_that_is_no_multiple_fails(network: SegNet) -> None:
    with pytest.raises(RuntimeError):
        network(torch.zeros(1, 3, 64, 40))


def test_maxima_go_back_to_where_they_were() -> None:
    torch.manual_seed(0)
    features = torch.randn(2, 3, 6, 4)
    pooled, indices = F.max_pool2d(features, 2, 2, return_indices=True)

    raised = unpool(pooled, winners(features))

    assert torch.equal(raised, F.max_unpool2d(pooled, indices, [2, 2]))


def test_decoder_mirrors_the_encoder() -> None:
    with torch.device("meta"):
        network = SegNet(20)

    outputs = [
        weight.shape[0]
        for name, weight in network.decoder.named_parameters()
        if name.endswith(".0.weight")
    ]
    assert outputs == [512, 512, 512, 512, 512, 256, 256, 256, 128, 128, 64, 64]
    assert network.head.weight.shape == (20, 64, 3, 3)


def test_gradient_reaches_the_trunk(network: SegNet) -> None:
    network.train()(torch.randn(2, 3, 64, 64)).high.square().sum().backward()

    gradient = dict(network.encoder.named_parameters())["features.0.weight"].grad
    assert gradient is not None
    assert gradient.abs().sum() > 0


def test_network_runs_in_half_precision(network: SegNet) -> None:
    with torch.autocast("cpu", torch.bfloat16):
        logits = network.train()(torch.randn(2, 3, 64, 64))

    logits.high.float().mean().backward()
    assert logits.high.isfinite().all()
