"""Sheets of a character of the cast: who it can be, what it can do, and how near it is to its renders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from previz.animate import to_uint8
from previz.cast._domain import Domain
from previz.cast._factors import domain_of_card, scene_directions
from previz.cast._renderer import Renderer
from previz.errors import CastError
from previz.generator import Generator

__all__ = ["Sheet", "expression_sheet", "seed_codes", "seed_sheet", "sheet_domain", "strip_sheet"]

Picture = NDArray[np.uint8]  # [H, W, 3]


@dataclass(frozen=True)
class Sheet:
    """Pictures in rows, with what each shows."""

    pictures: tuple[Picture, ...]
    labels: tuple[str, ...]
    columns: int


def sheet_domain(generator: Generator) -> Domain:
    """The domain of a checkpoint of the cast; CastError for a checkpoint of another origin."""
    domain = domain_of_card(generator.card)
    if domain is None or domain.z_dim != generator.z_dim:
        raise CastError("the checkpoint's card names no domain of the cast, so what its z means is not known")
    return domain


def seed_codes(domain: Domain, seeds: Sequence[int]) -> NDArray[np.float32]:
    """The codes [N, Z] that `character.seed` stands for in a timeline."""
    return np.concatenate([np.random.RandomState(s).randn(1, domain.z_dim) for s in seeds]).astype(np.float32)


@torch.no_grad()
def generate(generator: Generator, codes: NDArray[np.float32], truncation: float) -> list[Picture]:
    """The pictures of codes [N, Z]."""
    pictures: list[Picture] = []
    for code in codes:
        w = generator.mapping(torch.from_numpy(code[None]).to(generator.device), truncation=truncation)
        pictures += list(to_uint8(generator.synthesis(w, noise="const")).cpu().numpy())
    return pictures


def seed_sheet(
    generator: Generator,
    seeds: Sequence[int],
    *,
    columns: int,
    truncation: float = 1.0,
    renderer: Renderer | None = None,
) -> Sheet:
    """Random characters; with a renderer the renders of the same codes beside them, row for row."""
    domain = sheet_domain(generator)
    codes = seed_codes(domain, seeds)
    made = generate(generator, codes, truncation)
    labels = [f"seed {seed}" for seed in seeds]
    if renderer is None:
        return Sheet(tuple(made), tuple(labels), columns)
    renders = [_render(renderer, domain, code, made[0].shape) for code in codes]
    pictures: list[Picture] = []
    named: list[str] = []
    for first in range(0, len(made), columns):
        row = slice(first, first + columns)
        missing = columns - len(made[row])  # of the last row
        blank = [np.zeros_like(made[0])] * missing
        pictures += [*made[row], *blank, *renders[row], *blank]
        named += [*labels[row], *[""] * missing, *("render" for _ in labels[row]), *[""] * missing]
    return Sheet(tuple(pictures), tuple(named), 2 * columns)


def expression_sheet(
    generator: Generator,
    seeds: Sequence[int],
    expressions: Sequence[str],
    *,
    truncation: float = 1.0,
    renderer: Renderer | None = None,
) -> Sheet:
    """Seeds down, named expressions across; with a renderer a row of renders under each row.

    Raises CastError for an expression that the domain has not.
    """
    domain = sheet_domain(generator)
    pictures: list[Picture] = []
    labels: list[str] = []
    for seed, code in zip(seeds, seed_codes(domain, seeds), strict=True):
        codes = np.stack([domain.with_expression(code, name) for name in expressions])
        made = generate(generator, codes, truncation)
        pictures += made
        labels += [f"{seed} {name}" for name in expressions]
        if renderer is not None:
            pictures += [_render(renderer, domain, each, made[0].shape) for each in codes]
            labels += ["render"] * len(expressions)
    return Sheet(tuple(pictures), tuple(labels), len(expressions))


@torch.no_grad()
def strip_sheet(
    generator: Generator,
    seed: int,
    factors: Sequence[str],
    *,
    steps: int = 7,
    reach: float = 1.0,
    truncation: float = 0.7,
) -> Sheet:
    """One seed moved in W along named directions: a strip a factor, from -reach to reach, in steps.

    Raises CastError for a factor that the character's W has no direction for.
    """
    known = {direction.name: direction for direction in scene_directions(generator)}
    w = generator.sample_w(seed, truncation=truncation)
    pictures: list[Picture] = []
    labels: list[str] = []
    for name in factors:
        if name not in known:
            raise CastError(f"no direction {name!r}; there are {', '.join(known) or 'none'}")
        for amount in np.linspace(-reach, reach, steps):
            moved = w + float(amount) * known[name].vector.to(w)
            pictures += list(to_uint8(generator.synthesis(moved, noise="const")).cpu().numpy())
            labels.append(f"{name} {amount:+.2f}")
    return Sheet(tuple(pictures), tuple(labels), steps)


def _render(renderer: Renderer, domain: Domain, code: NDArray[np.float32], shape: tuple[int, ...]) -> Picture:
    return renderer.render(domain.scene_from_z(code), (shape[0], shape[1]))
