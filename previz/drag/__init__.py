"""The drag algorithm: motion supervision, point tracking, the mask term and the solvers that use them."""

from previz.drag._adam import AdamState, adam_start, adam_step, drag_adam
from previz.drag._auto import drag_auto
from previz.drag._batch import DragItem, drag_batch
from previz.drag._drag import AUTO, SOLVERS, drag
from previz.drag._ik import drag_ik
from previz.drag._lbfgs import drag_lbfgs
from previz.drag._sampling import lookup_features, sample_features
from previz.drag._settings import DragSettings, IKSettings
from previz.drag._supervision import fixed_area, mask_term, motion_supervision
from previz.drag._tracking import feature_block, make_reference, track, track_points
from previz.drag._types import (
    Callback,
    DragResult,
    DragTask,
    FeatureGenerator,
    Iteration,
    Reference,
    Solver,
    Status,
)

__all__ = [
    "AUTO",
    "SOLVERS",
    "AdamState",
    "Callback",
    "DragItem",
    "DragResult",
    "DragSettings",
    "DragTask",
    "FeatureGenerator",
    "IKSettings",
    "Iteration",
    "Reference",
    "Solver",
    "Status",
    "adam_start",
    "adam_step",
    "drag",
    "drag_adam",
    "drag_auto",
    "drag_batch",
    "drag_ik",
    "drag_lbfgs",
    "feature_block",
    "fixed_area",
    "lookup_features",
    "make_reference",
    "mask_term",
    "motion_supervision",
    "sample_features",
    "track",
    "track_points",
]
