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
from previz.timeline import parse_timeline
from tests.batch.lists import TIMELINE, make_folder, make_list

SLOW = TIMELINE.replace("1001-1003", "1001-1008").replace("max_iterations: 4", "max_iterations: 40")


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


def test_killed_worker_loses_at_most_the_frame_under_way(folder):
    plan = plan_list(make_list(folder))
    state, shot = sync(plan), plan.shots[0]
    process = previz("batch", "worker", plan.folder)
    wait_until(lambda: solved(state) >= 2)
    process.kill()
    process.communicate()
    work(plan.database, WorkOptions(), finish)
    runs = state.runs()
    assert [run["outcome"] for run in runs] == ["died", "done"]
    assert runs[1]["solved"] <= 8 - 2
    alone = solve(parse_timeline(shot.timeline), load_generator(shot.checkpoint))
    assert np.array_equal(Take.load(shot.outputs.take).latents, alone.latents)
    assert sum(1 for _ in read_video(shot.outputs.clip)) == 8
    assert not list(plan.folder.rglob(".*"))  # nothing half written


def test_stopped_run_gives_its_shot_back_and_goes_on(folder):
    path = make_list(folder, {"a": {"timeline": "nod.yaml"}, "b": {"timeline": "nod.yaml", "after": "a"}})
    plan = plan_list(path)
    process = previz("batch", "run", path, "--jobs", 1, "--device", "cpu")
    wait_until(plan.database.exists)
    state = sync(plan)
    wait_until(lambda: solved(state) >= 2)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert told.endswith(
        f"previz: 0 of 2 shots done, 2 waiting; 0 frames, {_worked(state)} of work\n"
        f"previz: `previz batch resume {path}` goes on\n"
        "previz: interrupted\n"
    )
    assert {row.status for row in state.rows()} == {"waiting"}
    arguments = ["batch", "resume", str(plan.folder), "--jobs", "1", "--device", "cpu", "--json"]
    result = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    events = [json.loads(line) for line in result.stdout.splitlines()]
    assert [event["shot"] for event in events if event["event"] == "done"] == ["a", "b"]
    assert events[-1]["event"] == "finished"
    assert result.stderr.splitlines()[-1] == str(plan.folder / "index.html")
    assert json.loads((plan.folder / "report.json").read_text())["counts"]["done"] == 2
    assert sum(run["solved"] for run in state.runs()) <= 16 + 1


def test_workers_stop_when_their_parent_is_gone(folder):
    plan = plan_list(make_list(folder))
    state = sync(plan)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    process = previz("batch", "worker", plan.folder, "--parent", gone.pid)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert state.rows()[0].status == "waiting"


def _worked(state: State) -> str:
    seconds = round(sum(row.seconds for row in state.rows()))
    return f"{seconds // 60}:{seconds % 60:02}"
