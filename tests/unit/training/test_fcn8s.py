import pytest
import torch

from tests.fixtures.narrow import make_narrow
from training.networks.fcn8s import Fcn8s, upsampling


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Fcn8s:
    make_narrow(monkeypatch)
    torch.manual_seed(0)
    return Fcn8s(5).eval()


@pytest.mark.parametrize("size", [(32, 64), (96, 32)])
def test_scores_have_the_pictures_size(network: Fcn8s, size: tuple[int, int]) -> None:
    with torch.inference_mode():
        high, low, middle, branches, _ = network(torch.randn(2, 3, *size))

    assert high.shape == (2, 5, *size)
    assert (low, middle, branches) == (None, None, ())


def test_parameters_are_those_of_the_paper() -> None:
    with torch.device("meta"):
        network = Fcn8s(20)

    hidden = (512 * 49 + 1) * 4096 + (4096 + 1) * 4096
    scorers = (4096 + 1 + 512 + 1 + 256 + 1) * 20
    raising = 20 * 20 * (4 * 4 + 4 * 4 + 16 * 16)
    assert sum(p.numel() for p in network.parameters()) == 14_714_688 + hidden + scorers + raising


@pytest.mark.parametrize("factor", [2, 8])
def test_upsampling_starts_bilinear(factor: int) -> None:
    torch.manual_seed(0)
    scores = torch.randn(1, 3, 6, 5)

    raised = upsampling(3, factor)(scores)

    expected = torch.nn.functional.interpolate(
        scores, scale_factor=factor, mode="bilinear", align_corners=False
    )
    # At the border interpolation repeats the last cell, and a convolution sees zeros.
    inside = slice(factor, -factor)
    torch.testing.assert_close(
        raised[..., inside, inside], expected[..., inside, inside], rtol=0, atol=1e-5
    )


def test_gradient_reaches_the_trunk(network: Fcn8s) -> None:
    network.train()(torch.randn(2, 3, 64, 64)).high.square().sum().backward()

    gradient = dict(network.encoder.named_parameters())["features.0.weight"].grad
    assert gradient is not None
    assert gradient.abs().sum() > 0


def test_network_runs_in_half_precision(network: Fcn8s) -> None:
    with torch.autocast("cpu", torch.bfloat16):
        logits = network.train()(torch.randn(2, 3, 64, 64))

    logits.high.float().mean().backward()
    assert logits.high.isfinite().all()
