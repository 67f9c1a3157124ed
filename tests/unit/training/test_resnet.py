import pytest
import torch

from training.networks import resnet
from training.networks.resnet import STAGES, FrozenBatchNorm2d, ResNet101

# Names and shapes in torchvision's resnet101 file, by hand; `fc` is left out here.
TORCHVISION = {
    "conv1.weight": (64, 3, 7, 7),
    "bn1.running_mean": (64,),
    "bn1.num_batches_tracked": (),
    "layer1.0.conv1.weight": (64, 64, 1, 1),
    "layer1.0.downsample.0.weight": (256, 64, 1, 1),
    "layer1.0.downsample.1.running_var": (256,),
    "layer1.2.conv2.weight": (64, 64, 3, 3),
    "layer2.0.conv2.weight": (128, 128, 3, 3),
    "layer2.0.downsample.0.weight": (512, 256, 1, 1),
    "layer3.22.conv3.weight": (1024, 256, 1, 1),
    "layer3.22.bn3.bias": (1024,),
    "layer4.0.conv1.weight": (512, 1024, 1, 1),
    "layer4.0.downsample.0.weight": (2048, 1024, 1, 1),
    "layer4.2.conv3.weight": (2048, 512, 1, 1),
    "layer4.2.bn3.weight": (2048,),
}


@pytest.fixture
def shallow(monkeypatch: pytest.MonkeyPatch) -> None:
    """One block in every stage: all widths and strides of the whole, little of its depth."""
    monkeypatch.setattr(resnet, "STAGES", tuple(stage._replace(blocks=1) for stage in STAGES))


@pytest.mark.parametrize("frozen_norm", [False, True])
def test_state_dict_is_that_of_torchvision(frozen_norm: bool) -> None:
    with torch.device("meta"):
        state = ResNet101(frozen_norm).state_dict()

    assert {name: tuple(state[name].shape) for name in TORCHVISION} == TORCHVISION
    # 624 tensors without `fc`: the stem's convolution, 33 blocks with 3 and 4 shortcuts make 104
    # convolutions, and as many BatchNorms of five tensors.
    assert len(state) == 104 * (1 + 5)


def test_parameters_are_those_of_resnet101_without_its_classifier() -> None:
    with torch.device("meta"):
        encoder = ResNet101()

    # 44,549,160 as published, less 2048 x 1000 + 1000 of `fc`.
    assert sum(parameter.numel() for parameter in encoder.parameters()) == 42_500_160


def test_last_stage_dilates_every_block_and_never_strides() -> None:
    with torch.device("meta"):
        blocks = ResNet101().layer4

    convolutions = [blocks.get_submodule(f"{number}.conv2") for number in range(3)]
    assert [convolution.dilation for convolution in convolutions] == [(2, 2)] * 3
    assert [convolution.stride for convolution in convolutions] == [(1, 1)] * 3
    assert blocks.get_submodule("0.downsample.0").stride == (1, 1)


@pytest.mark.usefixtures("shallow")
@pytest.mark.parametrize("size", [(64, 32), (48, 16)])
def test_features_have_the_stated_strides_and_channels(size: tuple[int, int]) -> None:
    height, width = size

    with torch.inference_mode():
        skips, features = ResNet101().eval()(torch.zeros(1, 3, height, width))

    assert [tuple(skip.shape[1:]) for skip in skips] == [
        (64, height // 2, width // 2),
        (256, height // 4, width // 4),
        (512, height // 8, width // 8),
        (1024, height // 16, width // 16),
    ]
    assert features.shape == (1, 2048, height // 16, width // 16)


@pytest.mark.usefixtures("shallow")
def test_features_leave_a_stage_before_their_relu() -> None:
    torch.manual_seed(0)

    with torch.inference_mode():
        skips, features = ResNet101().eval()(torch.randn(1, 3, 32, 32))

    assert all((tensor < 0).any() for tensor in (*skips, features))


@pytest.mark.usefixtures("shallow")
def test_frozen_norm_learns_nothing_and_forgets_nothing() -> None:
    encoder = ResNet101(frozen_norm=True).train()
    before = {name: value.clone() for name, value in encoder.state_dict().items() if "bn" in name}

    _, features = encoder(torch.randn(1, 3, 32, 32))
    features.mean().backward()

    after = encoder.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())
    norms = [module for module in encoder.modules() if isinstance(module, FrozenBatchNorm2d)]
    assert len(norms) == 1 + 4 * 4
    assert not any(parameter.requires_grad for norm in norms for parameter in norm.parameters())
    assert encoder.conv1.weight.grad is not None
