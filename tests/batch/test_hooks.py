"""Hand-over hooks: commands of the studio's, run for shots that are over."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from previz.batch import (
    ShotListError,
    ShotPlan,
    State,
    Worker,
    WorkOptions,
    finish,
    hook_rows,
    list_report,
    plan_list,
    run_owed_hooks,
    sync,
    this_worker,
    work,
)
from previz.batch._hook_rows import claim_hook
from previz.batch._hooks import Hook, run_hook
from previz.cli import main
from tests.batch.lists import make_folder, make_list

ONE = {"timeline": "nod.yaml", "frames": "1001-1001"}
FAILS = {**ONE, "set": {"solver.block": 9}, "retries": 1}
NOTE = """\
import json, os, sys
told = json.load(sys.stdin)
with open("told.txt", "a") as file:
    file.write(json.dumps([told, {k: v for k, v in os.environ.items() if k.startswith("PREVIZ_")}]) + "\\n")
"""


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "note.py").write_text(NOTE)
    return make_folder(tmp_path)


def start(folder: Path, hooks: dict, shots: dict | None = None) -> tuple[ShotPlan, State]:
    plan = plan_list(make_list(folder, {"a": ONE} if shots is None else shots, hooks=hooks))
    return plan, sync(plan)


def told(folder: Path) -> list:
    """What note.py was told, call after call."""
    path = folder / "told.txt"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def status(state: State) -> dict[str, str]:
    return {row.id: row.status for row in state.rows()}


def test_hook_is_told_of_each_finished_shot_once(folder):
    plan, state = start(folder, {"done": [sys.executable, "note.py"]}, {"a": ONE, "b": ONE, "c": FAILS})
    work(plan.database, WorkOptions(), finish)
    work(plan.database, WorkOptions(), finish)
    (a, environment), (b, _) = told(folder)
    assert (a["event"], a["id"], a["status"], b["id"]) == ("done", "a", "done", "b")
    assert a["list"]["name"] == "shots"
    assert Path(a["outputs"]["clip"]) == plan["a"].outputs.clip
    assert a["summary"]["error_max"] >= 0
    assert environment == {
        "PREVIZ_EVENT": "done",
        "PREVIZ_SHOT": "a",
        "PREVIZ_ATTEMPT": "1",
        "PREVIZ_FOLDER": str(plan.folder),
        "PREVIZ_CLIP": str(plan["a"].outputs.clip),
        "PREVIZ_REPORT": str(plan["a"].outputs.report),
    }
    assert [(row["shot"], row["code"], row["error"]) for row in hook_rows(state)] == [
        ("a", 0, None),
        ("b", 0, None),
    ]


def test_hook_of_failures_is_run_when_no_attempt_is_left(folder):
    plan, _ = start(folder, {"failed": f"{sys.executable} note.py"}, {"a": ONE, "c": FAILS})
    work(plan.database, WorkOptions(), finish)
    ((c, _),) = told(folder)
    assert (c["id"], c["attempt"]) == ("c", 2)
    assert c["error"] == "solver.block: 9 is after the generator's last block, 4"


def test_hook_that_fails_fails_no_shot_and_is_noted(folder):
    code = "import sys; print('no such task'); sys.exit(3)"
    plan, state = start(folder, {"done": [sys.executable, "-c", code]}, {"a": ONE, "b": ONE})
    work(plan.database, WorkOptions(), finish)
    assert status(state) == {"a": "done", "b": "done"}
    (shot, _) = list_report(plan, state.rows(), hook_rows(state))["shots"]
    (hook,) = shot["hooks"]
    assert (hook["event"], hook["attempt"], hook["code"], hook["error"]) == ("done", 1, 3, "exit code 3")
    log = [line[20:] for line in plan["a"].outputs.log.read_text().splitlines()]
    assert log[-1] == "[1] no such task"
    assert log[-2].startswith("[1] hook done: exit code 3 (")


def test_program_that_is_not_there_is_noted(folder):
    plan, state = start(folder, {"done": "./nothing --at all"})
    work(plan.database, WorkOptions(), finish)
    assert hook_rows(state)[0]["error"] == "can't be started: ./nothing: No such file or directory"
    assert status(state) == {"a": "done"}


def hook(*command: str, shell: bool = False, timeout: float = 60.0, folder: str = ".") -> Hook:
    return Hook("done", command, shell, timeout, folder)


def test_hook_that_takes_too_long_is_killed_with_all_that_it_started(tmp_path):
    path = tmp_path / "late.txt"
    began = time.monotonic()
    run = run_hook(hook(f"sleep 5 && touch {path} & wait", shell=True, timeout=0.5), {}, {})
    assert (run.code, run.error) == (None, "killed after 0.5 s")
    assert time.monotonic() - began < 5
    assert not path.exists()


def test_hook_that_reads_nothing_is_no_failure():
    run = run_hook(hook("true"), {"much": "x" * 1_000_000}, {})
    assert (run.code, run.error) == (0, None)


def test_no_shell_reads_a_command_unless_it_is_asked_for(tmp_path):
    assert run_hook(hook("echo", "$HOME; echo two"), {}, {}).output == "$HOME; echo two"
    assert run_hook(hook("echo $A; echo two", shell=True), {}, {"A": "one"}).output == "one\ntwo"


def test_hook_of_a_worker_that_died_is_run_by_the_next(folder):
    plan, state = start(folder, {"done": [sys.executable, "note.py"]})
    (folder / "out").mkdir(exist_ok=True)
    work(plan.database, WorkOptions(), finish)
    state.connection.execute("DELETE FROM hooks")
    here = this_worker("cpu")
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    assert claim_hook(state, ["done"], Worker("gone", here.host, here.machine, gone.pid, "cpu"))
    run_owed_hooks(state, here)
    assert len(told(folder)) == 2


def test_hooks_that_failed_are_run_again_when_asked_for(folder):
    code = "import os, sys; sys.exit(os.path.exists('down'))"
    plan, state = start(folder, {"done": [sys.executable, "-c", code]})
    (folder / "down").touch()
    work(plan.database, WorkOptions(), finish)
    assert [row["error"] for row in hook_rows(state)] == ["exit code 1"]
    (folder / "down").unlink()
    arguments = ["batch", "retry", str(plan.folder), "--hooks"]
    result = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert (result.exit_code, result.stderr.splitlines()[0]) == (0, "back in line: a")
    assert [row["error"] for row in hook_rows(state)] == [None]
    again = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert again.stderr.splitlines()[0] == "no hook has failed"


def test_hook_under_way_elsewhere_is_left_to_its_worker(folder):
    plan, state = start(folder, {"done": [sys.executable, "note.py"]})
    work(plan.database, WorkOptions(), finish)
    state.connection.execute("DELETE FROM hooks")
    for other in (Worker("far", "far", "far", 1, "cpu"), Worker("b", "here", "here", os.getpid(), "cpu")):
        claim_hook(state, ["done"], other)
        run_owed_hooks(state, this_worker("cpu"))
    assert len(told(folder)) == 1


def test_shot_that_is_rendered_again_of_other_inputs_is_handed_over_again(folder):
    plan, _ = start(folder, {"done": [sys.executable, "note.py"]})
    work(plan.database, WorkOptions(), finish)
    plan = plan_list(make_list(folder, {"a": {**ONE, "seed": 9}}, hooks=plan_hooks(plan)))
    sync(plan, force=True)
    work(plan.database, WorkOptions(), finish)
    assert [one["seed"] for one, _ in told(folder)] == [3, 9]


def plan_hooks(plan: ShotPlan) -> dict:
    return {entry["event"]: list(entry["command"]) for entry in plan.hooks}


@pytest.mark.parametrize(
    ("hooks", "message"),
    [
        (
            {"done": "say 'it"},
            "2:9: hooks.done: has a quotation that isn't closed; `shell: true` has a shell read it",
        ),
        ({"done": []}, "2:9: hooks.done: must be a command: one text, or a list of its words"),
        ({"done": {"run": ["a"], "shell": True}}, "3:5: hooks.done: with `shell`, `run` is one text"),
        ({"done": {"run": "a", "timeout": 0}}, "4:14: hooks.done.timeout: must be above 0, not 0"),
    ],
)
def test_hooks_that_make_no_sense_are_told_by_their_place(folder, hooks, message):
    path = make_list(folder, {"a": ONE}, hooks=hooks)
    with pytest.raises(ShotListError) as caught:
        plan_list(path)
    assert str(caught.value) == f"{path}:{message}"
