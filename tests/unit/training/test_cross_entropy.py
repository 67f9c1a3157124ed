import math

import pytest
import torch
from torch import Tensor

from training.config.loss import LossSection
from training.losses.cross_entropy import parsing_loss
from training.losses.grid import one_hot, sample_labels, thumbnails
from training.networks.parsing_network import ParsingLogits

EVEN = torch.ones(2)
PAPER = LossSection()


def logits_of(shares: list[list[float]]) -> Tensor:
    """float[1, 2, h, w] whose softmax gives class 1 these shares."""
    ones = torch.tensor(shares)
    return torch.stack([(1 - ones).log(), ones.log()])[None]


def test_cross_entropy_of_four_pixels_by_hand() -> None:
    labels = torch.tensor([[[0, 1], [1, 0]]])
    high = logits_of([[0.5, 0.25], [0.8, 0.0625]])

    _, parts = parsing_loss(ParsingLogits(high, high), labels, PAPER, EVEN)

    # -ln of what the true class got: 1/2, 1/4, 4/5 and 15/16.
    by_hand = (math.log(2) + math.log(4) + math.log(5 / 4) + math.log(16 / 15)) / 4
    assert parts["ce_high"].item() == pytest.approx(by_hand, abs=1e-6)


def test_ignored_pixels_have_no_say() -> None:
    labels = torch.tensor([[[0, 255], [1, 255]]])
    high = logits_of([[0.5, 0.99], [0.75, 0.01]])

    _, parts = parsing_loss(ParsingLogits(high, high), labels, PAPER, EVEN)

    assert parts["ce_high"].item() == pytest.approx((math.log(2) + math.log(4 / 3)) / 2, abs=1e-6)


def test_heads_are_weighted_as_in_the_paper() -> None:
    labels = torch.tensor([[[0, 0], [0, 0]]])
    high, low = logits_of([[0.5, 0.5], [0.5, 0.5]]), logits_of([[0.75]])

    total, parts = parsing_loss(ParsingLogits(high, low), labels, PAPER, EVEN)

    assert parts["ce_low"].item() == pytest.approx(math.log(4), abs=1e-6)
    # 100 * ln 2 + 25 * ln 4
    assert total.item() == pytest.approx(150 * math.log(2), rel=1e-6)


def test_class_weights_make_a_weighted_mean() -> None:
    labels = torch.tensor([[[0, 1]]])
    high = logits_of([[0.5, 0.25]])

    _, parts = parsing_loss(ParsingLogits(high, high), labels, PAPER, torch.tensor([1.0, 3.0]))

    assert parts["ce_high"].item() == pytest.approx((math.log(2) + 3 * math.log(4)) / 4, abs=1e-6)


def test_loss_has_a_gradient_and_its_parts_have_none() -> None:
    high = torch.zeros(1, 2, 2, 2, requires_grad=True)
    labels = torch.tensor([[[0, 255], [0, 255]]])

    total, parts = parsing_loss(ParsingLogits(high, high[..., :1, :1]), labels, PAPER, EVEN)
    total.backward()  # type: ignore[no-untyped-call]

    assert not any(part.requires_grad for part in parts.values())
    assert high.grad is not None
    assert (high.grad[..., 1] == 0).all()
    # Softmax minus one-hot, over two scored pixels.
    assert high.grad[0, :, 1, 0].tolist() == pytest.approx([-25.0, 25.0])


def test_half_precision_logits_are_scored_in_full() -> None:
    labels = torch.tensor([[[0, 1]]])
    logits = logits_of([[0.5, 0.25]]).bfloat16()

    total, _ = parsing_loss(ParsingLogits(logits, logits), labels, PAPER, EVEN)

    assert total.dtype == torch.float32


def test_labels_are_sampled_nearest_to_the_cells_centre() -> None:
    labels = torch.arange(6).view(1, 1, 6)

    # Centres of three cells of two pixels lie between both; the later one is taken.
    assert sample_labels(labels, (1, 3)).tolist() == [[[1, 3, 5]]]
    # Centres of two cells of three pixels are pixels 1 and 4.
    assert sample_labels(labels, (1, 2)).tolist() == [[[1, 4]]]


