"""Shot lists: many shots planned, claimed, rendered and kept account of, on one machine or many."""

from previz.batch._host import Worker, this_worker
from previz.batch._list import ShotList, ShotListError, read_list
from previz.batch._plan import plan_list
from previz.batch._rows import Row
from previz.batch._schema import shot_list_schema
from previz.batch._state import Claim, ClaimLost, State, open_state
from previz.batch._types import DATABASE, BatchError, PlannedShot, Resources, ShotOutputs, ShotPlan

__all__ = [
    "DATABASE",
    "BatchError",
    "Claim",
    "ClaimLost",
    "PlannedShot",
    "Resources",
    "Row",
    "ShotList",
    "ShotListError",
    "ShotOutputs",
    "ShotPlan",
    "State",
    "Worker",
    "open_state",
    "plan_list",
    "read_list",
    "shot_list_schema",
    "this_worker",
]
