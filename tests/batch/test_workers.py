"""The real thing: worker processes that are killed and stopped."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from previz import Take, load_generator, read_video, solve
from previz.batch import State, WorkOptions, finish, plan_list, sync, work
from previz.cli import main
from previz.cli._batch_table import closing
from previz.timeline import parse_timeline
from tests.batch.lists import TIMELINE, make_folder, make_list

SLOW = TIMELINE.replace("1001-1003", "1001-1008").replace("max_iterations: 4", "max_iterations: 16")


@pytest.fixture
def folder(tmp_path) -> Path:
    return make_folder(tmp_path, SLOW)


def previz(*arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "previz", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_until(condition: Callable[[], bool], seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it never came to that"
        time.sleep(0.02)


def solved(state: State) -> int:
    return sum(row.solved for row in state.rows() if row.status == "running")


DYING = """
import os, signal, sys
from pathlib import Path

import previz.batch._work as workroom
from previz.animate import FrameIterated, solve
from previz.batch import WorkOptions, finish, work

def dying(timeline, generator, callback, **rest):
    def tell(event):
        callback(event)
        if isinstance(event, FrameIterated) and (event.frame, event.iteration) == (1004, 2):
            os.kill(os.getpid(), signal.SIGKILL)
    return solve(timeline, generator, callback=tell, **rest)

workroom.solve = dying
work(Path(sys.argv[1]), WorkOptions(), finish)
"""
"""A worker that is killed in the midst of the fourth frame: from outside, that moment can't be met."""


def test_killed_worker_loses_at_most_the_frame_under_way(folder):
    plan = plan_list(make_list(folder))
    state, shot = sync(plan), plan.shots[0]
    killed = subprocess.run([sys.executable, "-c", DYING, plan.database], check=False)
    assert killed.returncode == -signal.SIGKILL
    work(plan.database, WorkOptions(), finish)
    assert [(run["outcome"], run["solved"]) for run in state.runs()][1:] == [("done", 8 - 3)]
    assert state.runs()[0]["outcome"] == "died"
    alone = solve(parse_timeline(shot.timeline), load_generator(shot.checkpoint))
    assert np.array_equal(Take.load(shot.outputs.take).latents, alone.latents)
    assert sum(1 for _ in read_video(shot.outputs.clip)) == 8
    assert not list(plan.folder.rglob(".*"))  # nothing half written


def test_stopped_run_gives_its_shot_back_and_goes_on(folder):
    names = list("abcdef")  # so many that the last one is not done before the run hears of it
    path = make_list(folder, {name: {"timeline": "nod.yaml"} for name in names})
    plan = plan_list(path)
    process = previz("batch", "run", path, "--jobs", 1, "--device", "cpu")
    wait_until(plan.database.exists)
    state = sync(plan)
    wait_until(lambda: solved(state) >= 1)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert told.endswith(
        f"previz: {closing(state.rows())}\n"
        f"previz: `previz batch resume {path}` goes on\n"
        "previz: interrupted\n"
    )
    assert {row.status for row in state.rows()} <= {"waiting", "done"}  # the first one may be done by then
    arguments = ["batch", "resume", str(plan.folder), "--jobs", "1", "--device", "cpu", "--json"]
    result = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    events = [json.loads(line) for line in result.stdout.splitlines()]
    assert [event["shot"] for event in events if event["event"] in ("done", "cached")] == names
    assert events[-1]["event"] == "finished"
    assert result.stderr.splitlines()[-1] == str(plan.folder / "index.html")
    assert json.loads((plan.folder / "report.json").read_text())["counts"]["done"] == len(names)
    assert sum(run["solved"] for run in state.runs()) <= 8 * len(names) + 1


def test_workers_stop_when_their_parent_is_gone(folder):
    shots = {f"sh{n}": {"timeline": "nod.yaml", "seed": n} for n in range(40)}  # more than it does meanwhile
    plan = plan_list(make_list(folder, shots))
    state = sync(plan)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    process = previz("batch", "worker", plan.folder, "--parent", gone.pid)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert {row.status for row in state.rows()} <= {"waiting", "done"}
    assert state.rows()[-1].status == "waiting"
