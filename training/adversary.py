"""The discriminators of a run: what they are shown, how they step, what the generator pays."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.optim import Adam

from training.config.adversarial import AdversarialSection, DiscriminatorKind
from training.losses.adversarial import discriminator_loss, generator_loss, soft_maps
from training.losses.grid import grid_of, one_hot, sample_labels, thumbnails
from training.networks.discriminators import Discriminator, build_discriminator
from training.networks.parsing_network import ParsingLogits


class Duel(NamedTuple):
    """An annotated and a predicted map of the same pictures, [B, 3 + K, h, w] each."""

    real: Tensor
    fake: Tensor


def output_of(kind: DiscriminatorKind, logits: ParsingLogits) -> Tensor:
    """The output that a discriminator judges."""
    match kind:
        case "macro":
            chosen = logits.low
        case "middle":
            chosen = logits.middle
        case _:
            chosen = logits.high
    assert chosen is not None, f"the config let {kind} through without its output"
    return chosen


def make_duel(pixels: Tensor, logits: Tensor, labels: Tensor, temperature: float) -> Duel:
    """Both maps beside the picture, at the grid of the logits.

    Args:
        pixels: float[B, 3, H, W], normalised.
        logits: float[B, K, h, w].
        labels: int64[B, H, W]; where it is 255, both maps are background, so that no discriminator
            learns from what nobody knows.
        temperature: see `soft_maps`.
    """
    size = grid_of(logits)
    truth = sample_labels(labels, size)
    picture = thumbnails(pixels, size).float()
    real = one_hot(truth, logits.shape[1])
    unknown = (truth == 255)[:, None]
    fake = torch.where(unknown, real, soft_maps(logits, temperature))
    return Duel(torch.cat([picture, real], 1), torch.cat([picture, fake], 1))


class Adversary:
    """All discriminators with their optimisers."""

    def __init__(
        self,
        section: AdversarialSection,
        classes: int,
        fabric: Fabric,
    ) -> None:
        self.section = section
        self.fabric = fabric
        self.networks: dict[DiscriminatorKind, Discriminator] = {}
        self.optimizers: dict[DiscriminatorKind, Adam] = {}
        self.players: dict[DiscriminatorKind, tuple[nn.Module, Any]] = {}
        for kind in section.weights:
            network = build_discriminator(kind, classes, section.whole_side).to(fabric.device)
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
            optimizer = Adam(
                network.parameters(),
                lr=section.learning_rate,
                betas=section.betas,
                weight_decay=section.weight_decay,
            )
            self.networks[kind] = network
            self.optimizers[kind] = optimizer

    def launch(self) -> None:
        """Hand networks and optimisers to Fabric, after a checkpoint has been read."""
        self.players = {
            kind: self.fabric.setup(self.networks[kind], self.optimizers[kind])
            for kind in self.networks
        }

    def duels(
        self, pixels: Tensor, logits: ParsingLogits, labels: Tensor
    ) -> dict[DiscriminatorKind, Duel]:
        """What each discriminator is to tell apart, with the generator's gradient in `fake`."""
        temperature = self.section.temperature
        return {
            kind: make_duel(pixels, output_of(kind, logits), labels, temperature)
            for kind in self.networks
        }

    def step(self, duels: Mapping[DiscriminatorKind, Duel]) -> dict[str, Tensor]:
        """One step of every discriminator; figures by name."""
        figures = {}
        for kind, (player, optimizer) in self.players.items():
            duel = duels[kind]
            # One forward pass for both, as DistributedDataParallel allows one per backward pass;
            # instance norm keeps pictures apart.
            scores = player(torch.cat([duel.real, duel.fake.detach()]))
            real, fake = scores.chunk(2)
            loss = discriminator_loss(real, fake, self.section.objective)
            self.fabric.backward(loss)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            figures[f"d_{kind}_loss"] = loss.detach()
            figures[f"d_{kind}_real"] = real.detach().float().mean()
        return figures

    def generator_term(
        self, duels: Mapping[DiscriminatorKind, Duel]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Weighted sum of what the generator pays, attached to it; figures by name.

        The release detaches what Macro D sees here, so that its term never reaches the generator
        (fact sheet, item 2).
        """
        total = torch.zeros((), device=self.fabric.device)
        figures = {}
        for kind, network in self.networks.items():
            # Past the wrapper: these gradients are for the generator, nothing is to be reduced.
            network.requires_grad_(False)
            with self.fabric.autocast():
                scores = network(duels[kind].fake)
            network.requires_grad_(True)
            loss = generator_loss(scores, self.section.objective)
            total = total + self.section.weights[kind] * loss
            figures[f"a_{kind}"] = loss.detach()
            figures[f"d_{kind}_fake"] = scores.detach().float().mean()
        return total, figures

    def set_rate(self, factor: float) -> None:
        """The discriminators' rates, as a factor of the config's; they follow the generator's."""
        for optimizer in self.optimizers.values():
            for group in optimizer.param_groups:
                group["lr"] = self.section.learning_rate * factor

    def state(self) -> dict[str, Any]:
        return {
            "networks": {kind: net.state_dict() for kind, net in self.networks.items()},
            "optimizers": {kind: opt.state_dict() for kind, opt in self.optimizers.items()},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        for kind in self.networks:
            self.networks[kind].load_state_dict(state["networks"][kind])
            self.optimizers[kind].load_state_dict(state["optimizers"][kind])