def test_sampling_keeps_every_class_index_exact() -> None:
    labels = torch.tensor([[[0, 2, 19, 255] * 4] * 16])

    sampled = sample_labels(labels, (8, 8))

    assert sampled.dtype == torch.int64
    assert set(sampled.flatten().tolist()) <= {0, 2, 19, 255}


def test_batch_without_a_known_pixel_teaches_nothing() -> None:
    low, high = torch.zeros(1, 3, 1, 1), torch.zeros(1, 3, 2, 2)
    labels = torch.full((1, 4, 4), 255)

    loss, _ = parsing_loss(ParsingLogits(high, low), labels, PAPER, torch.ones(3))

    assert loss.item() == 0


def test_every_output_has_its_term() -> None:
    labels = torch.tensor([[[0, 0], [0, 0]]])
    maps = {share: logits_of([[share]]) for share in (0.5, 0.75, 0.875, 0.9375)}
    logits = ParsingLogits(maps[0.5], maps[0.75], maps[0.875], (maps[0.9375], maps[0.5]))
    weights = LossSection(high=1, low=2, middle=3, branches=4)

    total, parts = parsing_loss(logits, labels, weights, EVEN)

    assert list(parts) == ["ce_high", "ce_low", "ce_middle", "ce_branch_0", "ce_branch_1"]
    # In units of ln 2: 1 * 1 + 2 * 2 + 3 * 3 + 4 * (4 + 1).
    assert total.item() == pytest.approx(34 * math.log(2), rel=1e-6)


def test_picture_weights_act_on_what_is_served_and_not_on_the_low_output() -> None:
    labels = torch.zeros(2, 1, 1, dtype=torch.long)
    even = logits_of([[0.5]]).repeat(2, 1, 1, 1)
    logits = ParsingLogits(even, even, branches=(even,))

    _, parts = parsing_loss(logits, labels, PAPER, EVEN, torch.tensor([3.0, 1.0]))

    in_ln_2 = {name: part.item() / math.log(2) for name, part in parts.items()}
    assert in_ln_2 == pytest.approx({"ce_high": 2.0, "ce_low": 1.0, "ce_branch_0": 2.0})


def test_gradient_of_a_weighed_picture_is_its_weight_times_the_plain_one() -> None:
    high = torch.zeros(2, 2, 1, 1, requires_grad=True)
    labels = torch.zeros(2, 1, 1, dtype=torch.long)
    weights = LossSection(high=1)

    total, _ = parsing_loss(ParsingLogits(high), labels, weights, EVEN, torch.tensor([3.0, 1.0]))
    total.backward()  # type: ignore[no-untyped-call]

    assert high.grad is not None
    # w * (softmax - one-hot) / valid pixels of the batch.
    assert high.grad[:, 0, 0, 0].tolist() == pytest.approx([3 * -0.25, -0.25])


def test_divisor_is_that_of_all_processes() -> None:
    labels = torch.zeros(1, 1, 1, dtype=torch.long)
    logits = ParsingLogits(logits_of([[0.5]]))

    # The other process has three known pixels, so the mean is two.
    total, _ = parsing_loss(
        logits, labels, LossSection(high=1), EVEN, None, lambda known: (known + 3) / 2
    )

    assert total.item() == pytest.approx(math.log(2) / 2)


def test_one_hot_map_is_background_where_nothing_is_known() -> None:
    maps = one_hot(torch.tensor([[[1, 255, 0]]]), 3)

    assert maps[0, :, 0].T.tolist() == [[0, 1, 0], [1, 0, 0], [1, 0, 0]]


def test_thumbnail_is_the_mean_of_what_a_cell_covers() -> None:
    pixels = torch.tensor([[0.0, 2.0, 10.0, 20.0]]).expand(1, 3, 2, 4)

    assert thumbnails(pixels, (1, 2))[0, 0].tolist() == [[1.0, 15.0]]
