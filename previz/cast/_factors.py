"""What a bundled character's code z says of its picture, found in its W: named directions by regression."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from previz.cast._domain import Domain
from previz.cast._domains import DOMAINS
from previz.generator import Direction, Generator, factor_directions, sample_codes

SAMPLES = 20_000


def domain_of_card(card: Mapping[str, Any]) -> Domain | None:
    """The domain that a checkpoint was trained on, by its card; None for a checkpoint of another origin."""
    named = DOMAINS.get(str(card.get("domain")))
    if named is not None:
        return named
    axes = card.get("z")
    of_axes = [d for d in DOMAINS.values() if isinstance(axes, list) and axes == list(d.z_names)]
    return of_axes[0] if of_axes else None


def scene_directions(generator: Generator, samples: int = SAMPLES, seed: int = 0) -> tuple[Direction, ...]:
    """Directions of W named after the factors of a bundled character's scene: smile, yaw, age …

    A unit is a factor's change by 1: each goes from about -1 to 1, with 0 in the middle, those that are one
    of a kind from 0 to 1. None at all for a generator that was not trained on a domain of the cast.

    Example: `scene_directions(load_generator("mira"))`.
    """
    domain = domain_of_card(generator.card)
    if domain is None or domain.z_dim != generator.z_dim:
        return ()
    z, w = sample_codes(generator, samples, seed)
    return factor_directions(w, domain.factors(z), domain.factor_names)
