"""How a generator is trained adversarially: after the regression, or on a folder of pictures from nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace

from previz.generator import Noise

__all__ = ["AdversarialSettings", "photograph_settings"]


@dataclass(frozen=True)
class AdversarialSettings:
    """How a generator is trained adversarially; all that a resumed run must repeat, but for the length.

    `images` is the length in real pictures shown, `batch` the pictures a step and process. The share `paired`
    of each step has a render as its twin; the rest is style-mixed with probability `mixing`. What the
    generator hears of a picture is the regression's gradient and the discriminator's, in which the L1 of its
    features counts `matching`; the second is scaled to `push` times the length of the first, so that neither
    drowns the other, whatever the networks' sizes. Without twins it is taken as it is.

    The discriminator learns alone for the first `warm_up` pictures, and the generator's rate rises over the
    next `ramp`. Rates are Adam's, and fall linearly to a tenth over the last `decay` of the run. `width` is
    of the generator's channels, `stride` px the distance of the local verdict's places (0 for none), `r1`
    gamma. `augment` turns on adaptive augmentation, whose probability moves by 1 in `augment_pictures`.
    """

    images: int = 30_000
    batch: int = 4
    paired: float = 0.75
    push: float = 1.0
    matching: float = 10.0
    mixing: float = 0.9
    warm_up: int = 2_000
    ramp: int = 1_000
    generator_rate: float = 1e-3
    mapping_rate: float = 0.0  # of the generator's: what a code means stays as the regression taught it
    discriminator_rate: float = 2e-3
    decay: float = 0.3
    width: float = 0.5
    stride: int = 8
    local_weight: float = 1.0
    r1: float = 1.0
    r1_every: int = 16
    path_length: float = 0.0
    path_every: int = 8
    ema_pictures: float = 2_000  # the average's half-life, at most
    ema_share: float = 0.25  # and that share of what the generator was shown
    face_weight: float = 6.0
    gradient_weight: float = 1.2
    noise: Noise = "none"
    augment: bool = False
    augment_target: float = 0.6
    augment_pictures: int = 100_000
    bfloat16: bool = True
    seed: int = 0

    @property
    def twins(self) -> int:
        """How many pictures of a step and process have a render as their twin."""
        return round(self.paired * self.batch)

    def rate(self, seen: int) -> float:
        """What the rates are multiplied by after `seen` pictures."""
        left = max(0.0, 1 - seen / self.images)
        return max(0.1, min(1.0, left / self.decay)) if self.decay else 1.0

    def risen(self, seen: int) -> float:
        """What the generator's rate is multiplied by besides, while it takes up its work."""
        return min(1.0, (seen - self.warm_up + 1) / self.ramp) if self.ramp else 1.0


def photograph_settings(height: int, width: int, batch: int = 16) -> AdversarialSettings:
    """The defaults for a folder of pictures, which have no codes: StyleGAN2 as published, only smaller.

    R1's weight follows the pictures' size and the batch as in the paper on limited data (appendix C), at five
    times its height: with less, short runs of small networks swing (seen on 2,000 renders at 32 px).
    """
    return replace(
        AdversarialSettings(),
        images=1_000_000,
        batch=batch,
        r1=0.001 * height * width / batch,
        paired=0.0,
        warm_up=0,
        ramp=0,
        generator_rate=2e-3,
        mapping_rate=1.0,
        decay=0.0,
        width=1.0,
        stride=0,
        ema_pictures=10_000,
        ema_share=0.05,
        noise="random",
        augment=True,
    )
