"""What farms' engines share, and what is told where one can't be used."""

import sys

import pytest
from click.testing import CliRunner

from previz.batch import (
    BatchError,
    RayOptions,
    Resources,
    SlurmOptions,
    WorkOptions,
    finish,
    plan_list,
    run_ray,
    run_slurm,
    sync,
    this_worker,
    work,
)
from previz.batch._farm import crews, told
from previz.cli import main
from tests.batch.lists import make_folder, make_list

ONE = {"timeline": "nod.yaml"}
LARGE = {"gpus": 1, "cpus": 4}


def start(folder, shots=None):
    make_folder(folder)
    return sync(plan_list(make_list(folder, shots)))


def test_shots_of_like_resources_share_workers(tmp_path):
    shots = {
        "a": ONE,
        "b": {**ONE, "resources": LARGE, "priority": 5},
        "c": {**ONE, "after": "a"},
        "d": {**ONE, "resources": LARGE, "seed": 4},
    }
    state = start(tmp_path, shots)
    large, small = crews(state.rows())
    assert (large.resources, large.shots, large.busy) == (Resources(1, 4), {"b", "d"}, 2)
    assert (small.resources, small.shots, small.busy) == (Resources(), {"a", "c"}, 1)  # c waits for a
    work(state.path, WorkOptions(only=frozenset("abd")), finish)
    assert [(crew.shots, crew.busy) for crew in crews(state.rows())] == [({"a", "c"}, 1)]
    assert crews(state.rows(), frozenset("abd")) == ()


def test_worker_without_patience_leaves_what_can_not_be_started_yet(tmp_path):
    state = start(tmp_path, {"a": ONE, "b": {**ONE, "after": "a"}})
    state.claim(this_worker("cpu"))  # by a worker that is at it
    work(state.path, WorkOptions(poll=0.05, patience=0.1), finish)
    assert [row.status for row in state.rows()] == ["running", "waiting"]


def test_resources_are_told_in_words():
    assert told(Resources(0.5, 4, 16)) == "0.5 GPU, 4 cores, 16 GB of memory"
    assert told(Resources(2)) == "2 GPUs, 1 core"


@pytest.mark.parametrize(
    ("run", "options", "module", "line"),
    [
        (run_ray, RayOptions(), "ray", "--engine ray needs Ray: pip install 'previz[ray]'"),
        (
            run_slurm,
            SlurmOptions(),
            "submitit",
            "--engine slurm needs submitit: pip install 'previz[slurm]'",
        ),
    ],
)
def test_engine_that_is_not_installed_is_told_of(tmp_path, monkeypatch, run, options, module, line):
    state = start(tmp_path)
    monkeypatch.setitem(sys.modules, module, None)  # as if it weren't there
    with pytest.raises(BatchError) as caught:
        run(state, options, finish, lambda rows: None)
    assert str(caught.value) == line


@pytest.mark.parametrize(
    ("given", "told_of"),
    [
        (["--partition", "gpu"], "--partition is for --engine slurm"),
        (["--engine", "slurm", "--address", "head:6379"], "--address is for --engine ray"),
        (
            ["--engine", "slurm", "--sbatch", "vfx"],
            "Invalid value for '--sbatch': 'vfx' is not an option; write it as account=vfx",
        ),
    ],
)
def test_options_of_another_engine_are_told_of(tmp_path, given, told_of):
    result = CliRunner().invoke(main, ["batch", "run", str(make_list(tmp_path)), *given])
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1] == f"Error: {told_of}"
