import pytest
import torch

from tests.fixtures.narrow import make_narrow
from training.networks.attention_to_scale import AttentionToScale
from training.networks.field_head import FieldHead


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> AttentionToScale:
    make_narrow(monkeypatch)
    torch.manual_seed(0)
    return AttentionToScale(5).eval()


# SSL paper: 321 has grids of 41, 31 (brought to 41) and 21; multiples of 32 have exact eighths.
@pytest.mark.parametrize(
    ("size", "grid", "half"),
    [
        ((321, 257), (41, 33), (21, 17)),
        ((641, 33), (81, 5), (41, 3)),
        ((64, 96), (8, 12), (4, 6)),
        ((32, 32), (4, 4), (2, 2)),
    ],
)
def test_grids_are_those_of_stride_8(
    network: AttentionToScale, size: tuple[int, int], grid: tuple[int, int], half: tuple[int, int]
) -> None:
    with torch.inference_mode():
        high, low, middle, branches, _ = network(torch.randn(2, 3, *size))

    assert high.shape == (2, 5, *grid)
    assert (low, middle) == (None, None)
    assert [tuple(branch.shape[2:]) for branch in branches] == [grid, grid, half]


def test_side_of_another_form_fails(network: AttentionToScale) -> None:
    with pytest.raises(ValueError, match="multiples of 32"):
        network(torch.zeros(1, 3, 64, 40))


def test_parameters_are_those_of_largefov_and_attention() -> None:
    with torch.device("meta"):
        network = AttentionToScale(20)

    trunk = 14_714_688
    head = (512 * 9 + 1) * 1024 + (1024 + 1) * 1024 + (1024 + 1) * 20
    attention = (3072 * 9 + 1) * 512 + (512 + 1) * 3
    assert sum(p.numel() for p in network.parameters()) == trunk + head + attention


def test_fused_scores_lie_between_those_of_the_scales(network: AttentionToScale) -> None:
    with torch.inference_mode():
        high, _, _, (whole, three_quarters, half), _ = network(torch.randn(1, 3, 65, 65))

    raised = torch.nn.functional.interpolate(half, (9, 9), mode="bilinear", align_corners=True)
    scores = torch.stack([whole, three_quarters, raised])
    assert (high <= scores.amax(dim=0) + 1e-6).all()
    assert (high >= scores.amin(dim=0) - 1e-6).all()


def test_gradient_of_each_output_reaches_the_trunk(network: AttentionToScale) -> None:
    logits = network.train()(torch.randn(1, 3, 64, 64))

    for output in (logits.high, *logits.branches):
        first = dict(network.encoder.named_parameters())["features.0.weight"]
        (gradient,) = torch.autograd.grad(output.square().sum(), first, retain_graph=True)
        assert gradient.abs().sum() > 0


def test_network_runs_in_half_precision(network: AttentionToScale) -> None:
    with torch.autocast("cpu", torch.bfloat16):
        logits = network.train()(torch.randn(2, 3, 64, 32))

    logits.high.float().mean().backward()
    assert logits.high.isfinite().all()


def test_head_starts_small_enough_for_the_features_of_vgg() -> None:
    head = FieldHead(5, 12, 0.5)

    for layer in (head.fc6, head.fc7, head.fc8):
        assert layer.weight.std().item() == pytest.approx(0.01, rel=0.05)
