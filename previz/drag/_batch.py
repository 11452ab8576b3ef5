"""Several drags at once, of one generator: their latents go through it side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from previz.drag._crops import LAST_BLOCKS, Evaluation, last_blocks_of_maps
from previz.drag._drag import check_task, concluded, drag
from previz.drag._held import view_of_many
from previz.drag._ik import Derive, Derived, Look, Seen, Steps, derive, ik_steps, look
from previz.drag._layers import with_offset
from previz.drag._precision import repeatable, resolve_precision, running
from previz.drag._settings import DragSettings
from previz.drag._types import DragResult, DragTask, FeatureGenerator, Iteration, Reference
from previz.errors import SolveError
from previz.generator import Generator

BatchCallback = Callable[[int, Iteration], None]


@dataclass(frozen=True)
class DragItem:
    """One drag of a batch: what `drag` takes of it. Each may have handles of its own, as many as it likes.

    Attributes:
        w: [num_ws, w_dim] where to start.
        handles: [N, 2] (x, y) image pixels: where the handles are in w.
        targets: [N, 2] image pixels.
        reference: the first frame of the item's shot.
        mask: [H, W], 1 = movable, 0 = fixed, or None.
        weights: [N], or None for ones.
        soft: [N] bool, or None where all are hard.
        settings: of this drag, or None for those of the batch.
    """

    w: Tensor
    handles: Tensor
    targets: Tensor
    reference: Reference
    mask: Tensor | None = None
    weights: Tensor | None = None
    soft: Tensor | None = None
    settings: DragSettings | None = None


def drag_batch(
    generator: FeatureGenerator,
    items: Sequence[DragItem],
    settings: DragSettings | None = None,
    callback: BatchCallback | None = None,
) -> list[DragResult]:
    """Drag all items as `drag` drags each, with one pass through the generator for all that are still going.

    Latent IK runs side by side, for items that have precision and block in common: they step at their own
    pace, and those that end drop out. Results are those of one at a time but for rounding, as sums of a batch
    are added in another order: tests hold handles to 1e-3 px and latents to 1e-3; on the bundled character
    they differed by 2e-5 px and 6e-6. An item with no other beside it gives the same bits. What else a method
    asks for (the fallback of "auto", "adam", "lbfgs", and generators that are no StyleGAN2) is done
    one after the other.

    It pays on a GPU, whose passes of one item leave it idle; a CPU gains little.

    Args:
        generator: of all items.
        items: what to drag; none is fine.
        settings: of items that have none of their own.
        callback: told the item's position and the iteration.

    Raises:
        SolveError: as `drag` does, with the item's position in front.

    Example:
        >>> items = [DragItem(w, points, points + 4.0, reference) for w, points, reference in shots]
        >>> results = drag_batch(generator, items, DragSettings(tolerance=0.5))
    """
    settings = settings or DragSettings()
    kinds: dict[tuple[str, int], dict[int, DragTask]] = {}
    for position, item in enumerate(items):
        try:
            task = check_task(generator, *_arguments(item, settings))
        except SolveError as error:
            raise SolveError(f"items[{position}]: {error}") from None
        if task.settings.method in ("ik", "auto") and len(task.handles):
            kinds.setdefault((task.settings.precision, task.reference.block), {})[position] = task
    found: dict[int, DragResult] = {}
    for (precision, _), tasks in kinds.items():
        if len(tasks) > 1 and isinstance(generator, Generator):
            with repeatable(generator.device, precision):
                found |= _side_by_side(generator, tasks, callback)
    return [
        found[position] if position in found else _alone(generator, item, settings, position, callback)
        for position, item in enumerate(items)
    ]


def _arguments(
    item: DragItem, settings: DragSettings
) -> tuple[Tensor, Tensor, Tensor, Reference, DragSettings, Tensor | None, Tensor | None, Tensor | None]:
    first = (item.w, item.handles, item.targets, item.reference)
    return *first, item.settings or settings, item.mask, item.weights, item.soft


def _told(callback: BatchCallback | None, position: int) -> Callable[[Iteration], None] | None:
    return None if callback is None else lambda iteration: callback(position, iteration)


def _alone(
    generator: FeatureGenerator,
    item: DragItem,
    settings: DragSettings,
    position: int,
    callback: BatchCallback | None,
) -> DragResult:
    points = item.w, item.handles, item.targets, item.reference
    told = _told(callback, position)
    return drag(generator, *points, item.settings or settings, item.mask, item.weights, told, item.soft)


def _side_by_side(
    generator: Generator, tasks: dict[int, DragTask], callback: BatchCallback | None
) -> dict[int, DragResult]:
    """Latent IK of all items; those that "auto" does not leave it at are left out."""
    asked: dict[int, Look | Derive] = {}
    steps: dict[int, Steps] = {}
    for position, task in tasks.items():
        steps[position] = ik_steps(generator, task, _told(callback, position))
        asked[position] = next(steps[position])
    found: dict[int, DragResult] = {}
    while asked:
        answers: dict[int, Seen | Derived] = {
            **_look({at: one for at, one in asked.items() if isinstance(one, Look)}, generator),
            **_derive({at: one for at, one in asked.items() if isinstance(one, Derive)}),
        }
        for position, answer in answers.items():
            try:
                asked[position] = steps[position].send(answer)
            except StopIteration as end:
                del asked[position]
                found[position] = end.value
    return {
        position: concluded(generator, tasks[position], replace(result, method="ik"))
        for position, result in found.items()
        if result.status == "ok" or not _falls_back(tasks[position].settings)
    }


def _falls_back(settings: DragSettings) -> bool:
    return settings.method == "auto" and settings.max_iterations > 0


def _look(asked: dict[int, Look], generator: Generator) -> dict[int, Seen]:
    """The features and pictures of all latents, in one pass each."""
    if not asked:
        return {}
    looks = list(asked.values())
    block = looks[0].task.reference.block
    if block <= LAST_BLOCKS or any(one.task.reference.block != block for one in looks):
        return {position: look(generator, one) for position, one in asked.items()}
    offsets = [one.offset.detach().requires_grad_() for one in looks]
    each = [with_offset(one.task.w, one.layers, offset) for one, offset in zip(looks, offsets, strict=True)]
    w = torch.stack(each)
    precision = resolve_precision(looks[0].task.settings.precision, w.device)
    with running(precision, w.device):
        low = generator.features(w, block - LAST_BLOCKS)
    with torch.no_grad():
        maps = last_blocks_of_maps(generator, low, w, block, precision)
    wanted = [index for index, one in enumerate(looks) if one.picture]
    pictures = (
        dict(zip(wanted, view_of_many(generator, w[wanted], block, precision), strict=True)) if wanted else {}
    )
    return {
        position: Seen(
            offsets[index],
            Evaluation(maps[index], low[index], each[index], generator, block, precision),
            pictures.get(index),
        )
        for index, position in enumerate(asked)
    }


def _derive(asked: dict[int, Derive]) -> dict[int, Derived]:
    """All derivatives: the n-th row of every item in one backward pass, where crops lead to one."""
    gradients = _gradients(asked)
    staged = {
        position: one
        for position, one in asked.items()
        if one.first is not None and one.first.cotangents is not None and one.seen.evaluation.low is not None
    }
    rows = _rows(staged)
    return {
        position: (rows[position] if position in rows else derive(replace(one, cotangent=None))[0],
                   gradients.get(position))
        for position, one in asked.items()
    }  # fmt: skip


def _gradients(asked: dict[int, Derive]) -> dict[int, Tensor]:
    wanted = {position: one for position, one in asked.items() if one.cotangent is not None}
    outputs = [one.seen.picture for one in wanted.values() if one.seen.picture is not None]
    if not outputs:
        return {}
    offsets = [one.seen.offset for one in wanted.values()]
    cotangents = [one.cotangent for one in wanted.values()]
    return dict(
        zip(wanted, torch.autograd.grad(outputs, offsets, cotangents, retain_graph=True), strict=True)
    )


def _rows(staged: dict[int, Derive]) -> dict[int, Tensor]:
    """Rows [2N, D] of each, N differing."""
    if not staged:
        return {}
    offsets = [one.seen.offset for one in staged.values()]
    outputs: list[Tensor] = []
    ways: list[tuple[Tensor, Tensor]] = []
    for one in staged.values():
        assert one.first is not None
        assert one.first.cotangents is not None
        assert one.seen.evaluation.low is not None
        outputs += [one.seen.evaluation.low, one.seen.evaluation.w]
        ways.append(one.first.cotangents)
    rows: list[list[Tensor]] = [[] for _ in ways]
    for number in range(max(len(low) for low, _ in ways)):
        cotangents = [
            way[number] if number < len(way) else torch.zeros_like(way[0]) for pair in ways for way in pair
        ]
        found = torch.autograd.grad(outputs, offsets, cotangents, retain_graph=True)
        for own, (low, _), row in zip(rows, ways, found, strict=True):
            if number < len(low):
                own.append(row.reshape(-1))
    return {position: torch.stack(own) for position, own in zip(staged, rows, strict=True)}
