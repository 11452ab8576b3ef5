"""Shot lists: many shots planned, claimed, rendered and kept account of, on one machine or many."""

from previz.batch._host import Worker, this_worker
from previz.batch._state import Claim, ClaimLost, Row, State, open_state
from previz.batch._types import DATABASE, BatchError, PlannedShot, Resources, ShotOutputs, ShotPlan

__all__ = [
    "DATABASE",
    "BatchError",
    "Claim",
    "ClaimLost",
    "PlannedShot",
    "Resources",
    "Row",
    "ShotOutputs",
    "ShotPlan",
    "State",
    "Worker",
    "open_state",
    "this_worker",
]
