import pytest
import torch

from tests.fixtures.narrow import make_narrow
from training.networks.attention_mman import AttentionMman
from training.networks.do_deeplab_aspp import DoDeepLabAspp


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> AttentionMman:
    make_narrow(monkeypatch)
    torch.manual_seed(0)
    return AttentionMman(5, frozen_norm=True).eval()


@pytest.mark.parametrize("size", [(64, 128), (128, 64)])
def test_outputs_are_merged_and_scales_keep_their_own(
    network: AttentionMman, size: tuple[int, int]
) -> None:
    height, width = size

    with torch.inference_mode():
        high, low, middle, branches, _ = network(torch.randn(2, 3, height, width))

    assert high.shape == (2, 5, height, width)
    assert low is not None
    assert low.shape == (2, 5, height // 16, width // 16)
    assert middle is None
    assert [tuple(branch.shape[2:]) for branch in branches] == [
        (height, width),
        (height * 3 // 4, width * 3 // 4),
        (height // 2, width // 2),
    ]


def test_side_that_is_no_multiple_fails(network: AttentionMman) -> None:
    with pytest.raises(RuntimeError, match="Sizes of tensors must match"):
        network(torch.zeros(1, 3, 64, 96))


def test_first_branch_is_the_generators_own_output(network: AttentionMman) -> None:
    pixels = torch.randn(1, 3, 64, 64)

    with torch.inference_mode():
        merged, alone = network(pixels), DoDeepLabAspp.forward(network, pixels)

    assert torch.equal(merged.branches[0], alone.high)


def test_only_attention_is_added_to_the_generator() -> None:
    with torch.device("meta"):
        network, generator = AttentionMman(20), DoDeepLabAspp(20)

    attention = (3 * 1024 * 9 + 1) * 512 + (512 + 1) * 3
    counts = [sum(p.numel() for p in module.parameters()) for module in (network, generator)]
    assert counts[0] == counts[1] + attention


def test_gradient_of_each_output_reaches_the_encoder(network: AttentionMman) -> None:
    logits = network.train()(torch.randn(1, 3, 64, 64))

    for output in (logits.high, logits.low, *logits.branches):
        assert output is not None
        first = dict(network.encoder.named_parameters())["conv1.weight"]
        (gradient,) = torch.autograd.grad(output.square().sum(), first, retain_graph=True)
        assert gradient.abs().sum() > 0
