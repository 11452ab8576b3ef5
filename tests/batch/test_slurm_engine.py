"""Shot lists on Slurm: submitit's local executor in its place, and what sbatch is told."""

import os
import signal
import stat
from pathlib import Path

import numpy as np
import pytest

from previz import Take, load_generator, solve
from previz.batch import (
    BatchError,
    SlurmOptions,
    finish,
    parse_minutes,
    plan_list,
    run_slurm,
    submit_slurm,
    sync,
)
from previz.timeline import parse_timeline
from tests.batch.lists import TIMELINE, make_folder, make_list

ONE = {"timeline": "nod.yaml"}
FRAMES = 8
LONG = TIMELINE.replace("1001-1003", f"1001-{1000 + FRAMES}").replace(
    "max_iterations: 4", "max_iterations: 30"
)


@pytest.fixture
def folder(tmp_path) -> Path:
    pytest.importorskip("submitit", reason="needs the [slurm] extra: pip install 'previz[slurm]'")
    return make_folder(tmp_path)


def no_watch(rows: object) -> None:
    """See nothing."""


def test_jobs_render_what_can_be_rendered_as_a_worker_here_does(folder):
    broken = {**ONE, "set": {"solver.block": 9}, "retries": 0}
    shots = {"a": ONE, "b": broken, "c": {**ONE, "start_from": "a"}, "d": {**ONE, "after": "b"}}
    plan = plan_list(make_list(folder, shots))
    state = sync(plan)
    rows = run_slurm(state, SlurmOptions(jobs=1, local=True), finish, no_watch)
    assert [(row.id, row.status, row.blocked) for row in rows] == [
        ("a", "done", ()),
        ("b", "failed", ()),
        ("c", "done", ()),
        ("d", "waiting", ("b",)),
    ]
    runs = state.runs()
    assert sorted((run["shot"], run["outcome"]) for run in runs) == [
        ("a", "done"),
        ("b", "failed"),
        ("c", "done"),
    ]
    assert all(run["host"].startswith(f"{os.uname().nodename}/") for run in runs)
    shot = plan["a"]
    alone = solve(parse_timeline(shot.timeline), load_generator(shot.checkpoint))
    assert np.array_equal(Take.load(shot.outputs.take).latents, alone.latents)


@pytest.mark.parametrize(
    ("sent", "outcome"),
    [(signal.SIGUSR2, "released"), (signal.SIGKILL, "died")],
    ids=["its time is up", "killed"],
)
def test_shot_of_a_job_that_ends_early_goes_on_in_another(folder, sent, outcome):
    (folder / "nod.yaml").write_text(LONG)
    plan = plan_list(make_list(folder))
    state, told = sync(plan), list[int]()

    def watch(rows):
        if not told and rows[0].status == "running" and rows[0].solved >= 2:
            told.append(rows[0].pid)
            os.kill(rows[0].pid, sent)

    rows = run_slurm(state, SlurmOptions(local=True), finish, watch)
    assert [row.status for row in rows] == ["done"]
    runs = state.runs()
    assert [run["outcome"] for run in runs] == [outcome, "done"]
    assert sum(run["solved"] for run in runs) <= FRAMES + 1  # the frame under way
    assert runs[1]["solved"] <= FRAMES - 2  # what the first has kept, and may not have had the time to tell


def test_interrupted_run_cancels_its_jobs_which_put_their_shots_back(folder):
    (folder / "nod.yaml").write_text(LONG)
    state = sync(plan_list(make_list(folder)))

    def watch(rows):
        if rows[0].status == "running" and rows[0].solved >= 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_slurm(state, SlurmOptions(local=True), finish, watch)
    (run,) = state.runs()
    assert (state.rows()[0].status, run["outcome"], run["error"]) == ("waiting", "released", "stopped")


def script(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.fixture
def submitted(folder, monkeypatch) -> Path:
    """A Slurm that keeps what it is given: `submitted` is the batch file."""
    tools = folder / "tools"
    tools.mkdir()
    script(tools / "sbatch", f'cat "$1" > {folder}/submitted\necho Submitted batch job 4242')
    script(tools / "srun", "exit 1")
    monkeypatch.setenv("PATH", str(tools), prepend=os.pathsep)
    return folder / "submitted"


def test_sbatch_is_asked_for_what_the_shots_take(folder, submitted):
    shot = {**ONE, "resources": {"gpus": 0.5, "cpus": 4, "memory_gb": 12}}
    state = sync(plan_list(make_list(folder, {"a": shot, "b": {**shot, "seed": 4}})))
    asked = SlurmOptions(partition="gpu", minutes=90, sbatch={"account": "vfx", "nice": "100"})
    assert submit_slurm(state, asked, finish) == ("4242_0", "4242_1")
    lines = set(submitted.read_text().splitlines())
    assert lines >= {
        "#SBATCH --account=vfx",
        "#SBATCH --array=0-1%2",
        "#SBATCH --cpus-per-task=4",
        "#SBATCH --gpus-per-node=1",
        "#SBATCH --job-name=previz-out",
        "#SBATCH --mem=12000M",
        "#SBATCH --nice=100",
        "#SBATCH --partition=gpu",
        "#SBATCH --time=90",
    }


def test_shots_of_other_resources_are_other_jobs(folder, submitted):
    state = sync(plan_list(make_list(folder, {"a": ONE, "b": {**ONE, "resources": {"cpus": 2}}})))
    assert submit_slurm(state, SlurmOptions(), finish) == ("4242", "4242")
    assert "#SBATCH --cpus-per-task=2" in submitted.read_text()


def test_refusal_of_sbatch_is_told_in_one_line(folder, submitted):
    script(folder / "tools/sbatch", "echo 'sbatch: error: invalid partition specified: gpux' >&2\nexit 1")
    state = sync(plan_list(make_list(folder, {"a": ONE})))
    with pytest.raises(BatchError) as caught:
        submit_slurm(state, SlurmOptions(partition="gpux"), finish)
    assert str(caught.value) == (
        "--engine slurm: sbatch refused: sbatch: error: invalid partition specified: gpux"
    )


def test_machine_without_slurm_is_told_of(folder, monkeypatch):
    state = sync(plan_list(make_list(folder)))
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(BatchError) as caught:
        submit_slurm(state, SlurmOptions(), finish)
    assert str(caught.value) == (
        "--engine slurm: there is no sbatch and srun here; run it on a machine that submits to the cluster, "
        "or with --local to try it without one"
    )


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("90", 90), ("90:30", 91), ("1:30:00", 90), ("1-12", 2160), ("1-00:30", 1470), ("0:20", 1)],
)
def test_times_are_read_as_slurm_writes_them(text, minutes):
    assert parse_minutes(text) == minutes


@pytest.mark.parametrize("text", ["", "4h", "1:2:3:4", "-3"])
def test_other_times_are_told_of(text):
    with pytest.raises(BatchError) as caught:
        parse_minutes(text)
    assert str(caught.value) == (
        f"--time {text}: is no time; write minutes, hours:minutes:seconds or days-hours"
    )
