import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from previz.animate import FrameIterated, FrameSolved, Take, discard_partial, partial_folder, solve
from previz.errors import OutputError
from tests.animate.characters import JAW, make_generator, make_timeline

ROOT = Path(__file__).parents[2]

WORKER = """
import sys, time
from previz.animate import FrameIterated, solve
from tests.animate.characters import make_generator, make_timeline

def stop_in_the_fourth_frame(event):
    if isinstance(event, FrameIterated) and (event.frame, event.iteration) == (1004, 2):
        print("in the middle", flush=True)
        time.sleep(60)

solve(make_timeline(solver={solver!r}), make_generator(), stop_in_the_fourth_frame, resume=sys.argv[1])
"""

SOLVER = {"learning_rate": 0.02, "max_iterations": 8, "tolerance": 0.25}


def kept(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.safetensors"))


@pytest.mark.parametrize("mode", ["every-frame", "keys"])
def test_kill_9_loses_only_the_frame_under_way(generator, log, tmp_path, mode):
    solver = {**SOLVER, "mode": mode, "tolerance": 0.02}
    path = tmp_path / "shot.take.safetensors"
    command = [sys.executable, "-c", WORKER.replace("{solver!r}", repr(solver)), str(path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as worker:
        try:
            assert worker.stdout.readline() == "in the middle\n"
        finally:
            os.kill(worker.pid, signal.SIGKILL)
    assert worker.returncode == -signal.SIGKILL

    timeline = make_timeline(solver=solver)
    resumed = solve(timeline, generator, callback=log.append, resume=path)
    uninterrupted = solve(timeline, generator)
    np.testing.assert_array_equal(resumed.latents, uninterrupted.latents)
    np.testing.assert_array_equal(resumed.handles, uninterrupted.handles)
    assert log.reused() == {"every-frame": [1001, 1002, 1003], "keys": [1001, 1003, 1006, 1002]}[mode]


def test_ctrl_c_keeps_what_is_solved_and_frees_the_folder(generator, log, tmp_path):
    def interrupt(event):
        if isinstance(event, FrameIterated) and (event.frame, event.iteration) == (1003, 1):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        solve(make_timeline(), generator, callback=interrupt, resume=tmp_path)
    assert len(kept(tmp_path)) == 2
    resumed = solve(make_timeline(), generator, callback=log.append, resume=tmp_path)
    assert log.reused() == [1001, 1002]
    np.testing.assert_array_equal(resumed.latents, solve(make_timeline(), generator).latents)


def test_a_frame_is_on_disk_when_its_event_comes(generator, tmp_path):
    counts = []

    def count(event):
        if isinstance(event, FrameSolved):
            counts.append(len(kept(tmp_path)))

    solve(make_timeline(), generator, callback=count, resume=tmp_path)
    assert counts == [1, 2, 3, 4, 5, 6]
    assert not list(tmp_path.glob(".*"))


def test_frames_are_kept_beside_the_take(generator, tmp_path):
    path = tmp_path / "renders" / "smile.take.safetensors"
    solve(make_timeline(), generator, resume=path)
    assert partial_folder(path) == tmp_path / "renders" / "smile.take.partial"
    assert len(kept(partial_folder(path))) == 6
    assert not path.exists()


def test_nothing_is_solved_twice(generator, log, take, tmp_path):
    solve(make_timeline(), generator, resume=tmp_path)
    again = solve(make_timeline(), generator, callback=log.append, resume=tmp_path)
    assert log.solved() == []
    np.testing.assert_array_equal(again.latents, take.latents)
    assert again.status == take.status
    assert again.keys == take.keys
    np.testing.assert_array_equal(again.iterations, take.iterations)


def edited_timeline(frame=1006, **changes):
    keys = {**JAW, frame: {"by": [0, 1], "interp": "held"}}
    handles = {
        "jaw": {"at": [12, 16], "keys": keys, "interp": "linear"},
        "nose": {"at": [22, 16], "pin": True},
    }
    return make_timeline(handles=handles, **changes)


def test_editing_a_late_key_solves_only_from_there_on(generator, log, tmp_path):
    jaw = {"at": [12, 16], "keys": JAW, "interp": "linear"}
    before = make_timeline(handles={"jaw": jaw, "nose": {"at": [22, 16], "pin": True}})
    solve(before, generator, resume=tmp_path)
    take = solve(edited_timeline(), generator, callback=log.append, resume=tmp_path)
    assert log.reused() == [1001, 1002, 1003]
    assert log.solved() == [1004, 1005, 1006]
    np.testing.assert_array_equal(take.latents, solve(edited_timeline(), generator).latents)


def test_undoing_the_edit_solves_nothing(generator, log, tmp_path):
    for timeline in (make_timeline(), edited_timeline()):
        solve(timeline, generator, resume=tmp_path)
    solve(make_timeline(), generator, callback=log.append, resume=tmp_path)
    assert log.solved() == []


def test_more_frames_at_the_end_solve_those_alone(generator, log, tmp_path):
    solve(make_timeline(), generator, resume=tmp_path)
    solve(make_timeline(frames="1001-1008"), generator, callback=log.append, resume=tmp_path)
    assert log.solved() == [1007, 1008]


def test_a_shot_moved_in_time_keeps_its_frames(generator, log, tmp_path):
    solve(make_timeline(), generator, resume=tmp_path)
    later = {frame + 1000: key for frame, key in JAW.items()}
    handles = {"jaw": {"at": [12, 16], "keys": later}, "nose": {"at": [22, 16], "pin": True}}
    moved = solve(make_timeline(frames="2001-2006", handles=handles), generator, log.append, resume=tmp_path)
    assert log.solved() == []
    assert moved.frames[0] == 2001


def test_what_is_only_output_solves_nothing_again(generator, log, tmp_path):
    solve(make_timeline(), generator, resume=tmp_path)
    other = make_timeline(shot="other", fps=25, output={"size": 512, "crf": 20})
    solve(other, generator, callback=log.append, resume=tmp_path)
    assert log.solved() == []


@pytest.mark.parametrize(
    "changes",
    [
        {"solver": {**SOLVER, "max_iterations": 9}},
        {"solver": {**SOLVER, "tolerance": 0.26}},
        {"solver": {**SOLVER, "layers": 5}},
        {"character": {"checkpoint": "tiny", "seed": 4, "truncation": 1.0}},
        {"character": {"checkpoint": "tiny", "seed": 3, "truncation": 0.9}},
        {"mask": {"ellipse": {"center": [16, 16], "radius": 10}}},
        {"handles": {"jaw": {"at": [12, 16], "keys": JAW}, "nose": {"at": [22, 17], "pin": True}}},
        {"handles": {"jaw": {"at": [12, 16], "keys": JAW}}},
        {
            "handles": {
                "jaw": {"at": [12, 16], "keys": JAW, "weight": 2},
                "nose": {"at": [22, 16], "pin": True},
            }
        },
    ],
    ids=["cap", "tolerance", "layers", "seed", "truncation", "mask", "start", "handles", "weight"],
)
def test_what_all_frames_depend_on_solves_all_again(generator, log, tmp_path, changes):
    solve(make_timeline(), generator, resume=tmp_path)
    solve(make_timeline(**changes), generator, callback=log.append, resume=tmp_path)
    assert log.reused() == []


def test_another_generator_solves_all_again(generator, log, tmp_path):
    solve(make_timeline(), generator, resume=tmp_path)
    solve(make_timeline(), make_generator(seed=1), callback=log.append, resume=tmp_path)
    assert log.reused() == []


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def flip(content: bytes) -> bytes:
    return content[:-40] + bytes([content[-40] ^ 1]) + content[-39:]


@pytest.mark.parametrize(
    "damage",
    [cut, flip, lambda content: b"", lambda content: b"\xff" * 64, lambda content: bytes(len(content))],
    ids=["truncated", "a flipped bit", "empty", "a huge header", "zeros"],
)
def test_a_damaged_frame_is_solved_again(generator, log, take, tmp_path, damage):
    solve(make_timeline(), generator, resume=tmp_path)
    file = tmp_path / f"{take.keys[3]}.safetensors"
    file.write_bytes(damage(file.read_bytes()))
    again = solve(make_timeline(), generator, callback=log.append, resume=tmp_path)
    assert log.solved() == [1004]
    np.testing.assert_array_equal(again.latents, take.latents)


def test_a_frame_under_another_frames_name_is_not_taken_for_it(generator, log, take, tmp_path):
    solve(make_timeline(), generator, resume=tmp_path)
    (tmp_path / f"{take.keys[3]}.safetensors").write_bytes(
        (tmp_path / f"{take.keys[2]}.safetensors").read_bytes()
    )
    solve(make_timeline(), generator, callback=log.append, resume=tmp_path)
    assert log.solved() == [1004]


def test_a_finished_take_gives_its_frames_when_the_folder_is_gone(generator, log, take, tmp_path):
    path = take.save(tmp_path / "shot.take.safetensors")
    solve(edited_timeline(), generator, resume=path)
    discard_partial(path)
    again = solve(make_timeline(frames="1001-1007"), generator, callback=log.append, resume=path)
    assert log.reused() == [1001, 1002, 1003, 1004, 1005, 1006]
    np.testing.assert_array_equal(again.latents[:6], take.latents)


def test_a_file_that_is_no_take_gives_no_frames(generator, log, tmp_path):
    path = tmp_path / "shot.take.safetensors"
    path.write_bytes(b"not a take")
    solve(make_timeline(), generator, callback=log.append, resume=path)
    assert log.reused() == []
    assert path.read_bytes() == b"not a take"


def test_a_folder_that_another_process_solves_in_is_refused(generator, tmp_path):
    holder = "import sys, time; from filelock import FileLock\n"
    holder += "lock = FileLock(sys.argv[1]); lock.acquire(); print('held', flush=True); time.sleep(60)"
    command = [sys.executable, "-c", holder, str(tmp_path / "lock")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        try:
            assert other.stdout.readline() == "held\n"
            with pytest.raises(OutputError) as error:
                solve(make_timeline(), generator, resume=tmp_path)
        finally:
            other.kill()
    assert str(error.value) == (
        f"{tmp_path} is in use by another previz that is solving; wait for it, or choose another output"
    )
    assert len(solve(make_timeline(), generator, resume=tmp_path)) == 6  # a dead process holds no lock


def test_a_file_in_the_folders_place_is_refused(generator, tmp_path):
    (tmp_path / "frames").write_text("mine")
    with pytest.raises(OutputError) as error:
        solve(make_timeline(), generator, resume=tmp_path / "frames")
    assert str(error.value) == f"{tmp_path / 'frames'} is a file, and frames are kept in a folder"


def test_discarding_leaves_what_is_not_its_own(generator, take, tmp_path):
    path = tmp_path / "shot.take.safetensors"
    folder = partial_folder(path)
    solve(make_timeline(), generator, resume=path)
    (folder / "notes.txt").write_text("mine")
    discard_partial(path)
    assert [file.name for file in folder.iterdir()] == ["notes.txt"]
    (folder / "notes.txt").unlink()
    discard_partial(path)
    assert not folder.exists()
    discard_partial(path)


def test_discarding_waits_for_nobody(generator, tmp_path):
    path = tmp_path / "shot.take.safetensors"
    solve(make_timeline(), generator, resume=path)
    with FileLock(partial_folder(path) / "lock"), pytest.raises(OutputError) as error:
        discard_partial(path)
    assert str(error.value).startswith(f"{partial_folder(path)} is in use by another previz")
    assert len(kept(partial_folder(path))) == 6


def test_a_take_keeps_what_a_resumed_solve_reused(generator, take, tmp_path):
    path = tmp_path / "shot.take.safetensors"
    solve(make_timeline(), generator, resume=path).save(path)
    discard_partial(path)
    again = solve(make_timeline(), generator, resume=path).save(path, force=True)
    np.testing.assert_array_equal(Take.load(again).latents, take.latents)
