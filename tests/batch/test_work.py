import errno
import json
import os
import sqlite3
import threading
from pathlib import Path

import numpy as np
import pytest

import previz.batch._jobs as jobroom
from previz import OutputError, Take, load_generator, probe_video, solve
from previz.batch import (
    ShotPlan,
    State,
    WorkOptions,
    clean,
    finish,
    list_report,
    plan_list,
    removable,
    sync,
    this_worker,
    work,
)
from previz.batch._outputs import is_finished
from previz.batch._sheet import sheet_frames
from previz.timebase import FrameRange
from previz.timeline import parse_timeline
from tests.batch.lists import make_folder, make_list

ONE = {"timeline": "nod.yaml"}


@pytest.fixture
def folder(tmp_path) -> Path:
    return make_folder(tmp_path)


def start(folder: Path, shots: dict | None = None, **fields: object) -> tuple[ShotPlan, State]:
    plan = plan_list(make_list(folder, shots, **fields))
    return plan, sync(plan)


def status(state: State) -> dict[str, str]:
    return {row.id: row.status for row in state.rows()}


@pytest.mark.parametrize("overlap", [False, True])
def test_shots_get_all_of_their_outputs(folder, overlap):
    plan, state = start(folder, {"a": ONE, "b": {**ONE, "seed": 4, "frames": "1001-1002"}})
    work(plan.database, WorkOptions(overlap=overlap), finish)
    assert status(state) == {"a": "done", "b": "done"}
    assert sorted(path.name for path in (folder / "out/b").iterdir()) == [
        "b.last.safetensors",
        "b.mkv",
        "b.otio",
        "b.report.json",
        "b.sheet.png",
        "b.take.safetensors",
    ]
    assert probe_video(folder / "out/b/b.mkv").frames == 2
    report = json.loads((folder / "out/b/b.report.json").read_text())
    assert (report["id"], report["input_hash"]) == ("b", plan["b"].input_hash)
    assert [frame["frame"] for frame in report["frames"]] == [1001, 1002]


def test_latents_are_those_of_a_solve_alone(folder):
    plan, _ = start(folder, {"a": {**ONE, "seed": 4}})
    work(plan.database, WorkOptions(), finish)
    shot = plan["a"]
    alone = solve(parse_timeline(shot.timeline), load_generator(shot.checkpoint))
    assert np.array_equal(Take.load(shot.outputs.take).latents, alone.latents)


def test_shot_goes_on_from_the_last_latent_of_another(folder):
    plan, _ = start(folder, {"b": {**ONE, "start_from": "a"}, "a": ONE})
    work(plan.database, WorkOptions(), finish)
    before, after = (Take.load(plan[name].outputs.take).latents for name in "ab")
    assert np.array_equal(after[0], before[-1])


def test_shot_that_fails_stops_no_other(folder):
    plan, state = start(folder, {"a": {**ONE, "set": {"solver.block": 9}, "retries": 1}, "b": ONE})
    work(plan.database, WorkOptions(), finish)
    assert status(state) == {"a": "failed", "b": "done"}
    message = "solver.block: 9 is after the generator's last block, 4"
    assert (state.rows()[0].error, state.rows()[0].attempt) == (message, 2)
    log = plan["a"].outputs.log.read_text().splitlines()
    assert [line[20:] for line in log] == [
        f"[1] attempt 1 on {os.uname().nodename}, process {os.getpid()}, cpu",
        f"[1] {message}",
        "[1] failed; tried again",
        f"[2] attempt 2 on {os.uname().nodename}, process {os.getpid()}, cpu",
        f"[2] {message}",
        "[2] failed for good",
    ]


def test_error_of_ours_is_kept_with_its_traceback(folder):
    plan, state = start(folder, {"a": {**ONE, "retries": 0}})

    def broken(*_: object) -> dict:
        raise ZeroDivisionError("of ours")

    work(plan.database, WorkOptions(), broken)
    assert state.rows()[0].error == "ZeroDivisionError: of ours"
    assert "in broken" in plan["a"].outputs.log.read_text()


def test_finished_shots_are_not_rendered_again(folder):
    plan, _ = start(folder, {"a": ONE})
    work(plan.database, WorkOptions(), finish)
    written = plan["a"].outputs.clip.stat().st_mtime_ns
    plan.database.unlink()  # the outputs tell of themselves
    state = sync(plan)
    work(plan.database, WorkOptions(), finish)
    (row,) = state.rows()
    assert (row.status, row.cached, plan["a"].outputs.clip.stat().st_mtime_ns) == ("done", True, written)


def test_shot_whose_output_was_removed_is_rendered_again(folder):
    plan, _ = start(folder, {"a": ONE})
    work(plan.database, WorkOptions(), finish)
    plan["a"].outputs.take.unlink()
    assert not is_finished(plan["a"])
    assert sync(plan, force=True).claim(this_worker("cpu")).shot.id == "a"


