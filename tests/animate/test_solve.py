import dataclasses
import math

import numpy as np
import pytest
import torch

from previz.animate import FrameIterated, FrameSolved, SolveFinished, SolveStarted, solve
from previz.errors import SolveError
from previz.timebase import FrameRange
from tests.animate.characters import JAW, make_generator, make_timeline, texture_timeline

STILL = {"jaw": {"at": [12, 16], "pin": True}}


def test_handles_follow_their_curves_to_within_the_tolerance(texture):
    take = solve(texture_timeline(), texture)
    assert take.status == ("ok",) * 9
    assert take.error.max() <= 0.3
    np.testing.assert_allclose(take.targets[4], [[32, 33], [48, 33]])


def test_the_latents_really_move_the_picture_by_what_the_handles_were_tracked_to(texture):
    take = solve(texture_timeline(), texture)
    moved = np.stack([texture.shift(torch.from_numpy(w))[0] for w in take.latents])  # [F, 2]
    np.testing.assert_allclose(
        take.handles - take.start, np.broadcast_to(moved[:, None], (9, 2, 2)), atol=0.05
    )


def test_the_first_frame_is_the_start_latent_with_the_handles_where_they_are(take, generator):
    np.testing.assert_array_equal(take.latents[0], generator.sample_w(3)[0].numpy())
    np.testing.assert_array_equal(take.handles[0], [[12, 16], [22, 16]])
    assert take.iterations[0] == 0


def test_a_first_frame_whose_targets_are_elsewhere_is_solved_too(texture):
    keys = {1001: {"by": [4, 0]}, 1002: {"by": [4, 0]}}
    timeline = make_timeline(
        frames="1001-1002",
        handles={"left": {"at": [24, 30], "keys": keys}},
        solver={"learning_rate": 0.01, "tolerance": 0.3},
    )
    take = solve(timeline, texture)
    assert take.iterations[0] > 0
    np.testing.assert_array_equal(take.start, [[24, 30]])
    np.testing.assert_allclose(take.handles[0], [[28, 30]], atol=0.3)


def test_every_frame_starts_from_the_one_before_it(texture):
    take = solve(texture_timeline(), texture)
    travel = np.linalg.norm(np.diff(take.handles[:, 0], axis=0), axis=-1)
    assert travel.max() < 4  # 8.5 px away in four frames: no frame starts over from the first
    assert take.iterations[5:].max() < 60


def test_the_take_holds_what_the_generator_and_timeline_say(take):
    assert take.shot == "sq010_sh020"
    assert take.rate == 24
    assert take.names == ("jaw", "nose")
    assert take.frames.tolist() == [1001, 1002, 1003, 1004, 1005, 1006]
    assert take.latents.shape == (6, 8, 16)
    assert take.latents.dtype == np.float32
    assert take.handles.shape == take.targets.shape == (6, 2, 2)
    assert (take.width, take.height) == (32, 32)
    np.testing.assert_allclose(take.error, np.linalg.norm(take.handles - take.targets, axis=-1), atol=1e-4)


def test_settings_tell_how_to_solve_it_again(take, generator):
    assert take.settings["timeline"] == make_timeline().to_dict()
    assert take.settings["generator"]["digest"] == generator.digest
    assert take.settings["drag"]["learning_rate"] == 0.02
    assert take.settings["device"] == "cpu"
    assert take.settings["mode"] == "every-frame"


def test_the_same_timeline_gives_the_same_latents_bit_for_bit(take, generator):
    again = solve(make_timeline(), generator)
    np.testing.assert_array_equal(again.latents, take.latents)
    np.testing.assert_array_equal(again.handles, take.handles)
    assert again.keys == take.keys


def test_a_callback_does_not_change_the_latents(take, generator):
    np.testing.assert_array_equal(solve(make_timeline(), generator, callback=[].append).latents, take.latents)


def test_a_pinned_handle_is_asked_to_stay(take):
    np.testing.assert_array_equal(take.targets[:, 1], np.broadcast_to([22, 16], (6, 2)))


def test_coordinates_and_tolerance_are_scaled_from_the_canvas(texture):
    large = {"left": {"at": [240, 300], "keys": {1001: {"by": [0, 0]}, 1002: {"by": [20, 0]}}}}
    timeline = make_timeline(
        frames="1001-1002", canvas=640, handles=large, solver={"learning_rate": 0.01, "tolerance": 3}
    )
    take = solve(timeline, texture)
    assert take.tolerance == pytest.approx(0.3)
    np.testing.assert_allclose(take.targets[1], [[26, 30]])


@pytest.mark.parametrize(("count", "tolerance"), [(5, 1.0), (6, 2.0)])
def test_the_default_tolerance_is_the_papers(texture, count, tolerance):
    handles = {f"h{i}": {"at": [8 + 8 * i, 30], "pin": True} for i in range(count)}
    assert solve(make_timeline(frames="1001", handles=handles, solver={}), texture).tolerance == tolerance


def test_a_frame_that_hits_the_cap_is_reported_and_the_next_goes_on_from_it(texture):
    take = solve(texture_timeline(solver={"method": "adam", "max_iterations": 2}), texture)
    assert "max_iterations" in take.status
    assert len(take) == 9


