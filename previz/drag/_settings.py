"""How to drag: the paper's settings and those of the other solvers."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import isfinite
from typing import Literal

from previz.drag._precision import PRECISIONS
from previz.errors import SolveError


def _require_above_zero(name: str, value: float) -> None:
    if not (isfinite(value) and value > 0):
        raise SolveError(f"solver.{name}: {value} must be a number above 0")


def _require_at_least(name: str, value: float, least: float) -> None:
    if not (isfinite(value) and value >= least):
        raise SolveError(f"solver.{name}: {value} is below the least allowed, {least}")


def _require_layers(layers: int | tuple[int, ...]) -> None:
    if isinstance(layers, int):
        _require_at_least("layers", layers, 1)
        return
    for layer in layers:
        if layer < 1:
            raise SolveError(f"solver.layers: {layer} is no layer; they count from 1")
    if not layers or any(after <= before for before, after in pairwise(layers)):
        raise SolveError(
            f"solver.layers: {list(layers)} must be layers in ascending order, each of them once"
        )


@dataclass(frozen=True)
class IKSettings:
    """What only the latent IK solver reads. Lengths are in pixels of a 512 px image and scale as the radii
    do.

    Attributes:
        pull: kappa, the share of the way back to the first frame's latent that is taken in each iteration, as
            far as the handles don't mind; it makes a closed path close. None is 0.3 in the identity metric
            and 0.1 in that of the covariance.
        damping: mu of the handles, relative to their mean squared Jacobian.
        trust: how far a handle is asked to move in the first iteration.
        trust_least: what the trust radius never shrinks below.
        trust_most: what it never grows above.
        patch_spacing: between the 3x3 places by which a handle is tracked.
        smooth: how often the features are averaged with their neighbours, [1, 2, 1] / 4 along both sides,
            before a handle is looked for. What of them is finer sticks to the pixels when the face moves, and
            a handle would jump from one place to the next.
        prior: of tracking, the squared feature distance (in squared contrast) that a candidate at the edge of
            the search must make up for.
        recent: of tracking, what a difference to the looks of a handle in the last iteration counts beside
            one to its looks in the first frame, when it is searched for; where exactly it is found, only
            those of the first frame say. 0 searches by the first frame alone; 3 follows handles whose looks
            change a little more nearly, but one that has slipped stays where it is.
        reuse: a Jacobian serves again, corrected by what the step showed, where the handles went elsewhere
            than predicted by no more than this share of the way; 0 takes derivatives in each iteration.
        reuse_steps: how often it may.
        mask_rows: random sketches by which the directions are found that change the fixed area; 0 is no mask.
        mask_damping: nu, what curvature of the fixed area, of the largest, makes a way twice as long.
        mask_iterations: how many iterations a drag goes on for that has arrived, as long as the fixed area
            comes nearer to how it was.
        mask_gain: by what share of its squared change an iteration must bring it nearer.
        settle: a drag that has arrived goes on until its handles are within this share of the tolerance, as a
            tolerance that is a dead band makes neighbouring frames tremble.
        settle_iterations: the most iterations that this may take.
        max_iterations: the cap, where it is lower than that of the drag.
        stall_window: as in `DragSettings`, of iterations that do more.
        vjp_batch: vector-Jacobian products a backward pass; None is one on a CPU, where single ones are
            faster, and 16 elsewhere.
    """

    pull: float | None = None
    damping: float = 0.02
    trust: float = 24.0
    trust_least: float = 6.0
    trust_most: float = 48.0
    patch_spacing: float = 8.0
    smooth: int = 2
    prior: float = 0.016
    recent: float = 0.0
    reuse: float = 0.3
    reuse_steps: int = 3
    mask_rows: int = 32
    mask_damping: float = 0.1
    mask_iterations: int = 8
    mask_gain: float = 0.03
    settle: float = 0.1
    settle_iterations: int = 3
    max_iterations: int = 30
    stall_window: int = 6
    vjp_batch: int | None = None

    def __post_init__(self) -> None:
        """Refuse values that no solve can use."""
        lengths = ("trust", "trust_least", "trust_most", "patch_spacing")
        for name in (*lengths, "damping", "mask_damping", "settle"):
            _require_above_zero(f"ik.{name}", getattr(self, name))
        if self.pull is not None:
            _require_at_least("ik.pull", self.pull, 0)
        for name in (
            "smooth",
            "prior",
            "recent",
            "reuse",
            "reuse_steps",
            "mask_rows",
            "mask_iterations",
            "mask_gain",
            "settle_iterations",
            "max_iterations",
        ):
            _require_at_least(f"ik.{name}", getattr(self, name), 0)
        if self.settle > 1:
            raise SolveError(f"solver.ik.settle: {self.settle} is above the most allowed, 1")
        _require_at_least("ik.stall_window", self.stall_window, 1)
        if self.vjp_batch is not None:
            _require_at_least("ik.vjp_batch", self.vjp_batch, 1)


@dataclass(frozen=True)
class DragSettings:
    """How to drag. The defaults are the paper's (DragGAN, Pan et al. 2023, section 4).

    Attributes:
        method: a name in `SOLVERS`, or "auto".
        learning_rate: Adam's step in W+ units; the paper's 2e-3 (faces, cats, cars), 1e-3 for the rest.
        block: 1-based synthesis block whose feature map is used; None is block 6, or the last of a smaller
            generator.
        layers: how many leading layers of W+ may change; or which, from 1 and ascending, as `(1, 2, 5)`.
        metric: what "ik" and "lbfgs" call a short way through W: "identity", or "covariance", by which
            directions are far that w hardly varies in, over the performances of one person where the card
            says what these are, and ways in which the layers part (any part of a layer alike with a mask);
            "auto" is covariance. A generator without a mapping network has the identity in any case.
        space: "w+" moves each of these layers by itself, "w" moves them all by one vector.
        radius_motion: r1, in pixels of a 512 px image; scales with the image's larger side, and on a
            map coarser than block 6 with the feature pixel.
        radius_tracking: r2, in pixels of a 512 px image; scales likewise.
        mask_weight: lambda of the mask term; 0 is no mask, and latent IK reads no more than that from it.
        tolerance: how near a handle must come, image pixels; None is 1 for up to five handles and 2 for more.
        max_iterations: the cap of one drag.
        lost_threshold: feature distance above which a handle is reported lost, in the unit of
            `DragResult.feature_distance`.
        slip: a handle is reported lost, too, where what is found at its place was more than this away from it
            in the first frame, in pixels of a 512 px image.
        stall_window: give up when the mean distance to the targets has not shrunk by `stall_improvement`
            in this many iterations.
        stall_improvement: image pixels.
        precision: in which numbers "ik" runs the generator: "fp32", "tf32" (CUDA alone), "bf16", or "auto":
            tf32 on CUDA, else fp32. Tracking and steps are computed in float32 and float64 in any case.
        ik: what only the "ik" method reads.
    """

    method: str = "auto"
    learning_rate: float = 2e-3
    block: int | None = None
    layers: int | tuple[int, ...] = 6
    space: Literal["w+", "w"] = "w+"
    metric: Literal["auto", "identity", "covariance"] = "auto"
    radius_motion: float = 3.0
    radius_tracking: float = 12.0
    mask_weight: float = 20.0
    tolerance: float | None = None
    max_iterations: int = 200
    lost_threshold: float = 0.8
    slip: float = 10.0
    stall_window: int = 50
    stall_improvement: float = 0.05
    precision: Literal["auto", "fp32", "tf32", "bf16"] = "auto"
    ik: IKSettings = IKSettings()

    def __post_init__(self) -> None:
        """Refuse values that no drag can use."""
        _require_layers(self.layers)
        _require_at_least("max_iterations", self.max_iterations, 0)
        _require_at_least("stall_window", self.stall_window, 1)
        _require_at_least("mask_weight", self.mask_weight, 0)
        _require_at_least("stall_improvement", self.stall_improvement, 0)
        if self.block is not None:
            _require_at_least("block", self.block, 1)
        for name in (
            "learning_rate",
            "radius_motion",
            "radius_tracking",
            "tolerance",
            "lost_threshold",
            "slip",
        ):
            value = getattr(self, name)
            if value is not None:
                _require_above_zero(name, value)
        if self.space not in ("w+", "w"):
            raise SolveError(f'solver.space: "{self.space}" is neither "w+" nor "w"')
        if self.precision not in PRECISIONS:
            raise SolveError(f'solver.precision: "{self.precision}" is not one of {", ".join(PRECISIONS)}')
        if self.metric not in ("auto", "identity", "covariance"):
            raise SolveError(f'solver.metric: "{self.metric}" is not one of auto, identity, covariance')
