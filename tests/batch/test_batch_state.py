import multiprocessing
import os
import sqlite3
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from previz.batch import (
    BatchError,
    ClaimLost,
    ShotPlan,
    State,
    Worker,
    open_state,
    plan_list,
    sync,
    this_worker,
)
from previz.batch._database import is_shared
from previz.batch._state import CHANGED, MAX_DEATHS
from previz.errors import OutputError
from tests.batch.lists import make_folder, make_list

ONE = {"timeline": "nod.yaml"}
FAR = Worker("far-1", "far", "another machine", 1, "cpu")


@pytest.fixture
def folder(tmp_path) -> Path:
    return make_folder(tmp_path)


def start(folder: Path, shots: dict | None = None, **fields: object) -> tuple[ShotPlan, State]:
    plan = plan_list(make_list(folder, shots, **fields))
    return plan, sync(plan)


def dead_worker() -> Worker:
    """A worker of this machine whose process is no more."""
    process = multiprocessing.get_context("spawn").Process(target=time.time)
    process.start()
    process.join()
    return replace(this_worker("cpu"), name="dead", pid=process.pid)


@pytest.mark.parametrize("shared", [False, True])
def test_each_shot_is_claimed_once(folder, shared):
    plan, state = start(folder, {f"sh{index:03}": ONE for index in range(24)}, shared=shared)
    mode = state.connection.execute("PRAGMA journal_mode").fetchone()[0]
    assert mode == ("delete" if shared else "wal")
    claimed: list[str] = []

    def claim_all() -> None:
        own = open_state(plan.database, shared=shared)
        worker = this_worker("cpu")
        while (claim := own.claim(worker)) is not None:
            claimed.append(claim.shot.id)
        own.close()

    threads = [threading.Thread(target=claim_all) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == [shot.id for shot in plan.shots]


def test_priority_goes_first_and_then_the_order_of_the_list(folder):
    _, state = start(folder, {"a": ONE, "b": ONE, "c": {**ONE, "priority": 5}})
    order = [state.claim(this_worker("cpu")).shot.id for _ in range(3)]
    assert order == ["c", "a", "b"]


def test_shot_waits_for_those_before_it(folder):
    _, state = start(folder, {"a": {**ONE, "after": "b"}, "b": ONE})
    first = state.claim(this_worker("cpu"))
    assert (first.shot.id, state.claim(this_worker("cpu"))) == ("b", None)
    state.finish(first, 0.5, 1.0, 0.1, 3)
    assert state.claim(this_worker("cpu")).shot.id == "a"


def test_shot_that_waits_for_a_failed_one_is_blocked(folder):
    _, state = start(
        folder, {"a": {**ONE, "retries": 0}, "b": {**ONE, "after": "a"}, "c": {**ONE, "after": "b"}}
    )
    assert not state.fail(state.claim(this_worker("cpu")), "no luck")
    assert state.claim(this_worker("cpu")) is None
    assert [row.blocked for row in state.rows()] == [(), ("a",), ("a",)]


def test_failed_shot_is_tried_again_so_often(folder):
    _, state = start(folder, {"a": {**ONE, "retries": 2}})
    again = [state.fail(state.claim(this_worker("cpu")), f"try {attempt}") for attempt in (1, 2, 3)]
    (row,) = state.rows()
    assert again == [True, True, False]
    assert (row.status, row.attempt, row.error) == ("failed", 3, "try 3")
    assert state.claim(this_worker("cpu")) is None
    assert state.retry() == ("a",)
    assert state.claim(this_worker("cpu")).attempt == 4


def test_shot_of_a_dead_process_is_taken_over_at_once(folder):
    _, state = start(folder)
    lost = state.claim(dead_worker())
    state.progress(lost, "solving", 2, 3, 2)
    found = state.claim(this_worker("cpu"))
    assert (found.shot.id, found.attempt) == ("sh010", 2)
    assert [(run["outcome"], run["solved"]) for run in state.runs()] == [("died", 2), (None, 0)]


def test_shot_of_another_machine_is_taken_over_when_its_heart_has_stopped(folder):
    _, state = start(folder, stale_after=1)
    claim = state.claim(FAR)
    assert state.claim(this_worker("cpu")) is None
    time.sleep(0.6)
    state.heartbeat(claim)
    time.sleep(0.6)
    assert state.claim(this_worker("cpu")) is None  # it beat meanwhile
    time.sleep(1.1)
    assert state.claim(this_worker("cpu")).attempt == 2


def test_worker_that_was_taken_for_dead_learns_of_it(folder):
    _, state = start(folder)
    late = state.claim(dead_worker())
    state.claim(this_worker("cpu"))
    for word in (
        lambda: state.heartbeat(late),
        lambda: state.progress(late, "solving", 1, 3, 1),
        lambda: state.finish(late, 0, 0, 0, 3),
        lambda: state.fail(late, "no"),
        lambda: state.release(late),
    ):
        with pytest.raises(ClaimLost):
            word()
    assert state.rows()[0].pid == os.getpid()


def test_shot_that_kills_its_workers_fails(folder):
    _, state = start(folder)
    worker = dead_worker()
    for _ in range(MAX_DEATHS):
        assert state.claim(worker) is not None
    assert state.claim(worker) is None
    (row,) = state.rows()
    log = folder / "out/logs/sh010.log"
    assert (row.status, row.error) == (
        "failed",
        f"its workers died 5 times without solving a frame; see {log}",
    )


def test_released_shot_waits_without_having_failed(folder):
    _, state = start(folder, {"a": {**ONE, "retries": 0}})
    state.release(state.claim(this_worker("cpu")), "stopped")
    (row,) = state.rows()
    assert (row.status, row.failures) == ("waiting", 0)
    assert state.claim(this_worker("cpu")).attempt == 2


def test_shots_that_leave_the_list_leave_the_state(folder):
    start(folder, {"a": ONE, "b": ONE})
    _, state = start(folder, {"b": ONE, "c": ONE})
    assert [row.id for row in state.rows()] == ["b", "c"]


def test_changed_shot_that_runs_is_not_pulled_away(folder):
    _, state = start(folder)
    state.claim(this_worker("cpu"))
    with pytest.raises(BatchError) as caught:
        sync(plan_list(make_list(folder, {"sh010": {**ONE, "seed": 9}})))
    assert str(caught.value) == "sh010 is being rendered as the list was before; wait, or stop it first"


def test_outputs_that_the_list_did_not_make_are_not_replaced_unasked(folder):
    plan = plan_list(make_list(folder, {"a": ONE, "b": ONE}))
    plan["a"].outputs.clip.parent.mkdir(parents=True)
    plan["a"].outputs.clip.write_text("a clip of mine")
    with pytest.raises(BatchError) as caught:
        sync(plan)
    assert str(caught.value) == (
        f"a is in {folder / 'out'} already, made of other inputs; pass --force to replace, or raise `version`"
    )
    state = sync(plan, only=frozenset({"b"}))
    assert [(row.status, row.error) for row in state.rows()] == [("failed", CHANGED), ("waiting", None)]
    assert state.retry() == ()
    assert sync(plan, force=True).claim(this_worker("cpu")).shot.id == "a"


def test_state_of_a_newer_version_is_refused(folder):
    plan, state = start(folder)
    state.connection.execute("UPDATE meta SET value = '99' WHERE key = 'format'")
    with pytest.raises(BatchError) as caught:
        open_state(plan.database)
    assert str(caught.value) == f"{plan.database} was written by a newer previz (format 99); update previz"


def test_file_that_is_no_database_is_one_line(folder):
    database = folder / "out" / "batch.sqlite"
    database.parent.mkdir()
    database.write_text("not a database " * 100)
    with pytest.raises(OutputError) as caught:
        sync(plan_list(make_list(folder)))
    assert str(caught.value) == f"{database}: can't be written: it is not a database"


def test_state_that_can_not_be_written_is_one_line(folder):
    plan, state = start(folder)
    state.connection.execute("PRAGMA query_only=1")
    with pytest.raises(OutputError) as caught:
        state.claim(this_worker("cpu"))
    assert str(caught.value) == f"{plan.database}: can't be written: it is read-only"
    assert isinstance(caught.value.__cause__, sqlite3.Error)


def test_this_disk_is_not_a_shared_one(folder):
    assert not is_shared(Path(__file__).parent)


def test_state_that_nobody_has_filled_yet_is_no_list(tmp_path):
    path = tmp_path / "batch.sqlite"
    sqlite3.connect(path).close()  # SQLite makes an empty file
    with pytest.raises(BatchError) as caught:
        open_state(path)
    assert str(caught.value) == f"{path} holds no list; start one with `previz batch run`"
