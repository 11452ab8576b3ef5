"""A list on a Slurm cluster, by submitit: arrays of jobs, each a worker that claims shots in the database.

A worker that comes near its time limit, or is pre-empted, is put in line again by Slurm; one that was lost is
replaced. What is submitted and what the workers say is in logs/slurm beside the outputs.
"""

from __future__ import annotations

import contextlib
import importlib
import math
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from previz.batch._farm import PATIENCE, Crew, crews, lead, work_as
from previz.batch._local import Watch, default_together
from previz.batch._rows import Row
from previz.batch._state import State
from previz.batch._types import BatchError, Resources
from previz.batch._work import Finish, WorkOptions

_POLL = 2.0  # seconds between looks at the jobs
_LEAVING = 5.0  # seconds that jobs take to see that nothing is left to do
_GRACE = 30.0  # seconds that jobs have to put their shots back, before they are left to Slurm
_REQUEUES = 1000  # of a job that has come to its time limit
_MOST_JOBS = 16  # where nobody says how many
_TIME = re.compile(r"(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?")


@dataclass(frozen=True)
class SlurmOptions:
    """How a list is run on a Slurm cluster.

    Attributes:
        jobs: the most workers at a time; None is one for each shot that can be started, 16 at most.
        device: auto takes GPUs where a shot's `resources` ask for some; cpu takes none, cuda one unless the
            shot says otherwise.
        threads: that each solves with on a CPU; a shot's `resources.cpus` may reserve more cores.
        overlap: write a shot while the next one is being solved; None does on a GPU.
        only: ids of the shots to work on; None is all.
        partition: that they are submitted to; None is Slurm's own choice, or $SBATCH_PARTITION.
        minutes: that a worker may run; when they are over it is put in line again.
        sbatch: any other option of sbatch by its long name, {"account": "vfx", "constraint": "a100"}.
        local: processes of this machine in Slurm's place, to try it out.
        together: how many shots of one checkpoint a worker solves side by side; None is `default_together`.
    """

    jobs: int | None = None
    device: str = "auto"
    threads: int = 1
    overlap: bool | None = None
    only: frozenset[str] | None = None
    partition: str | None = None
    minutes: int = 240
    sbatch: Mapping[str, str] = field(default_factory=dict)
    local: bool = False
    together: int | None = None


@dataclass(frozen=True)
class SlurmWorker:
    """What a job runs."""

    database: Path
    options: WorkOptions
    finish: Finish

    def __call__(self) -> str:
        """Work until nothing can be started; return what stopped it before, or ""."""
        submitit: Any = importlib.import_module("submitit")
        signal.signal(signal.SIGTERM, _stop)  # from scancel
        return work_as(str(submitit.JobEnvironment().job_id), self.database, self.options, self.finish)

    def checkpoint(self) -> Any:
        """What goes on in the place of a job that has come to its time limit."""
        submitit: Any = importlib.import_module("submitit")
        return submitit.helpers.DelayedSubmission(self)


@dataclass(frozen=True)
class _Job:
    """A worker that was submitted."""

    crew: Crew
    job: Any


def run_slurm(state: State, options: SlurmOptions, finish: Finish, watch: Watch) -> tuple[Row, ...]:
    """Work on a list with Slurm jobs until nothing is left to do, and return its rows.

    All nodes see the list's folder, and this Python with previz in it, under the same paths. Raises
    BatchError without submitit or Slurm, for options that Slurm refuses, where workers can't be kept alive,
    and where the outputs can't be written any more. At KeyboardInterrupt the jobs are cancelled, and put
    their shots back.
    """
    farm = _SlurmFarm(_submitit(options), state.path.absolute(), options, finish)
    return lead(state, farm, options.only, options.jobs, watch)


def submit_slurm(state: State, options: SlurmOptions, finish: Finish) -> tuple[str, ...]:
    """Submit a list's workers and return at once, with the jobs' ids; nobody replaces those that are lost.

    Raises BatchError.
    """
    farm = _SlurmFarm(_submitit(options), state.path.absolute(), options, finish, patience=None)
    ids: list[str] = []
    for crew in crews(state.rows(), options.only):
        count = farm.room(crew) if options.jobs is None else min(options.jobs - len(ids), farm.room(crew))
        ids += [str(one.job.job_id) for one in farm.hire(crew, count)] if count > 0 else []
    return tuple(ids)


def parse_minutes(text: str) -> int:
    """Minutes of a time as Slurm writes it: 90, 90:00, 1:30:00, 1-12, 1-12:30. Raises BatchError."""
    match = _TIME.fullmatch(text)
    if match is None:
        raise BatchError(f"--time {text}: is no time; write minutes, hours:minutes:seconds or days-hours")
    days, first, second, third = (None if part is None else int(part) for part in match.groups())
    if days is not None:
        seconds = days * 86_400 + (first or 0) * 3600 + (second or 0) * 60 + (third or 0)
    elif third is not None:
        seconds = (first or 0) * 3600 + (second or 0) * 60 + third
    else:
        seconds = (first or 0) * 60 + (second or 0)
    if seconds == 0:
        raise BatchError(f"--time {text}: a worker needs some time")
    return math.ceil(seconds / 60)


