"""The base path: the latent of each frame before anything is dragged, as truncation and blends move it.

With B the base path and D what the drag has changed, the latent of a frame is W = B + D. A frame starts from
the base of its own and the drag's change of the frame before it; where the base stands still, that is the
latent of the frame before it. What solvers pull home, and what a mask holds, is the base of the frame. Keys
mode lays its spline through D.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from previz.animate._start import start_from_file
from previz.errors import CheckpointError, PrevizError, SolveError, TimelineError
from previz.generator import Direction, Generator, find_checkpoint, find_directions
from previz.timeline import LatentSpec, Timeline, latent_problem, sample_latents

Array = NDArray[np.float32]


@dataclass(frozen=True)
class _Source:
    """A latent that may depend on truncation: a seed's, or one from a file."""

    generator: Generator
    seed: int
    cutoff: int | None
    label: Tensor | None
    fixed: Tensor | None = None  # [num_ws, w_dim], from a file

    def at(self, truncation: NDArray[np.float64]) -> Array:
        """The latents [F, num_ws, w_dim] at these psi [F]."""
        if self.fixed is not None:
            still = self.fixed.cpu().numpy()
            return np.broadcast_to(still, (len(truncation), *still.shape))
        values, which = np.unique(truncation, return_inverse=True)
        found = [
            self.generator.sample_w(
                self.seed, truncation=float(psi), truncation_cutoff=self.cutoff, c=self.label
            )[0]
            for psi in values
        ]
        latents: Array = torch.stack(found).detach().float().cpu().numpy()
        return latents[which]


def base_path(timeline: Timeline, generator: Generator) -> tuple[Array, Array | None]:
    """The latents that the drag is added to: of the first frame, float32 [num_ws, w_dim], and of all frames,
    [F, num_ws, w_dim], or None where they are all that one.

    Amounts add up: w = w(psi) + sum of amount · (other(psi) - w(psi)), or of amount · direction, each on its
    own layers. Raises SolveError for a latent or label that doesn't fit the generator, TimelineError for
    layers that it doesn't have and directions that nobody knows.
    """
    samples = sample_latents(timeline)
    own = _character(timeline, generator)
    if not timeline.latents and (samples.truncation == samples.truncation[0]).all():
        return own.at(samples.truncation[:1])[0], None
    path = own.at(samples.truncation)
    directions = _directions(timeline, generator)
    moved = path.astype(np.float64)
    for index, latent in enumerate(timeline.latents or ()):
        first, last = _layers(timeline, index, latent, generator)
        part = slice(first - 1, last)
        if latent.direction is not None:
            way = directions[latent.direction].vector.double().numpy()
        else:
            other = _other(timeline, index, latent, generator, own.label)
            psi = latent.toward.truncation if latent.toward is not None else None
            truncation = samples.truncation if psi is None else np.full(len(path), psi)
            way = (other.at(truncation).astype(np.float64) - path)[:, part]
        moved[:, part] += samples.amounts[:, index, None, None] * way
    found = moved.astype(np.float32)
    return found[0], found if (found != found[0]).any() else None


def _character(timeline: Timeline, generator: Generator) -> _Source:
    character = timeline.character
    fixed = None
    if character.latent is not None:
        fixed = start_from_file(timeline.resolve(character.latent), generator)
    label = _label("character.label", character.label, generator)
    return _Source(generator, character.seed or 0, character.truncation_cutoff, label, fixed)


def _other(
    timeline: Timeline, index: int, latent: LatentSpec, generator: Generator, label: Tensor | None
) -> _Source:
    toward = latent.toward
    assert toward is not None  # the reader sees to it
    if toward.label is not None:
        label = _label(f"latents[{index}].toward.label", toward.label, generator)
    fixed = None
    if toward.latent is not None:
        fixed = start_from_file(timeline.resolve(toward.latent), generator)
    return _Source(generator, toward.seed or 0, timeline.character.truncation_cutoff, label, fixed)


def _layers(timeline: Timeline, index: int, latent: LatentSpec, generator: Generator) -> tuple[int, int]:
    """The first and last layer that a blend changes, counted from 1."""
    count, moved = generator.num_ws, timeline.solver.layers
    dragged = 0 if not timeline.handles else moved if isinstance(moved, int) else moved[-1]
    if latent.layers == "all":
        return 1, count
    if latent.layers is None:
        if dragged < count:
            return dragged + 1, count
        message = f"the drag moves all {count} layers of this generator; name those to blend, or `all`"
        raise TimelineError([latent_problem(timeline, index, "layers", message)])
    first, last = latent.layers
    if last > count:
        message = f"{first}-{last} goes beyond the generator's last layer, {count}"
        raise TimelineError([latent_problem(timeline, index, "layers", message)])
    return first, last


def _directions(timeline: Timeline, generator: Generator) -> dict[str, Direction]:
    """The directions that a timeline names; TimelineError, in its place, for one that nobody knows."""
    found: dict[str, Direction] = {}
    for index, latent in enumerate(timeline.latents or ()):
        if latent.direction is None or latent.direction in found:
            continue
        try:
            checkpoint = find_checkpoint(timeline.checkpoint)
        except CheckpointError:
            checkpoint = None  # a generator that was handed over, from nowhere
        try:
            found |= find_directions([latent.direction], generator, checkpoint)
        except PrevizError as error:
            raise TimelineError([latent_problem(timeline, index, "direction", str(error))]) from None
    return found


def _label(place: str, label: int | tuple[float, ...] | None, generator: Generator) -> Tensor | None:
    """The label c [1, c_dim], or None where the character has none."""
    size = generator.c_dim
    if label is None:
        return None
    if size == 0:
        raise SolveError(f"{place}: {label} is given, and the generator takes no label")
    if isinstance(label, int):
        if label >= size:
            raise SolveError(f"{place}: {label} is after the generator's last class, {size - 1}")
        return torch.nn.functional.one_hot(torch.tensor([label]), size).float().to(generator.device)
    if len(label) != size:
        raise SolveError(f"{place}: {len(label)} values, and the generator's labels have {size}")
    return torch.tensor([label], dtype=torch.float32, device=generator.device)


def carry(
    latent: Array,  # [num_ws, w_dim] of a solved frame
    base: Array,  # [num_ws, w_dim] of that frame
    here: Array,  # [num_ws, w_dim] the base of another frame
) -> Array:
    """Where the drag of another frame starts: its own base, with what the drag had changed.

    Values whose base stands still are carried as they are, bit for bit.
    """
    return np.asarray(np.where(base == here, latent, here + (latent - base)), np.float32)
