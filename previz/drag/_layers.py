"""Which layers of W+ a drag moves, and moving them."""

from __future__ import annotations

import torch
from torch import Tensor

from previz.drag._settings import DragSettings
from previz.errors import SolveError


def moved_layers(settings: DragSettings, num_ws: int) -> tuple[int, ...]:
    """The layers that the drag of a generator moves, counted from 0, one at least.

    A count that is beyond the generator's layers is all of them. Raises SolveError for a layer that is named
    and isn't there.
    """
    if isinstance(settings.layers, int):
        return tuple(range(min(settings.layers, num_ws)))
    last = settings.layers[-1]
    if last > num_ws:
        raise SolveError(
            f"solver.layers: {last} is after the generator's last layer, {num_ws}; layers count from 1"
        )
    return tuple(layer - 1 for layer in settings.layers)


def with_offset(
    w: Tensor,  # [num_ws, w_dim]
    layers: tuple[int, ...],
    offset: Tensor,  # [len(layers), w_dim], or [1, w_dim] for all alike
) -> Tensor:  # [num_ws, w_dim]
    """The latent with these layers moved."""
    if layers == tuple(range(len(layers))):
        return torch.cat([w[: len(layers)] + offset, w[len(layers) :]])
    index = torch.tensor(layers, device=w.device)
    return w.index_add(0, index, offset.expand(len(layers), -1))


def away_from_home(
    w: Tensor,  # [num_ws, w_dim]
    home: Tensor,  # [num_ws, w_dim]
    layers: tuple[int, ...],
    space: str,
) -> Tensor:  # [len(layers) or 1, w_dim]
    """How far the layers that move are from home; the mean of them where all move alike."""
    index = torch.tensor(layers, device=w.device)
    away = w.index_select(0, index) - home.index_select(0, index)
    return away if space == "w+" else away.mean(dim=0, keepdim=True)
