import copy

import pytest
import torch
from lightning_fabric import Fabric
from torch import Tensor

from training.adversary import Adversary, make_duel
from training.config.adversarial import AdversarialSection
from training.networks.light_generator import LightGenerator
from training.networks.parsing_network import ParsingLogits

CLASSES = 3


def make_adversary(**settings: object) -> Adversary:
    torch.manual_seed(0)
    section = AdversarialSection.model_validate(settings)
    fabric = Fabric(accelerator="cpu", devices=1)
    adversary = Adversary(section, CLASSES, fabric)
    adversary.launch()
    return adversary


@pytest.fixture
def network() -> LightGenerator:
    torch.manual_seed(0)
    return LightGenerator(CLASSES, middle_head=True).eval()


@pytest.fixture
def batch() -> tuple[Tensor, Tensor]:
    torch.manual_seed(1)
    return torch.randn(2, 3, 64, 64), torch.randint(0, CLASSES, (2, 64, 64))


def test_maps_lie_beside_the_picture_at_the_grid_of_the_logits() -> None:
    pixels = torch.arange(8.0).view(1, 1, 2, 4).expand(1, 3, 2, 4)
    labels = torch.tensor([[[0, 1, 2, 2], [0, 1, 2, 2]]])
    logits = torch.zeros(1, CLASSES, 1, 2)

    duel = make_duel(pixels, logits, labels, 5.0)

    assert duel.real.shape == duel.fake.shape == (1, 3 + CLASSES, 1, 2)
    assert duel.real[0, :3, 0].tolist() == duel.fake[0, :3, 0].tolist() == [[2.5, 4.5]] * 3
    assert duel.real[0, 3:, 0].T.tolist() == [[0, 1, 0], [0, 0, 1]]
    assert duel.fake[0, 3:].flatten().tolist() == pytest.approx([1 / 3] * 6)


def test_both_maps_are_background_where_nothing_is_known() -> None:
    logits = torch.randn(1, CLASSES, 1, 2)

    duel = make_duel(torch.zeros(1, 3, 1, 2), logits, torch.tensor([[[255, 2]]]), 5.0)

    assert duel.real[0, 3:, 0, 0].tolist() == duel.fake[0, 3:, 0, 0].tolist() == [1, 0, 0]
    assert duel.fake[0, 3, 0, 1] != 1


@pytest.mark.parametrize("kind", ["macro", "micro", "middle", "whole"])
def test_every_term_reaches_the_encoder(
    network: LightGenerator, batch: tuple[Tensor, Tensor], kind: str
) -> None:
    adversary = make_adversary(weights={kind: 1.0})
    pixels, labels = batch

    term, figures = adversary.generator_term(adversary.duels(pixels, network(pixels), labels))
    term.backward()  # type: ignore[no-untyped-call]

    assert list(figures) == [f"a_{kind}", f"d_{kind}_fake"]
    gradient = network.get_parameter("encoder.stem.weight").grad
    assert gradient is not None
    assert gradient.abs().sum() > 0
    # What the generator does is no lesson for the discriminator.
    assert all(p.grad is None for d in adversary.networks.values() for p in d.parameters())
    assert all(p.requires_grad for d in adversary.networks.values() for p in d.parameters())


def test_step_of_the_discriminators_leaves_the_generator_alone(
    network: LightGenerator, batch: tuple[Tensor, Tensor]
) -> None:
    adversary = make_adversary(weights={"macro": 1.0, "micro": 1.0})
    pixels, labels = batch

    adversary.step(adversary.duels(pixels, network(pixels), labels))

    assert all(p.grad is None for p in network.parameters())


def test_weights_scale_the_terms(network: LightGenerator, batch: tuple[Tensor, Tensor]) -> None:
    pixels, labels = batch
    adversary = make_adversary(weights={"macro": 2.0, "micro": 0.5})

    with torch.no_grad():
        duels = adversary.duels(pixels, network(pixels), labels)
        term, figures = adversary.generator_term(duels)

    expected = 2 * figures["a_macro"] + 0.5 * figures["a_micro"]
    assert term.item() == pytest.approx(expected.item())


@pytest.mark.parametrize("objective", ["lsgan", "bce"])
def test_discriminators_learn_to_tell(batch: tuple[Tensor, Tensor], objective: str) -> None:
    adversary = make_adversary(
        weights={"macro": 1.0, "micro": 1.0}, objective=objective, learning_rate=2e-3
    )
    pixels, labels = batch
    blind = torch.zeros(2, CLASSES, 64, 64)
    duels = adversary.duels(pixels, ParsingLogits(blind, blind[..., ::16, ::16]), labels)

    losses = [adversary.step(duels) for _ in range(25)]

    for kind in ("macro", "micro"):
        assert losses[-1][f"d_{kind}_loss"] < 0.5 * losses[0][f"d_{kind}_loss"]
        assert losses[-1][f"d_{kind}_real"] > losses[0][f"d_{kind}_real"]


def test_state_is_whole(batch: tuple[Tensor, Tensor]) -> None:
    pixels, labels = batch
    blind = ParsingLogits(torch.zeros(2, CLASSES, 64, 64))
    one, other = make_adversary(weights={"micro": 1.0}), make_adversary(weights={"micro": 1.0})
    one.step(one.duels(pixels, blind, labels))
    one.set_rate(0.5)

    other.restore(copy.deepcopy(one.state()))
    for adversary in (one, other):
        adversary.step(adversary.duels(pixels, blind, labels))

    pairs = zip(
        one.networks["micro"].parameters(), other.networks["micro"].parameters(), strict=True
    )
    assert all(torch.equal(a, b) for a, b in pairs)


def test_rates_follow_the_generators() -> None:
    adversary = make_adversary(weights={"micro": 1.0}, learning_rate=2e-4)
    adversary.set_rate(0.25)

    (group,) = adversary.optimizers["micro"].param_groups
    assert group["lr"] == pytest.approx(5e-5)
