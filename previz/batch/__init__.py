"""Shot lists: many shots planned, claimed, rendered and kept account of, on one machine or many."""

from previz.batch._clean import clean, removable
from previz.batch._estimate import Estimate, estimate
from previz.batch._finish import finish
from previz.batch._host import Worker, this_worker
from previz.batch._list import ShotList, ShotListError, read_list
from previz.batch._local import LocalOptions, default_jobs, run_local
from previz.batch._plan import plan_list
from previz.batch._report import count_rows, list_report, write_report
from previz.batch._rows import Row
from previz.batch._schema import shot_list_schema
from previz.batch._state import Claim, ClaimLost, State, open_state
from previz.batch._sync import Standing, standing, stored_plan, sync
from previz.batch._types import DATABASE, BatchError, PlannedShot, Resources, ShotOutputs, ShotPlan
from previz.batch._work import Finish, WorkOptions, work

__all__ = [
    "DATABASE",
    "BatchError",
    "Claim",
    "ClaimLost",
    "Estimate",
    "Finish",
    "LocalOptions",
    "PlannedShot",
    "Resources",
    "Row",
    "ShotList",
    "ShotListError",
    "ShotOutputs",
    "ShotPlan",
    "Standing",
    "State",
    "WorkOptions",
    "Worker",
    "clean",
    "count_rows",
    "default_jobs",
    "estimate",
    "finish",
    "list_report",
    "open_state",
    "plan_list",
    "read_list",
    "removable",
    "run_local",
    "shot_list_schema",
    "standing",
    "stored_plan",
    "sync",
    "this_worker",
    "work",
    "write_report",
]