def test_events_tell_of_the_start_each_frame_and_the_end(generator, log):
    take = solve(make_timeline(), generator, callback=log.append)
    assert log[0] == SolveStarted("sq010_sh020", (1001, 1002, 1003, 1004, 1005, 1006), 6, "every-frame", 0.25)
    frames = [event for event in log if isinstance(event, FrameSolved)]
    assert [(event.frame, event.index, event.total) for event in frames] == [
        (1000 + i, i, 6) for i in range(1, 7)
    ]
    assert [event.status for event in frames] == list(take.status)
    assert [event.iterations for event in frames] == take.iterations.tolist()
    assert frames[3].error_max == pytest.approx(take.error[3].max())
    assert isinstance(log[-1], SolveFinished)
    assert (log[-1].solved, log[-1].reused) == (6, 0)


def test_events_tell_of_each_iteration(generator, log):
    take = solve(make_timeline(), generator, callback=log.append)
    told = [event.iteration for event in log if isinstance(event, FrameIterated) and event.frame == 1003]
    assert told == list(range(take.iterations[2] + 1))


def test_a_range_stops_the_solve_at_its_last_frame(generator, take):
    part = solve(make_timeline(), generator, frames=FrameRange(1003, 1004))
    assert part.range == FrameRange(1001, 1004)
    np.testing.assert_array_equal(part.latents, take.latents[:4])


def test_a_range_outside_the_shot_is_refused(generator):
    with pytest.raises(SolveError) as error:
        solve(make_timeline(), generator, frames=FrameRange(1004, 1010))
    assert str(error.value) == "frame 1010 is outside the shot's frames, 1001-1006"


def test_what_the_mask_does_not_cover_is_held_back(texture):
    mask = {"ellipse": {"center": [24, 30], "radius": 8}}  # the texture moves all of a piece, so nothing can
    take = solve(texture_timeline(mask=mask, solver={"method": "adam", "max_iterations": 20}), texture)
    moved = texture.shift(torch.from_numpy(take.latents[4]))[0]
    assert np.linalg.norm(take.targets[4, 0] - take.start[0]) > 8
    assert moved.norm() < 2


def test_a_seed_a_truncation_and_a_label_make_the_start_latent():
    labelled = make_generator(c_dim=3)
    character = {"checkpoint": "tiny", "seed": 5, "truncation": 0.5, "truncation_cutoff": 4, "label": 2}
    take = solve(make_timeline(frames="1001", handles=STILL, character=character), labelled)
    c = torch.tensor([[0.0, 0.0, 1.0]])
    np.testing.assert_array_equal(take.latents[0], labelled.sample_w(5, 0.5, 4, c)[0].numpy())


def test_a_label_of_values_is_taken_as_it_is():
    labelled = make_generator(c_dim=3)
    character = {"checkpoint": "tiny", "truncation": 1.0, "label": [0.5, 0.5, 0]}
    take = solve(make_timeline(frames="1001", handles=STILL, character=character), labelled)
    c = torch.tensor([[0.5, 0.5, 0.0]])
    np.testing.assert_array_equal(take.latents[0], labelled.sample_w(0, c=c)[0].numpy())


@pytest.mark.parametrize(
    ("c_dim", "label", "message"),
    [
        (0, 1, "character.label: 1 is given, and the generator takes no label"),
        (3, 3, "character.label: 3 is after the generator's last class, 2"),
        (3, [1, 0], "character.label: 2 values, and the generator's labels have 3"),
    ],
)
def test_a_label_that_does_not_fit_is_refused(c_dim, label, message):
    timeline = make_timeline(character={"checkpoint": "tiny", "label": label})
    with pytest.raises(SolveError) as error:
        solve(timeline, make_generator(c_dim=c_dim))
    assert str(error.value) == message


def test_a_block_that_the_generator_lacks_is_refused(generator):
    with pytest.raises(SolveError) as error:
        solve(make_timeline(solver={"block": 5}), generator)
    assert str(error.value) == "solver.block: 5 is after the generator's last block, 4"


def test_weights_that_are_not_numbers_are_refused():
    broken = make_generator()
    broken.synthesis.b4.const[0, 0, 0] = float("nan")
    with pytest.raises(SolveError) as error:
        solve(make_timeline(), broken)
    assert str(error.value) == (
        "character: the first picture of tiny holds values that are not numbers; "
        "its weights are damaged, or the latent is far too large"
    )


def test_events_are_values():
    event = FrameIterated(1001, 0, 1.0, 0.5)
    with pytest.raises(dataclasses.FrozenInstanceError):
        event.frame = 2


def test_a_shot_of_one_frame_is_solved(generator):
    take = solve(make_timeline(frames="1001", handles=STILL), generator)
    assert len(take) == 1
    assert take.summary().jitter is None
    assert not math.isnan(take.summary().error_mean)


def test_weights_count(generator, take):
    heavy = {"jaw": {"at": [12, 16], "keys": JAW, "weight": 3}, "nose": {"at": [22, 16], "pin": True}}
    assert not np.array_equal(solve(make_timeline(handles=heavy), generator).latents, take.latents)


def test_the_latents_do_not_depend_on_how_many_threads_torch_was_set_to(take, generator):
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        again = solve(make_timeline(), generator)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
    np.testing.assert_array_equal(again.latents, take.latents)
    assert again.keys == take.keys


def test_frames_of_another_number_of_threads_are_not_mixed_in(generator, log, tmp_path):
    timeline = make_timeline(frames="1001-1002", handles=STILL)
    solve(timeline, generator, resume=tmp_path)
    take = solve(timeline, generator, callback=log.append, resume=tmp_path, threads=2)
    assert log.reused() == []
    assert take.settings["threads"] == 2


def test_less_than_one_thread_is_refused(generator):
    with pytest.raises(SolveError) as error:
        solve(make_timeline(), generator, threads=0)
    assert str(error.value) == "threads: 0 is below the least, 1"
