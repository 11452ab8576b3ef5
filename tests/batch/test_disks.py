"""Disks that are full and folders that are read-only: real ones, mounted for the purpose."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from previz import OutputError, Take
from previz.batch import (
    LocalOptions,
    ShotPlan,
    WorkOptions,
    finish,
    plan_list,
    run_local,
    sync,
    work,
    write_results,
)
from tests.batch.lists import make_folder, make_list

ONE = {"timeline": "nod.yaml"}
DISK = 4 << 20  # bytes


def mount(*arguments: object) -> None:
    told = subprocess.run(["mount", *map(str, arguments)], capture_output=True, text=True, check=False)
    if told.returncode:
        pytest.skip(f"file systems can't be mounted here: {told.stderr.strip()}")


@pytest.fixture
def disk(tmp_path) -> Iterator[Path]:
    """A small disk of its own, on which a list writes."""
    if shutil.which("mount") is None or not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    place = tmp_path / "disk"
    place.mkdir()
    mount("-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", place)
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


@pytest.fixture
def plan(tmp_path, disk) -> ShotPlan:
    return plan_list(make_list(make_folder(tmp_path), {"a": ONE}, output=str(disk / "out")))


def render(plan: ShotPlan) -> None:
    work(plan.database, WorkOptions(), finish)
    write_results(sync(plan))


def fill(disk: Path, free: int) -> Path:
    """Leave so many bytes of a disk."""
    path = disk / "filler"
    facts = os.statvfs(disk)
    path.write_bytes(b"\0" * (facts.f_bavail * facts.f_frsize - free))
    return path


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> np.ndarray:
    """The latents of a run that nothing stopped."""
    plan = plan_list(make_list(make_folder(tmp_path_factory.mktemp("free")), {"a": ONE}))
    sync(plan)
    work(plan.database, WorkOptions(), finish)
    return Take.load(plan["a"].outputs.take).latents


@pytest.mark.parametrize("free", [0, 32, 56, 96])
def test_full_disk_gives_one_line_and_loses_nothing(plan, disk, undisturbed, free):
    sync(plan).close()
    filler = fill(disk, free << 10)
    with pytest.raises(OutputError) as caught:
        render(plan)
    (line,) = str(caught.value).splitlines()
    assert line.startswith(str(disk))
    assert line.endswith(": can't be written: No space left on device")
    filler.unlink()
    work(plan.database, WorkOptions(), finish)
    state = sync(plan)
    assert [row.status for row in state.rows()] == ["done"]
    assert np.array_equal(Take.load(plan["a"].outputs.take).latents, undisturbed)
    assert sum(run["solved"] for run in state.runs()) <= 3 + 1  # at most a frame that could not be kept
    assert not list(plan.folder.rglob(".*"))
    state.close()


def test_run_says_that_the_disk_is_full_though_its_workers_had_no_room_to(plan, disk):
    state = sync(plan)
    fill(disk, 0)
    with pytest.raises(OutputError) as caught:
        run_local(state, LocalOptions(), lambda _: None)
    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"{plan.folder}")
    assert line.endswith(": can't be written: No space left on device")


def test_read_only_folder_is_told_of_before_anything_runs(plan, disk):
    mount("-o", "remount,ro", disk)
    with pytest.raises(OutputError) as caught:
        sync(plan)
    reason = "can't make its folder: Read-only file system"
    assert str(caught.value) == f"{plan.database}: {reason}"


def test_folder_that_becomes_read_only_stops_the_worker_and_loses_nothing(plan, disk, undisturbed):
    state = sync(plan)

    def overtaken(*arguments: object) -> dict:
        mount("--bind", disk, disk)  # files that are open may still be written
        mount("-o", "remount,bind,ro", disk)
        return finish(*arguments)

    with pytest.raises(OutputError) as caught:
        work(plan.database, WorkOptions(), overtaken)
    (line,) = str(caught.value).splitlines()
    assert line == f"{plan['a'].outputs.clip}: its folder can't be written to; choose another place"
    subprocess.run(["umount", disk], check=True)
    work(plan.database, WorkOptions(), finish)
    assert [row.status for row in state.rows()] == ["done"]
    assert [run["solved"] for run in state.runs()][1:] == [0]
    assert np.array_equal(Take.load(plan["a"].outputs.take).latents, undisturbed)
    state.close()
