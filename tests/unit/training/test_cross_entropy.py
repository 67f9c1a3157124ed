import math

import pytest
import torch
from torch import Tensor

from training.losses import dual_cross_entropy, sample_labels

EVEN = torch.ones(2)


def logits_of(shares: list[list[float]]) -> Tensor:
    """float[1, 2, h, w] whose softmax gives class 1 these shares."""
    ones = torch.tensor(shares)
    return torch.stack([(1 - ones).log(), ones.log()])[None]


def test_cross_entropy_of_four_pixels_by_hand() -> None:
    labels = torch.tensor([[[0, 1], [1, 0]]])
    high = logits_of([[0.5, 0.25], [0.8, 0.0625]])

    _, parts = dual_cross_entropy(high, high, labels, EVEN)

    # -ln of what the true class got: 1/2, 1/4, 4/5 and 15/16.
    by_hand = (math.log(2) + math.log(4) + math.log(5 / 4) + math.log(16 / 15)) / 4
    assert parts["high"].item() == pytest.approx(by_hand, abs=1e-6)


def test_ignored_pixels_have_no_say() -> None:
    labels = torch.tensor([[[0, 255], [1, 255]]])
    high = logits_of([[0.5, 0.99], [0.75, 0.01]])

    _, parts = dual_cross_entropy(high, high, labels, EVEN)

    assert parts["high"].item() == pytest.approx((math.log(2) + math.log(4 / 3)) / 2, abs=1e-6)


def test_heads_are_weighted_as_in_the_paper() -> None:
    labels = torch.tensor([[[0, 0], [0, 0]]])
    high, low = logits_of([[0.5, 0.5], [0.5, 0.5]]), logits_of([[0.75]])

    total, parts = dual_cross_entropy(low, high, labels, EVEN)

    assert parts["low"].item() == pytest.approx(math.log(4), abs=1e-6)
    # 1 * ln 2 + 0.25 * ln 4
    assert total.item() == pytest.approx(1.5 * math.log(2), abs=1e-6)


def test_class_weights_make_a_weighted_mean() -> None:
    labels = torch.tensor([[[0, 1]]])
    high = logits_of([[0.5, 0.25]])

    _, parts = dual_cross_entropy(high, high, labels, torch.tensor([1.0, 3.0]))

    assert parts["high"].item() == pytest.approx((math.log(2) + 3 * math.log(4)) / 4, abs=1e-6)


def test_loss_has_a_gradient_and_its_parts_have_none() -> None:
    high = torch.zeros(1, 2, 2, 2, requires_grad=True)
    labels = torch.tensor([[[0, 255], [0, 255]]])

    total, parts = dual_cross_entropy(high[..., :1, :1], high, labels, EVEN)
    total.backward()  # type: ignore[no-untyped-call]

    assert not any(part.requires_grad for part in parts.values())
    assert high.grad is not None
    assert (high.grad[..., 1] == 0).all()
    # Softmax minus one-hot, over two scored pixels.
    assert high.grad[0, :, 1, 0].tolist() == pytest.approx([-0.25, 0.25])


def test_half_precision_logits_are_scored_in_full() -> None:
    labels = torch.tensor([[[0, 1]]])
    logits = logits_of([[0.5, 0.25]]).bfloat16()

    total, _ = dual_cross_entropy(logits, logits, labels, EVEN)

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

    loss, _ = dual_cross_entropy(low, high, labels, torch.ones(3))

    assert loss.item() == 0