@pytest.mark.parametrize("overlap", [False, True])
def test_full_disk_stops_the_worker_and_loses_no_frame(folder, overlap):
    plan, state = start(folder, {"a": {**ONE, "retries": 0}})

    def full(*_: object) -> dict:
        path = plan["a"].outputs.clip
        raise OutputError(f"{path}: can't be written: No space left on device") from OSError(errno.ENOSPC, "")

    with pytest.raises(OutputError) as caught:
        work(plan.database, WorkOptions(overlap=overlap), full)
    assert str(caught.value) == f"{plan['a'].outputs.clip}: can't be written: No space left on device"
    assert status(state) == {"a": "waiting"}
    work(plan.database, WorkOptions(), finish)
    *before, last = state.runs()
    assert {run["outcome"] for run in before} == {"released"}
    assert (sum(run["solved"] for run in before), last["solved"], last["outcome"]) == (3, 0, "done")


def test_what_a_dead_worker_was_writing_is_swept_away(folder):
    plan, _ = start(folder, {"a": ONE})
    place = plan["a"].outputs.clip.parent
    place.mkdir(parents=True)
    for name in (".a.sheet.4128.png", ".a.take.77.safetensors", ".aa.4.mkv", ".mine"):
        (place / name).write_text("")
    work(plan.database, WorkOptions(), finish)
    assert sorted(path.name for path in place.glob(".*")) == [".aa.4.mkv", ".mine"]


def test_stopped_shot_waits_with_its_frames(folder):
    plan, state = start(folder, {"a": ONE})

    def interrupted(*_: object) -> dict:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work(plan.database, WorkOptions(), interrupted)
    assert status(state) == {"a": "waiting"}
    assert len(list((folder / "out/a/a.take.partial").glob("*.safetensors"))) == 3


def test_worker_that_lost_its_shot_leaves_it_alone(folder):
    plan, state = start(folder, {"a": ONE})

    def taken_over(*_: object) -> dict:
        state.connection.execute("UPDATE shots SET worker = 'another', machine = 'far', pid = 1")
        threading.Timer(0.5, _set_done, [plan]).start()  # so that this worker, which waits for it, ends
        return finish(*_)

    work(plan.database, WorkOptions(poll=0.1), taken_over)
    assert "another worker has taken it over; left alone" in plan["a"].outputs.log.read_text()
    assert [run["outcome"] for run in state.runs()] == [None]


def _set_done(plan: ShotPlan) -> None:
    with sqlite3.connect(plan.database) as connection:
        connection.execute("UPDATE shots SET status = 'done'")
    connection.close()


def test_generator_is_loaded_once(folder, monkeypatch):
    loaded = []
    monkeypatch.setattr(jobroom, "load_generator", lambda *a: loaded.append(a) or load_generator(*a))
    plan, _ = start(folder, {"a": ONE, "b": {**ONE, "seed": 5}})
    work(plan.database, WorkOptions(), finish)
    assert len(loaded) == 1


def test_list_is_reported_shot_by_shot(folder):
    plan, state = start(folder, {"a": {**ONE, "tags": "hero"}, "b": {**ONE, "after": "a"}})
    work(plan.database, WorkOptions(only=frozenset("a")), finish)
    report = list_report(plan, state.rows())
    assert report["counts"] == {"shots": 2, "done": 1, "running": 0, "waiting": 1, "blocked": 0, "failed": 0}
    assert report["frames"] == 3
    a, b = report["shots"]
    assert (a["status"], a["tags"], a["outputs"]["clip"]) == ("done", ["hero"], "a/a.mkv")
    assert (b["status"], b["after"], b["error_px"]) == ("waiting", ["a"], None)


def test_cleaning_removes_only_what_the_list_wrote(folder):
    plan, state = start(folder, {"a": ONE})
    work(plan.database, WorkOptions(), finish)
    assert removable(state) == ()
    (folder / "out/a/mine.txt").write_text("mine")
    removed = clean(state, everything=True)
    assert plan["a"].outputs.clip in removed
    left = sorted(path.relative_to(folder / "out").as_posix() for path in (folder / "out").rglob("*"))
    assert left == ["a", "a/mine.txt"]


def test_sheet_shows_ends_keys_and_frames_between():
    assert sheet_frames(FrameRange(1001, 1003), frozenset()) == [1001, 1002, 1003]
    chosen = sheet_frames(FrameRange(1001, 1048), frozenset({1012, 1030, 1090}))
    assert len(chosen) == 12
    assert {1001, 1012, 1030, 1048} <= set(chosen)
    assert len(sheet_frames(FrameRange(1001, 1048), frozenset(range(1001, 1049)))) <= 12
