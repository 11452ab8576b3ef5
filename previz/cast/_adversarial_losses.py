"""What an adversarial step minimises: logistic losses, matched features, the regression on twins, and R1."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from previz.cast._adversarial_settings import AdversarialSettings
from previz.cast._discriminator import Discriminator, Verdict
from previz.cast._losses import pyramid_loss

__all__ = ["Batch", "anchor_loss", "discriminator_loss", "generator_losses", "r1_penalty"]


class Batch(NamedTuple):
    """The real pictures of a step and process; the first `len(z)` of them are what z names."""

    real: Tensor  # [N, 3, H, W], -1..1
    z: Tensor  # [T, z_dim], T ≤ N
    weight: Tensor  # [T, 1, H, W], how much each place counts in the regression


def generator_losses(verdict: Verdict, batch: Batch, settings: AdversarialSettings) -> tuple[Tensor, Tensor]:
    """Non-saturating logistic loss on generated pictures, and how far twins' features are from the real ones.

    The verdict is on as many real as generated pictures, in this order.
    """
    count, twins = len(batch.real), len(batch.z)
    loss = F.softplus(-verdict.whole[count:]).mean()
    if verdict.local is not None:
        loss = (
            loss
            + settings.local_weight
            * (F.softplus(-verdict.local[count:]) * _local_weight(verdict.local[count:], batch)).mean()
        )
    matching = loss.new_zeros([])
    if twins and settings.matching:
        for feature in verdict.features:
            real, generated = feature[:twins].detach(), feature[count : count + twins]
            matching = matching + (generated.float() - real.float()).abs().mean()
        matching = matching / len(verdict.features)
    return loss, matching


def discriminator_loss(
    verdict: Verdict, batch: Batch, settings: AdversarialSettings
) -> tuple[Tensor, Tensor]:
    """Logistic loss on real and generated pictures, and the mean sign of the verdict on real ones."""
    count = len(batch.real)
    loss = F.softplus(-verdict.whole[:count]).mean() + F.softplus(verdict.whole[count:]).mean()
    if verdict.local is not None:
        weight = _local_weight(verdict.local[:count], batch)
        local = F.softplus(-verdict.local[:count]) + F.softplus(verdict.local[count:])
        loss = loss + settings.local_weight * (local * weight).mean()
    return loss, verdict.whole[:count].detach().sign().mean()


def _local_weight(logits: Tensor, batch: Batch) -> Tensor:
    """How much each place counts in the local verdict, 1 on average: more where the regression looks more.

    The root of the regression's weight, so that hair and cloth count too. logits [N, h, w] -> the same.
    """
    weight = torch.ones_like(logits)
    twins = len(batch.z)
    if twins:
        height, width = logits.shape[1:]
        found = F.adaptive_avg_pool2d(batch.weight, (height, width))[:, 0].sqrt()
        weight[:twins] = found / found.mean()
    return weight


def anchor_loss(image: Tensor, batch: Batch, settings: AdversarialSettings) -> Tensor:
    """The regression's loss on the pictures that have a twin."""
    return pyramid_loss(image, batch.real[: len(image)], batch.weight, settings.gradient_weight)


def r1_penalty(discriminator: Discriminator, real: Tensor) -> Tensor:
    """The mean squared gradient of the verdict on real pictures [N, 3, H, W], in full precision.

    Taken where the discriminator looks, that is after augmentation.
    """
    real = real.detach().requires_grad_()
    verdict = discriminator(real)
    logits = verdict.whole.sum()
    if verdict.local is not None:
        logits = logits + verdict.local.mean(dim=(1, 2)).sum()
    (gradient,) = torch.autograd.grad(logits, real, create_graph=True)
    return gradient.square().sum(dim=(1, 2, 3)).mean()
