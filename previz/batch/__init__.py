"""Shot lists: many shots planned, claimed, rendered and kept account of, on one machine or many."""

from previz.batch._clean import clean, removable
from previz.batch._estimate import Estimate, estimate
from previz.batch._finish import finish
from previz.batch._hook_rows import hook_rows, retry_hooks
from previz.batch._hooks import run_owed_hooks
from previz.batch._host import Worker, this_worker
from previz.batch._list import ShotList, ShotListError, read_list
from previz.batch._local import LocalOptions, default_jobs, default_together, run_local
from previz.batch._openjd import openjd_template
from previz.batch._plan import plan_list
from previz.batch._plan_file import read_plan, write_plan
from previz.batch._ray import RayOptions, run_ray
from previz.batch._report import count_rows, list_report, write_report
from previz.batch._report_schema import report_schema
from previz.batch._results import Results, write_results
from previz.batch._rows import Row, is_left
from previz.batch._schema import shot_list_schema
from previz.batch._shell import shell_script
from previz.batch._slurm import SlurmOptions, parse_minutes, run_slurm, submit_slurm
from previz.batch._state import Claim, ClaimLost, State, open_state
from previz.batch._steps import decode_step, encode_step, solve_step
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
    "RayOptions",
    "Resources",
    "Results",
    "Row",
    "ShotList",
    "ShotListError",
    "ShotOutputs",
    "ShotPlan",
    "SlurmOptions",
    "Standing",
    "State",
    "WorkOptions",
    "Worker",
    "clean",
    "count_rows",
    "decode_step",
    "default_jobs",
    "default_together",
    "encode_step",
    "estimate",
    "finish",
    "hook_rows",
    "is_left",
    "list_report",
    "open_state",
    "openjd_template",
    "parse_minutes",
    "plan_list",
    "read_list",
    "read_plan",
    "removable",
    "report_schema",
    "retry_hooks",
    "run_local",
    "run_owed_hooks",
    "run_ray",
    "run_slurm",
    "shell_script",
    "shot_list_schema",
    "solve_step",
    "standing",
    "stored_plan",
    "submit_slurm",
    "sync",
    "this_worker",
    "work",
    "write_plan",
    "write_report",
    "write_results",
]