@dataclass(frozen=True)
class _SlurmFarm:
    """A Slurm cluster as a farm; `submitit` is the module."""

    submitit: Any
    database: Path
    options: SlurmOptions
    finish: Finish
    patience: float | None = PATIENCE

    @property
    def folder(self) -> Path:
        """Where jobs leave what they say."""
        return self.database.parent / "logs" / "slurm"

    @property
    def poll(self) -> float:
        """Seconds between looks at the jobs."""
        return 0.25 if self.options.local else _POLL

    def room(self, crew: Crew) -> int:
        """As many as can be kept busy; Slurm knows how many of them have a place."""
        return min(crew.busy, _MOST_JOBS if self.options.jobs is None else self.options.jobs)

    def hire(self, crew: Crew, count: int) -> list[_Job]:
        """Submit an array of workers."""
        options = self.options
        gpus = _gpus(crew.resources, options.device)
        device = "cuda" if gpus else "cpu"
        overlap = device != "cpu" if options.overlap is None else options.overlap
        only = crew.shots if options.only is None else crew.shots & options.only
        together = options.together or default_together(device, crew.busy, count)
        working = WorkOptions(
            device, options.threads, overlap, only, patience=self.patience, together=together
        )
        worker = SlurmWorker(self.database, working, self.finish)
        executor = self._executor(max(crew.resources.cpus, options.threads), gpus, crew.resources.memory_gb)
        with self._told(), executor.batch():
            jobs = [executor.submit(worker) for _ in range(count)]
        return [_Job(crew, job) for job in jobs]

    def ended(self, hands: Iterable[_Job]) -> list[tuple[_Job, str | None]]:
        """Those whose jobs are over."""
        time.sleep(self.poll)
        hands = list(hands)
        over = self._over([hand.job for hand in hands])
        return [(hand, self._outcome(hand)) for hand in hands if hand.job in over]

    def dismiss(self, hands: Iterable[_Job], at_work: bool) -> None:
        """Cancel jobs, and give those at work time to put their shots back."""
        jobs = [hand.job for hand in hands]
        if not at_work:
            jobs = self._waited_for(jobs, _LEAVING)
        for job in jobs:
            with contextlib.suppress(subprocess.SubprocessError, OSError):
                if self.options.local:
                    os.kill(int(job.job_id), signal.SIGTERM)
                else:
                    job.cancel(check=False)
        self._waited_for(jobs, _GRACE)

    def _outcome(self, hand: _Job) -> str | None:
        """How a job ended: None is well, else why it died. Raises BatchError for what all would meet."""
        job = hand.job
        if not job.paths.result_pickle.exists():
            time.sleep(self.poll)  # a file of another machine is seen late
        if not job.paths.result_pickle.exists():
            said = (job.stderr() or "").strip().splitlines()
            return said[-1] if said else f"job {job.job_id} left no result; see {self.folder}"
        try:
            problem = job.result()
        except self.submitit.core.utils.FailedJobError as error:
            return str(error).strip().splitlines()[-1]
        if problem:
            raise BatchError(problem)
        return None

    def _over(self, jobs: list[Any]) -> list[Any]:
        """The jobs that are over. Slurm's accounting tells it late, and not everywhere; its queue does."""
        if self.options.local:
            return [job for job in jobs if job.done()]
        left = [job for job in jobs if not job.paths.result_pickle.exists()]
        if left:
            asked = ["squeue", "--me", "--noheader", "--array", "--format=%i"]
            told = subprocess.run(asked, capture_output=True, text=True, check=False)
            queued = told.stdout.split()
            left = [job for job in left if told.returncode or str(job.job_id) in queued]
        return [job for job in jobs if job not in left]

    def _waited_for(self, jobs: list[Any], seconds: float) -> list[Any]:
        """Wait for jobs to end, and return those that haven't."""
        until = time.monotonic() + seconds
        while jobs := [job for job in jobs if job not in self._over(jobs)]:
            if time.monotonic() > until:
                break
            time.sleep(self.poll)
        return jobs

    def _executor(self, cpus: int, gpus: int, memory_gb: float | None) -> Any:
        options = self.options
        if options.local:
            executor = self.submitit.LocalExecutor(self.folder, max_num_timeout=_REQUEUES)
            executor.update_parameters(timeout_min=options.minutes, gpus_per_node=gpus)
            return executor
        executor = self.submitit.SlurmExecutor(self.folder, max_num_timeout=_REQUEUES)
        given: dict[str, Any] = {"partition": options.partition, "gpus_per_node": gpus or None}
        given["mem"] = None if memory_gb is None else f"{math.ceil(memory_gb * 1000)}M"
        executor.update_parameters(
            job_name=f"previz-{self.database.parent.name}",
            time=options.minutes,
            cpus_per_task=cpus,
            additional_parameters={name.replace("_", "-"): value for name, value in options.sbatch.items()},
            **{name: value for name, value in given.items() if value is not None},
        )
        return executor

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Turn a refusal of sbatch into one line."""
        try:
            yield
        except (self.submitit.core.utils.FailedJobError, subprocess.CalledProcessError) as error:
            lines = [line for line in str(error).strip().splitlines() if line.strip()]
            said = next((line for line in lines if "error:" in line), lines[-1] if lines else "")
            raise BatchError(f"--engine slurm: sbatch refused: {said.strip()}") from error


def _submitit(options: SlurmOptions) -> Any:
    """The module. Raises BatchError without it, and without Slurm."""
    try:
        submitit: Any = importlib.import_module("submitit")
    except ImportError as error:
        raise BatchError("--engine slurm needs submitit: pip install 'previz[slurm]'") from error
    if not options.local and not (shutil.which("sbatch") and shutil.which("srun")):
        raise BatchError(
            "--engine slurm: there is no sbatch and srun here; run it on a machine that submits to the "
            "cluster, or with --local to try it without one"
        )
    return submitit


def _gpus(resources: Resources, device: str) -> int:
    """How many whole GPUs a worker asks for."""
    if device == "cpu":
        return 0
    asked = resources.gpus
    return math.ceil(asked) if asked is not None else int(device != "auto")


def _stop(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
