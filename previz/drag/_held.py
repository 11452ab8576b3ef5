"""What a mask holds in latent IK: the picture outside of it, as near to how it was as the handles allow.

Held is the generator's picture at the size of the feature map, not the features themselves: most of what a
drag changes far from its handles is colour and light of the whole, which the picture has of its first blocks
and the features of a later one hardly tell.

The masked change E = 1/2 sum ((I - I_0) (1 - M))^2 has a gradient that costs one backward pass, and a
curvature J^T J that changes little along a shot. The gradient is taken anew in every iteration, the
curvature once for a start and a mask, from random sketches of J (Halko, Martinsson & Tropp 2011).
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from previz.drag._jacobian import vector_jacobian_products, vjp_batch
from previz.drag._layers import with_offset
from previz.drag._metric import Metric, to_metric
from previz.drag._precision import running
from previz.drag._types import DragTask, FeatureGenerator
from previz.generator import Generator

# Starts and masks that are remembered for a generator.
REMEMBERED = 8

Key = tuple[object, ...]
_KNOWN: WeakKeyDictionary[torch.nn.Module, OrderedDict[Key, Held]] = WeakKeyDictionary()


@dataclass(frozen=True)
class Held:
    """What is fixed, and how the latent changes it.

    Attributes:
        view: [C, h, w] what is held, as it is at home.
        fixed: [h, w] how much each pixel is held.
        axes: [R, D] the directions in which it changes most at home, orthonormal, of y with w = w_0 + A y.
        curvature: [R] the second derivative of the masked change along each, largest first.
    """

    view: Tensor
    fixed: Tensor
    axes: Tensor
    curvature: Tensor


@dataclass(frozen=True)
class HeldChange:
    """How far what is fixed has gone: the masked change and its gradient [D] by the variable, not by y:
    that of the square of `difference`, halved, by which a view has (difference) (1 - M) as cotangent."""

    held: Held
    gradient: Tensor


def hold(
    generator: FeatureGenerator, task: DragTask, layers: tuple[int, ...], metric: Metric | None
) -> Held | None:
    """What the task's mask holds; None where nothing is fixed. Remembered, as frames of a shot share it."""
    ik, settings = task.settings.ik, task.settings
    if task.fixed is None or settings.mask_weight == 0 or ik.mask_rows == 0:
        return None
    if not isinstance(generator, torch.nn.Module):
        return _held(generator, task, layers, metric)
    versions = tuple(parameter._version for parameter in generator.parameters())
    parts = () if metric is None else (metric.together, metric.apart)
    tensors = (task.reference.w, task.fixed, *parts)
    same = tuple(None if one is None else one.cpu().numpy().tobytes() for one in tensors)
    key = (versions, same, layers, settings.space, task.reference.block, ik.mask_rows, str(task.w.device))
    known = _KNOWN.setdefault(generator, OrderedDict())
    found = known.pop(key, None) or _held(generator, task, layers, metric)
    known[key] = found
    while len(known) > REMEMBERED:
        known.popitem(last=False)
    return found


def view(generator: FeatureGenerator, w: Tensor, block: int, precision: str = "fp32") -> Tensor:  # [C, h, w]
    """The picture of w [num_ws, w_dim] after a block, or of what is no StyleGAN2 the features."""
    if isinstance(generator, Generator):
        return view_of_many(generator, w[None], block, precision)[0]
    with running(precision, w.device):
        return generator.features(w[None], block)[0].float()


def view_of_many(generator: Generator, w: Tensor, block: int, precision: str) -> Tensor:  # [N, C, h, w]
    """The pictures of w [N, num_ws, w_dim] after a block."""
    with running(precision, w.device):
        pictures: Tensor = generator.synthesis(w, max_block=block)
    return pictures.float()


def difference(seen: Tensor, held: Held) -> Tensor:  # [C, h, w]
    """What of a view [C, h, w] is not as it was, where that is fixed."""
    return (seen.float() - held.view) * held.fixed


def _held(
    generator: FeatureGenerator, task: DragTask, layers: tuple[int, ...], metric: Metric | None
) -> Held:
    home, block, fixed = task.reference.w, task.reference.block, task.fixed
    assert fixed is not None
    offset = home.new_zeros(len(layers) if task.settings.space == "w+" else 1, home.shape[1])
    offset.requires_grad_()
    with torch.enable_grad():
        seen = view(generator, with_offset(home, layers, offset), block)
    rows, count = [], task.settings.ik.mask_rows
    draw = torch.Generator().manual_seed(0)  # the same in every drag, so that it adds no jitter
    batch = vjp_batch(task.settings.ik, home.device)
    for size in [batch] * (count // batch) + [count % batch] * (count % batch > 0):
        signs = torch.randint(2, (size, *seen.shape), generator=draw) * 2.0 - 1.0
        cotangents = (signs.to(home.device) * fixed).to(seen.dtype)
        rows.append(vector_jacobian_products((seen,), offset, (cotangents,), batch))
    sketch = torch.cat(rows).double().reshape(count, len(offset), -1) / count**0.5
    _, size, axes = torch.linalg.svd(to_metric(sketch, metric), full_matrices=False)
    return Held(seen.detach().float(), fixed, axes, size.square())
