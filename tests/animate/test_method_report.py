"""What a take tells of how its frames were found: by which solver, with which handles lost or yielding."""

from dataclasses import replace

import numpy as np
import pytest

from previz.animate import FrameSolved, Take, solve
from previz.errors import SolveError, TimelineError
from previz.timeline import parse_timeline
from tests.animate.characters import TextureCharacter, make_timeline, texture_timeline

# The texture moves as one: handles that are asked apart.
APART = {
    "left": {"at": [24, 30], "keys": {1001: {"by": [0, 0]}, 1003: {"by": [4, 0]}}},
    "right": {"at": [40, 30], "keys": {1001: {"by": [0, 0]}, 1003: {"by": [-4, 2]}}},
}
SOLVER = {"tolerance": 0.3, "max_iterations": 12}


def apart(soft=False, **solver):
    handles = {**APART, "right": {**APART["right"], **({"soft": True} if soft else {})}}
    return make_timeline(frames="1001-1003", handles=handles, solver={**SOLVER, **solver})


@pytest.mark.parametrize("method", ["ik", "adam", "lbfgs"])
def test_frames_tell_which_solver_found_them(texture, method):
    take = solve(texture_timeline(solver={"method": method, "max_iterations": 4}), texture)
    assert set(take.method) == {method}
    assert take.report()["summary"]["methods"] == {method: 9}
    assert [frame["method"] for frame in take.report()["frames"]] == [method] * 9


def test_frames_of_auto_tell_of_the_fallback():
    # An edge on which latent IK comes to rest: the two targets contradict each other.
    take = solve(apart(method="auto", max_iterations=60), TextureCharacter())
    assert take.method[0] == "ik"
    assert set(take.method) <= {"ik", "lbfgs"}
    assert sum(take.summary().methods.values()) == 3


def test_the_method_is_kept_with_the_take_and_with_its_frames(texture, tmp_path, log):
    timeline, path = texture_timeline(), tmp_path / "a.take.safetensors"
    solved = solve(timeline, texture, resume=path)
    again = solve(timeline, texture, log.append, resume=path)
    assert again.method == solved.method == ("ik",) * 9
    assert {event.method for event in log if isinstance(event, FrameSolved)} == {"ik"}
    assert Take.load(solved.save(path)).method == solved.method


def test_takes_that_tell_of_no_method_are_read(texture, tmp_path):
    take = solve(texture_timeline(), texture)
    path = replace(take, method=()).save(tmp_path / "old.take.safetensors")
    assert Take.load(path).method == ("",) * 9


def test_a_soft_handle_yields_and_the_frame_is_well():
    take = solve(apart(soft=True), TextureCharacter())
    assert set(take.status) == {"ok"}
    assert take.soft.tolist() == [False, True]
    assert float(take.error[2, 0]) <= 0.3
    assert float(take.error[2, 1]) > 4
    assert take.summary().within_tolerance == 1.0


def test_without_it_neither_arrives():
    take = solve(apart(), TextureCharacter())
    assert take.status[2] != "ok"
    assert take.summary().within_tolerance < 1.0


def test_frames_are_solved_again_where_a_handle_becomes_soft(tmp_path, log):
    texture = TextureCharacter()
    solve(apart(), texture, resume=tmp_path)
    solve(apart(soft=True), texture, log.append, resume=tmp_path)
    assert len(log.solved()) == 3


@pytest.mark.parametrize(
    ("layers", "moved"), [(2, [0, 1]), ("2-3", [1, 2]), ([1, 3], [0, 2]), ([3, 1], [0, 2])]
)
def test_layers_are_a_count_or_named(generator, layers, moved):
    timeline = make_timeline(solver={"layers": layers, "max_iterations": 2, "tolerance": 0.01})
    take = solve(timeline, generator)
    changed = (take.latents != take.latents[0]).any(axis=(0, 2))
    assert np.flatnonzero(changed).tolist() == moved


def test_layers_come_back_from_what_a_take_tells_of_its_timeline(generator):
    timeline = make_timeline(solver={"layers": "2-3"})
    assert timeline.to_dict()["solver"]["layers"] == [2, 3]
    assert parse_timeline(timeline.to_dict()).solver.layers == (2, 3)


@pytest.mark.parametrize(
    ("layers", "told"),
    [
        (0, "a count of layers is 1 to 64, not 0"),
        ("0-5", "layers go up from 1 to at most 64, not '0-5'"),
        ([1, 1], "layers count from 1 to at most 64, each of them once, not [1, 1]"),
        ([0, 2], "layers count from 1 to at most 64, each of them once, not [0, 2]"),
        ("first", "must be how many layers, a range such as 1-6, or a list such as [1, 2, 5], not 'first'"),
        ([], "must be how many layers, a range such as 1-6, or a list such as [1, 2, 5], not []"),
        ([1.5], "must be how many layers, a range such as 1-6, or a list such as [1, 2, 5], not [1.5]"),
    ],
)
def test_layers_that_are_none_are_refused_where_they_are_written(layers, told):
    with pytest.raises(TimelineError) as refused:
        make_timeline(solver={"layers": layers})
    assert told in str(refused.value)


def test_a_timeline_chooses_the_precision(generator):
    takes = [solve(make_timeline(solver={"precision": name}), generator) for name in ("fp32", "bf16")]
    assert [take.settings["drag"]["precision"] for take in takes] == ["fp32", "bf16"]
    assert not np.array_equal(takes[0].latents, takes[1].latents)


def test_a_precision_that_the_device_does_not_have_is_told_in_one_line(generator):
    with pytest.raises(SolveError, match=r"^solver\.precision: tf32 is of CUDA devices.*use fp32, bf16 or"):
        solve(make_timeline(solver={"precision": "tf32"}), generator)
