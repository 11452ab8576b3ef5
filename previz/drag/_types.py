"""What goes into a drag and what comes out: the reference, the result, and the shape of a solver."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

import torch
from torch import Tensor

from previz.drag._settings import DragSettings
from previz.geometry import Size

Status = Literal["ok", "max_iterations", "stalled"]


class FeatureGenerator(Protocol):
    """The part of a generator that a drag needs; `previz.generator.Generator` is one.

    Blocks count from 1 (4x4 for a square StyleGAN2), so block 6 is 128x128.
    """

    @property
    def width(self) -> int:
        """Image width in pixels."""

    @property
    def height(self) -> int:
        """Image height in pixels."""

    @property
    def num_ws(self) -> int:
        """Number of W+ layers."""

    @property
    def w_dim(self) -> int:
        """Size of one latent layer."""

    @property
    def num_blocks(self) -> int:
        """Number of synthesis blocks."""

    @property
    def device(self) -> torch.device:
        """Where the weights are."""

    def block_shape(self, block: int) -> tuple[int, int, int]:
        """(channels, height, width) of a block's feature map."""

    def features(self, w: Tensor, block: int, noise: Literal["const", "none", "random"] = "const") -> Tensor:
        """W+ [N, num_ws, w_dim] to the feature map [N, C, h, w] of a block; gradients flow to w."""


@dataclass(frozen=True)
class Reference:
    """The handles as they look in the first frame of a shot; every later frame is tracked against it.

    Attributes:
        w: [num_ws, w_dim] the first frame's latent.
        points: [N, 2] the handles of the first frame, image pixels.
        features: [N, C] the feature vector under each of them (f_i of the paper).
        contrast: [N] RMS distance of f_i to the whole first feature map, the unit of feature distances.
        feature_map: [C, h, w] the first frame's whole map (F_0 of the paper), for the mask term.
        block: the 1-based block it was taken from.
        image_size: (width, height) of the generator's image.
        held: [C, h, w] the map that a mask holds what is fixed to; None is `feature_map`.
    """

    w: Tensor
    points: Tensor
    features: Tensor
    contrast: Tensor
    feature_map: Tensor
    block: int
    image_size: Size
    held: Tensor | None = None

    @property
    def held_map(self) -> Tensor:
        """[C, h, w] the map that a mask holds what is fixed to."""
        return self.feature_map if self.held is None else self.held

    @property
    def map_size(self) -> Size:
        """(width, height) of the feature map."""
        return self.feature_map.shape[2], self.feature_map.shape[1]


@dataclass(frozen=True)
class DragResult:
    """Where a drag ended. All of it belongs to one and the same iterate.

    Attributes:
        w: [num_ws, w_dim] float32.
        handles: [N, 2] where the handles were tracked in that w, image pixels, sub-pixel.
        error: [N] distance to the targets as given, image pixels.
        feature_distance: [N] how far each handle's feature is from the first frame's; 0 is the same, and 1 is
            as far as an average place of the first frame.
        iterations: optimiser steps taken; of "lbfgs", evaluations of its objective.
        status: "ok" (every handle within tolerance of its target, or of the border point nearest to a target
            outside the image; a soft one may have yielded), "max_iterations" or "stalled"; in the last two
            cases this is the best iterate.
        lost: [N] bool, the handle is probably not where it is said to be: its features are too unlike those
            of the first frame, or are found there elsewhere.
        out_of_reach: [N] bool, the target lies outside the image.
        method: the solver that found it, a name in `SOLVERS`; of "auto", the one that did.
    """

    w: Tensor
    handles: Tensor
    error: Tensor
    feature_distance: Tensor
    iterations: int
    status: Status
    lost: Tensor
    out_of_reach: Tensor
    method: str = ""


@dataclass(frozen=True)
class Iteration:
    """What a solver tells its callback once an iteration, before it steps.

    Attributes:
        index: 0 before the first step.
        w: [num_ws, w_dim] the iterate.
        handles: [N, 2] tracked in it, image pixels.
        error: [N] distance to the targets, image pixels.
        feature_distance: [N] as in `DragResult`.
    """

    index: int
    w: Tensor
    handles: Tensor
    error: Tensor
    feature_distance: Tensor


Callback = Callable[[Iteration], None]


@dataclass(frozen=True)
class DragTask:
    """One checked drag, as `drag` hands it to a solver: tensors on the generator's device, nothing left None
    but the mask.

    Attributes:
        w: [num_ws, w_dim] where to start.
        handles: [N, 2] where the handles are in that w, or nearly, image pixels.
        targets: [N, 2] where they shall go, image pixels, perhaps outside the image.
        goals: [N, 2] the targets clamped to the image, by which arrival is judged.
        reference: the first frame.
        fixed: [h, w] how much each feature pixel is held (1 - M), or None where nothing is.
        weights: [N] of each handle in the motion loss.
        tolerance: image pixels.
        settings: the rest.
        soft: [N] bool, handles whose targets pull and yield; None where all are hard.
    """

    w: Tensor
    handles: Tensor
    targets: Tensor
    goals: Tensor
    reference: Reference
    fixed: Tensor | None
    weights: Tensor
    tolerance: float
    settings: DragSettings
    soft: Tensor | None = None


class Solver(Protocol):
    """A way of dragging: from a checked task to its result. All solvers share this signature."""

    def __call__(
        self, generator: FeatureGenerator, task: DragTask, callback: Callback | None = None
    ) -> DragResult:
        """Solve the task, telling the callback of every iteration."""
