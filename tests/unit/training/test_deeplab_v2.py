import pytest
import torch
from torch.nn import functional as F

from tests.fixtures.narrow import make_narrow
from training.networks.deeplab_v2 import DeepLabV2


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> DeepLabV2:
    make_narrow(monkeypatch)
    torch.manual_seed(0)
    return DeepLabV2(5).eval()


@pytest.mark.parametrize(
    ("size", "grid", "half"),
    [((321, 257), (41, 33), (21, 17)), ((64, 96), (8, 12), (4, 6))],
)
def test_grids_are_those_of_stride_8(
    network: DeepLabV2, size: tuple[int, int], grid: tuple[int, int], half: tuple[int, int]
) -> None:
    with torch.inference_mode():
        high, low, middle, branches, _ = network(torch.randn(2, 3, *size))

    assert high.shape == (2, 5, *grid)
    assert (low, middle) == (None, None)
    assert [tuple(branch.shape[2:]) for branch in branches] == [grid, grid, half]


def test_parameters_are_those_of_four_heads() -> None:
    with torch.device("meta"):
        network = DeepLabV2(20)

    head = (512 * 9 + 1) * 1024 + (1024 + 1) * 1024 + (1024 + 1) * 20
    assert sum(p.numel() for p in network.parameters()) == 14_714_688 + 4 * head


def test_highest_score_over_the_scales_counts(network: DeepLabV2) -> None:
    with torch.inference_mode():
        high, _, _, (whole, three_quarters, half), _ = network(torch.randn(1, 3, 64, 64))

    raised = F.interpolate(half, (8, 8), mode="bilinear", align_corners=False)
    assert torch.equal(high, torch.stack([whole, three_quarters, raised]).amax(dim=0))


def test_gradient_of_each_output_reaches_the_trunk(network: DeepLabV2) -> None:
    logits = network.train()(torch.randn(1, 3, 64, 64))

    for output in (logits.high, *logits.branches):
        first = dict(network.encoder.named_parameters())["features.0.weight"]
        (gradient,) = torch.autograd.grad(output.square().sum(), first, retain_graph=True)
        assert gradient.abs().sum() > 0


def test_network_runs_in_half_precision(network: DeepLabV2) -> None:
    with torch.autocast("cpu", torch.bfloat16):
        logits = network.train()(torch.randn(2, 3, 64, 32))

    logits.high.float().mean().backward()
    assert logits.high.isfinite().all()
