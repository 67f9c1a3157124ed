import pytest
import torch

from training.networks.scale_attention import ScaleAttention, fuse
from training.networks.scales import SCALES, enlarge, has_corners, shrink


@pytest.mark.parametrize(
    ("size", "corners"),
    [((64, 96), False), ((320, 32), False), ((321, 257), True), ((641, 33), True)],
)
def test_form_of_the_sides_is_told(size: tuple[int, int], corners: bool) -> None:
    assert has_corners(torch.zeros(1, 3, *size)) is corners


@pytest.mark.parametrize("size", [(64, 65), (321, 320), (48, 64), (63, 63)])
def test_sides_of_another_form_are_refused(size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=f"{size[0]}x{size[1]} pixels: both sides must be"):
        has_corners(torch.zeros(1, 3, *size))


# (n - 1) * f + 1 from corner to corner, else n * f.
@pytest.mark.parametrize(
    ("side", "corners", "sides"),
    [(321, True, [321, 241, 161]), (641, True, [641, 481, 321]), (320, False, [320, 240, 160])],
)
def test_scales_have_the_stated_sides(side: int, corners: bool, sides: list[int]) -> None:
    picture = torch.zeros(1, 3, side, side)

    assert [shrink(picture, scale, corners).shape[-1] for scale in SCALES] == sides


def test_corners_stay_in_their_place() -> None:
    ramp = torch.arange(33.0).expand(1, 1, 33, 33)

    halved = shrink(ramp, 2, corners=True)
    raised = enlarge(halved, ramp.shape[-2:], corners=True)

    assert halved[0, 0, 0].tolist() == [2.0 * column for column in range(17)]
    torch.testing.assert_close(raised, ramp)


def test_cells_stay_in_their_place() -> None:
    ramp = torch.arange(32.0).expand(1, 1, 32, 32)

    halved = shrink(ramp, 2, corners=False)

    # The middle of the first two pixels, 0 and 1.
    assert halved[0, 0, 0].tolist() == [2 * column + 0.5 for column in range(16)]


def test_shares_of_the_scales_add_up_to_one() -> None:
    torch.manual_seed(0)
    attention = ScaleAttention(4, 3, dropout=0.0)

    shares = attention([torch.randn(2, 4, 5, 6) for _ in range(3)])

    assert shares.shape == (2, 3, 5, 6)
    torch.testing.assert_close(shares.sum(dim=1), torch.ones(2, 5, 6))


def test_maps_are_weighed_by_their_own_share() -> None:
    maps = [torch.full((1, 2, 1, 1), value) for value in (1.0, 10.0)]

    fused = fuse(maps, torch.tensor([0.75, 0.25]).view(1, 2, 1, 1))

    assert fused.flatten().tolist() == [3.25, 3.25]
