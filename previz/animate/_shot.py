"""A timeline made ready for one generator: all that solving its frames needs, and solving one of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from previz.animate._asked import Asked, Solving
from previz.animate._latents import carry
from previz.animate._record import FrameRecord, input_hash
from previz.drag import DragItem, DragSettings, Iteration, Reference
from previz.generator import Generator
from previz.timeline import MaskFrames


@dataclass(frozen=True, eq=False)
class Shot:
    """What solving a frame needs, sampled for one generator.

    Attributes:
        frames: the F frame numbers.
        names: the N handles.
        start: float32 [N, 2] the handles in the start latent, pixels of the generator's image.
        targets: float32 [F, N, 2] where they shall be.
        masks: F of float32 [H, W], 1 = movable, or None.
        weights: float32 [F, N] how much each handle counts; 0 where it is off.
        influence: float32 [F, N] how much each is on: what part of the way to its target it shall go.
        soft: bool [N] which of them yield to the others.
        keyed: positions (0 to F - 1) of the frames that keys mode solves.
        w: float32 [num_ws, w_dim] the start latent.
        path: float32 [F, num_ws, w_dim] the base path, which the drag is added to; None where it is always w.
        reference: the handles as they look in it.
        settings: of the drag, with a tolerance in pixels of the generator's image.
        root: the hash of what all frames depend on.
        generator: the generator.
        digest: of its weights, which take a while to hash.
    """

    frames: tuple[int, ...]
    names: tuple[str, ...]
    start: NDArray[np.float32]
    targets: NDArray[np.float32]
    masks: MaskFrames | None
    weights: NDArray[np.float32]
    influence: NDArray[np.float32]
    soft: NDArray[np.bool_]
    keyed: tuple[int, ...]
    w: Tensor
    path: NDArray[np.float32] | None
    reference: Reference
    settings: DragSettings
    root: str
    generator: Generator
    digest: str

    def mask(self, index: int) -> NDArray[np.float32] | None:
        """The mask [H, W] of a frame, by its position, or None."""
        return None if self.masks is None else self.masks[index]

    def base(self, index: int) -> NDArray[np.float32]:
        """The latent [num_ws, w_dim] of a frame before its drag."""
        return self.w.cpu().numpy() if self.path is None else self.path[index]

    def carry(self, latent: NDArray[np.float32], of: int, to: int) -> NDArray[np.float32]:
        """Where the drag of the frame at `to` starts: its base, with what was dragged in the one at `of`."""
        return latent if self.path is None else carry(latent, self.path[of], self.path[to])


def frame_hash(shot: Shot, index: int, previous: str) -> str:
    """The input hash of the frame at this position: of all that solving it starts from.

    The frame's number is left out: a shot that is moved in time keeps its frames.
    """
    arrays = {
        "targets": shot.targets[index],
        "mask": shot.mask(index),
        "weights": shot.weights[index],
        "influence": shot.influence[index],
    }
    if shot.path is not None:
        arrays["base"] = shot.path[index]
    return input_hash(previous, {}, arrays)


def solve_frame(
    shot: Shot,
    index: int,
    key: str,
    latent: NDArray[np.float32],  # [num_ws, w_dim]
    handles: NDArray[np.float32],  # [N, 2]
    callback: Callable[[Iteration], None] | None = None,
) -> Solving[FrameRecord]:
    """Drag to the targets of the frame at this position, from a latent and where the handles are in it.

    A handle that comes on or lets go is drawn a part of the way; one that is off is followed, neither drawn
    nor judged, and has its target where it is.
    """
    influence = shot.influence[index][:, None]  # [N, 1]
    targets = np.where(
        influence < 1, handles + influence * (shot.targets[index] - handles), shot.targets[index]
    )
    return (yield from drag_frame(shot, index, key, latent, handles, targets, shot.settings, callback))


def drag_frame(
    shot: Shot,
    index: int,
    key: str,
    latent: NDArray[np.float32],  # [num_ws, w_dim]
    handles: NDArray[np.float32],  # [N, 2]
    targets: NDArray[np.float32],  # [N, 2]
    settings: DragSettings,
    callback: Callable[[Iteration], None] | None = None,
) -> Solving[FrameRecord]:
    """Drag handles to these targets, with mask, weights and base of the frame at this position."""
    began = time.perf_counter()
    device = shot.generator.device
    mask = shot.mask(index)
    item = DragItem(
        torch.from_numpy(latent.copy()).to(device),
        torch.from_numpy(handles.copy()).to(device),
        torch.from_numpy(targets.copy()).to(device),
        frame_reference(shot, index, mask is not None),
        mask=None if mask is None else torch.from_numpy(mask.copy()).to(device),
        weights=torch.from_numpy(shot.weights[index].copy()).to(device),
        soft=torch.from_numpy(shot.soft.copy()).to(device),
    )
    prepared = time.perf_counter() - began
    dragged = yield Asked(shot.generator, item, settings, callback)
    result = dragged.result
    last = Iteration(result.iterations, result.w, result.handles, result.error, result.feature_distance)
    record = record_of(shot, index, key, targets, last)
    return replace(
        record,
        seconds=prepared + dragged.seconds,
        status=result.status,
        method=result.method,
        lost=result.lost.cpu().numpy(),
    )


def record_of(
    shot: Shot, index: int, key: str, targets: NDArray[np.float32], iteration: Iteration
) -> FrameRecord:
    """The record of an iterate of the frame at this position, as if it were what the drag came to."""
    off = shot.weights[index] == 0
    handles, distance = _array(iteration.handles), _array(iteration.feature_distance)
    return FrameRecord(
        key=key,
        latent=_array(iteration.w),
        handles=handles,
        target=np.where(off[:, None], handles, targets),
        error=np.where(off, np.float32(0), _array(iteration.error)),
        feature_distance=distance,
        lost=~(distance <= shot.settings.lost_threshold),  # so that what is not a number counts as lost
        iterations=iteration.index,
        seconds=0.0,
        status="ok",
    )


def frame_reference(shot: Shot, index: int, masked: bool) -> Reference:
    """What a frame is dragged by: the handles as they look on the first frame, and for home its own base.

    What a mask holds is the base's picture: what truncation and blends change is meant to change.
    """
    if shot.path is None:
        return shot.reference
    base = torch.from_numpy(shot.path[index].copy()).to(shot.generator.device)
    held = None
    if masked:
        with torch.no_grad():
            held = shot.generator.features(base[None], shot.reference.block)[0].float()
    return replace(shot.reference, w=base, held=held)


def _array(tensor: Tensor) -> NDArray[np.float32]:
    return tensor.detach().to("cpu", torch.float32).contiguous().numpy()
