"""Workers that solve several shots side by side."""

import errno
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from previz import OutputError, Take, load_generator, solve
from previz.batch import (
    ShotPlan,
    State,
    WorkOptions,
    default_together,
    finish,
    plan_list,
    sync,
    this_worker,
    work,
)
from previz.cli import main
from previz.timeline import parse_timeline
from tests.batch.lists import TIMELINE, make_folder, make_list

IK = TIMELINE.replace("method: adam, learning_rate: 0.02", "method: ik")
ONE = {"timeline": "nod.yaml"}
SHOTS = {f"sh{number}": {**ONE, "seed": number} for number in range(1, 6)}


@pytest.fixture
def folder(tmp_path) -> Path:
    return make_folder(tmp_path, IK)


def start(folder: Path, shots: dict | None = None, **fields: object) -> tuple[ShotPlan, State]:
    plan = plan_list(make_list(folder, shots, **fields))
    return plan, sync(plan)


def status(state: State) -> dict[str, str]:
    return {row.id: row.status for row in state.rows()}


def outcomes(state: State) -> list[tuple[str, str, int]]:
    return sorted((run["shot"], run["outcome"], run["solved"]) for run in state.runs())


def no_clip(*_: object) -> dict:
    """What a shot leaves besides its clip is enough here."""
    return {}


def test_five_shots_are_done_three_at_a_time_each_once(folder):
    plan, state = start(folder, SHOTS)
    running = []

    def counting(*_: object) -> dict:
        running.append(sorted(shot for shot, one in status(state).items() if one == "running"))
        return {}

    work(plan.database, WorkOptions(together=3), counting)
    assert (running[0], running[3]) == (["sh1", "sh2", "sh3"], ["sh4", "sh5"])
    assert outcomes(state) == [(shot, "done", 3) for shot in SHOTS]
    generator = load_generator(plan.shots[0].checkpoint)
    for shot in plan.shots:
        alone = solve(parse_timeline(shot.timeline), generator)
        np.testing.assert_allclose(Take.load(shot.outputs.take).latents, alone.latents, atol=1e-3, rtol=0)
        assert not shot.outputs.take.with_suffix(".partial").exists()


def test_shots_are_written_while_the_next_are_solved(folder):
    shots = dict(list(SHOTS.items())[:3])
    plan, state = start(folder, shots)
    work(plan.database, WorkOptions(together=2, overlap=True), finish)
    assert outcomes(state) == [(shot, "done", 3) for shot in shots]
    assert all(shot.outputs.clip.is_file() for shot in plan.shots)


def test_shot_that_fails_is_tried_again_and_stops_no_other(folder):
    bad = {**ONE, "set": {"solver.block": 9}, "retries": 1}
    plan, state = start(folder, {"a": ONE, "bad": bad, "c": {**ONE, "seed": 4}})
    work(plan.database, WorkOptions(together=3), no_clip)
    assert status(state) == {"a": "done", "bad": "failed", "c": "done"}
    assert outcomes(state) == [("a", "done", 3), ("bad", "failed", 0), ("bad", "failed", 0), ("c", "done", 3)]
    assert state.rows()[1].error == "solver.block: 9 is after the generator's last block, 4"


def test_shots_of_another_checkpoint_wait_for_their_generator(folder):
    other = make_folder(folder / "other", IK, seed=1)
    shots = {"a": ONE, "b": {"timeline": str(other / "nod.yaml")}, "c": {**ONE, "seed": 4}}
    plan, state = start(folder, shots)
    work(plan.database, WorkOptions(together=3), no_clip)
    assert [run["shot"] for run in state.runs()] == ["a", "c", "b"]
    assert set(status(state).values()) == {"done"}


def test_a_claim_may_be_of_one_checkpoint_only(folder):
    plan, state = start(folder, {"a": ONE})
    worker, digest = this_worker("cpu"), plan["a"].digest
    assert state.claim(worker, digest="another", strictly=True) is None
    assert state.claim(worker, digest=digest, strictly=True).shot.id == "a"


def test_what_waits_for_another_shot_comes_after_it(folder):
    shots = {"b": {**ONE, "start_from": "a"}, "a": ONE, "c": {**ONE, "seed": 4}}
    plan, state = start(folder, shots)
    work(plan.database, WorkOptions(together=3), no_clip)
    assert set(status(state).values()) == {"done"}
    before, after = (Take.load(plan[name].outputs.take).latents for name in "ab")
    np.testing.assert_allclose(after[0], before[-1], atol=1e-3, rtol=0)


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), OutputError("out: can't be written: No space left on device")]
)
def test_what_stops_a_worker_puts_all_its_shots_back(folder, error):
    error.__cause__ = OSError(errno.ENOSPC, "")
    plan, state = start(folder, SHOTS)

    def stopped(*_: object) -> dict:
        raise error

    with pytest.raises(type(error)):
        work(plan.database, WorkOptions(together=3), stopped)
    assert set(status(state).values()) == {"waiting"}
    assert [run["outcome"] for run in state.runs()] == ["released"] * 3
    work(plan.database, WorkOptions(together=3), no_clip)
    solved = [solved for _, outcome, solved in outcomes(state) if outcome == "done"]
    assert sorted(solved) == [0, 0, 0, 3, 3]  # what was solved is not solved again


DYING = """
import os, signal, sys
from pathlib import Path

from previz.animate import FrameSolved
from previz.batch import WorkOptions, work
from previz.batch._jobs import Job

tell = Job.tell

def dying(job, event):
    tell(job, event)
    if isinstance(event, FrameSolved) and (job.claim.shot.id, event.frame) == ("sh2", 1002):
        os.kill(os.getpid(), signal.SIGKILL)

Job.tell = dying
work(Path(sys.argv[1]), WorkOptions(together=3), lambda *_: {})
"""


def test_killed_worker_loses_at_most_the_frame_under_way_of_each(folder):
    plan, state = start(folder, SHOTS)
    killed = subprocess.run([sys.executable, "-c", DYING, plan.database], check=False)
    assert killed.returncode == -signal.SIGKILL
    work(plan.database, WorkOptions(together=3), no_clip)
    assert set(status(state).values()) == {"done"}
    solved = {shot: solved for shot, outcome, solved in outcomes(state) if outcome == "done"}
    # sh3's second frame was dragged in the same batch, and not yet kept
    assert solved == {"sh1": 1, "sh2": 1, "sh3": 2, "sh4": 3, "sh5": 3}


def test_by_itself_a_worker_solves_side_by_side_only_on_a_gpu():
    assert default_together("cpu", 40, 1) == 1
    assert default_together("cuda:1", 40, 2) == 4
    assert default_together("cuda:1", 3, 2) == 2
    assert default_together("cuda") == 4


def test_the_command_line_says_how_many(folder):
    path = make_list(folder, {"a": ONE, "b": {**ONE, "seed": 4}})
    arguments = ["batch", "run", str(path), "--jobs", "1", "--device", "cpu", "--together", "2"]
    result = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    takes = [Take.load(folder / f"out/{name}/{name}.take.safetensors") for name in "ab"]
    assert [take.settings["together"] for take in takes] == [True, True]


@pytest.mark.parametrize("value", ["0", "65", "some"])
def test_a_number_that_makes_no_sense_is_refused(value):
    result = CliRunner().invoke(main, ["batch", "worker", ".", "--together", value])
    assert result.exit_code == 2
    message = f"Invalid value for '--together': '{value}' is not a number of shots, 1 to 64, or auto"
    assert message in " ".join(result.stderr.split())
