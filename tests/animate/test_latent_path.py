import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from previz.animate import decode, solve
from previz.animate._latents import base_path, carry
from previz.animate._prepare import prepare
from previz.animate._shot import frame_reference
from previz.errors import SolveError, TimelineError
from previz.generator import component_directions
from previz.timeline import parse_timeline
from tests.animate.characters import make_generator, make_timeline, texture_timeline

PINNED = {"nose": {"at": [22, 16], "pin": True}}
LINEAR = {"interp": "linear"}


def no_handles(**fields):
    return make_timeline(handles={}, **fields)


def psi(*values):
    """Truncation keyed on frames 1001, 1006 …"""
    return {"keys": {1001 + 5 * i: value for i, value in enumerate(values)}, **LINEAR}


def character(**fields):
    return {"checkpoint": "tiny", "seed": 3, "truncation": 1.0, **fields}


def test_truncation_is_that_of_each_frame(generator):
    path = base_path(no_handles(character=character(truncation=psi(1.0, 0.5))), generator)[1]
    for index, value in enumerate([1.0, 0.9, 0.8, 0.7, 0.6, 0.5]):
        np.testing.assert_allclose(path[index], generator.sample_w(3, value)[0], atol=1e-6)


def test_a_blend_arrives_at_the_other_latent(generator):
    path = base_path(no_handles(latents=[{"toward": 5, "keys": {1006: 1}, **LINEAR}]), generator)[1]
    own, other = (generator.sample_w(seed)[0].numpy() for seed in (3, 5))
    np.testing.assert_array_equal(path[0], own)
    np.testing.assert_allclose(path[2], own + 0.4 * (other - own), atol=1e-6)
    np.testing.assert_allclose(path[5], other, atol=1e-6)


def test_the_other_seed_is_truncated_as_the_character_is(generator):
    toward = [{"toward": 5, "keys": {1001: 1}}]
    path = base_path(no_handles(character=character(truncation=psi(1.0, 0.5)), latents=toward), generator)[1]
    np.testing.assert_allclose(path[5], generator.sample_w(5, 0.5)[0], atol=1e-6)
    own = [{"toward": {"seed": 5, "truncation": 0.2}, "keys": {1006: 1}}]
    path = base_path(no_handles(latents=own), generator)[1]
    np.testing.assert_allclose(path[5], generator.sample_w(5, 0.2)[0], atol=1e-6)


def test_a_direction_is_added_so_many_times(generator):
    latents = [{"direction": "pc2", "keys": {1006: -1.5}, **LINEAR}]
    path = base_path(no_handles(latents=latents), generator)[1]
    vector = component_directions(generator, 2)[1].vector.numpy()
    np.testing.assert_allclose(path[5] - path[0], np.tile(-1.5 * vector, (8, 1)), atol=1e-6)


def test_blends_add_up(generator):
    blends = [{"toward": 5, "keys": {1006: 0.5}}, {"direction": "pc1", "keys": {1003: 1, 1006: 2}}]
    both = base_path(no_handles(latents=blends), generator)[1]
    first, second = (base_path(no_handles(latents=[blend]), generator)[1] for blend in blends)
    np.testing.assert_allclose(both, first + second - first[0], atol=1e-5)


@pytest.mark.parametrize(
    ("layers", "changed"), [({}, [6, 7]), ({"layers": "2-3"}, [1, 2]), ({"layers": "all"}, list(range(8)))]
)
def test_layers_are_those_that_are_not_dragged_unless_they_are_named(generator, layers, changed):
    timeline = make_timeline(handles=PINNED, latents=[{"toward": 5, "keys": {1006: 1}, **layers}])
    path = base_path(timeline, generator)[1]
    assert np.flatnonzero((path[5] != path[0]).any(axis=1)).tolist() == changed


def test_without_handles_all_layers_are_free(generator):
    path = base_path(no_handles(latents=[{"toward": 5, "keys": {1006: 1}}]), generator)[1]
    assert (path[5] != path[0]).any(axis=1).all()


def test_curves_that_stand_still_are_no_path(generator):
    still = [{"toward": 5, "keys": {1001: {"to": 0.5}}}]
    first, path = base_path(no_handles(latents=still), generator)
    assert path is None
    own, other = (generator.sample_w(seed)[0].numpy() for seed in (3, 5))
    np.testing.assert_allclose(first, (own + other) / 2, atol=1e-6)


def test_a_timeline_without_handles_is_its_base_path(generator):
    timeline = no_handles(character=character(truncation=psi(1.0, 0.2)))
    take = solve(timeline, generator)
    np.testing.assert_array_equal(take.latents, base_path(timeline, generator)[1])
    assert take.handles.shape == (6, 0, 2)
    assert take.summary().within_tolerance == 1
    assert take.report()["frames"][3]["error"] == {}
    pictures = list(decode(take, generator))
    assert (pictures[0] != pictures[5]).any()


@pytest.fixture
def aside(tmp_path):
    """A latent in which the moving texture is 5 px to the right, and something else in the last layers."""
    w = np.zeros((8, 6), np.float32)
    w[:2, 0], w[6:] = 0.1, 0.3
    np.save(tmp_path / "aside.npy", w)
    return str(tmp_path / "aside.npy")


def test_a_blend_of_other_layers_leaves_the_drag_as_it_was(texture, aside):
    plain = solve(texture_timeline(), texture)
    blend = [{"toward": aside, "keys": {1009: 1}, **LINEAR}]
    blended = solve(texture_timeline(latents=blend), texture)
    np.testing.assert_array_equal(blended.latents[:, :6], plain.latents[:, :6])
    np.testing.assert_allclose(
        blended.latents[:, 6:, 0].T, np.tile(np.linspace(0, 0.3, 9), (2, 1)), atol=1e-6
    )


def test_handles_arrive_whatever_the_blend_does_to_them(texture, aside):
    blend = [{"toward": aside, "layers": "all", "keys": {1009: 1}}]
    take = solve(texture_timeline(latents=blend), texture)
    assert take.error.max() <= 0.3
    moved = np.stack([texture.shift(w)[0] for w in torch.from_numpy(take.latents)])
    np.testing.assert_allclose(moved, take.targets[:, 0] - take.start[0], atol=0.4)


def test_what_was_dragged_is_carried_over_the_moving_base(texture, aside):
    keys = {1001: {"by": [0, 0]}, 1005: {"by": [8, 3]}}
    handles = {"left": {"at": [24, 30], "keys": keys, "active": "1001-1005"}}  # and then let go
    blend = [{"toward": aside, "layers": "all", "keys": {1009: 1}, **LINEAR}]
    timeline = make_timeline(frames="1001-1009", handles=handles, latents=blend, solver={"tolerance": 0.3})
    take, path = solve(timeline, texture), base_path(timeline, texture)[1]
    dragged = take.latents[4] - path[4]
    assert np.abs(dragged).max() > 0.05
    for index in range(5, 9):
        np.testing.assert_allclose(take.latents[index], path[index] + dragged, atol=1e-6)


@given(st.integers(0, 2**32 - 1))
def test_what_stands_still_is_carried_bit_for_bit(seed):
    draw = np.random.default_rng(seed)
    latent, base, other = draw.standard_normal((3, 4, 5)).astype(np.float32)
    here = np.where(draw.random((4, 5)) < 0.5, base, other)
    carried = carry(latent, base, here)
    np.testing.assert_array_equal(carried[base == here], latent[base == here])
    np.testing.assert_allclose(carried - here, latent - base, atol=1e-5)
    np.testing.assert_array_equal(carry(base, base, here), here)  # nothing dragged: the base itself


def test_home_is_the_base_of_the_frame_and_a_mask_holds_its_picture(generator):
    timeline = make_timeline(
        handles=PINNED,
        character=character(truncation=psi(1.0, 0.4)),
        mask={"ellipse": {"center": [22, 16], "radius": 6}},
    )
    shot = prepare(timeline, generator, 1)
    reference = frame_reference(shot, 4, masked=True)
    assert torch.equal(reference.w, torch.from_numpy(shot.path[4]))
    torch.testing.assert_close(reference.held_map, generator.features(reference.w[None], reference.block)[0])
    assert torch.equal(reference.feature_map, shot.reference.feature_map)  # by which handles are known again


def test_the_spline_of_keys_mode_lies_in_what_was_dragged(texture, aside):
    solver = {"mode": "keys", "tolerance": 1.0}
    plain = solve(texture_timeline(solver=dict(solver)), texture)
    blend = [{"toward": aside, "keys": {1009: 1}, **LINEAR}]
    blended = solve(texture_timeline(latents=blend, solver=dict(solver)), texture)
    assert "interpolated" in blended.status
    np.testing.assert_array_equal(blended.latents[:, :6], plain.latents[:, :6])
    np.testing.assert_allclose(blended.latents[:, 7, 0], np.linspace(0, 0.3, 9), atol=1e-6)


def test_keys_mode_without_handles_is_the_base_path_too(generator):
    timeline = no_handles(
        latents=[{"toward": 5, "keys": {1003: 1, 1006: 0}}], solver={"mode": "keys", "tolerance": 0.5}
    )
    take = solve(timeline, generator)
    np.testing.assert_array_equal(take.latents, base_path(timeline, generator)[1])


def blended(last, **fields):
    keys = {1001: 0, 1004: 0.3, 1006: last}
    return make_timeline(latents=[{"toward": 5, "layers": "7-8", "keys": keys, **LINEAR}], **fields)


@pytest.mark.parametrize("mode", ["every-frame", "keys"])
def test_nothing_is_solved_twice(generator, log, tmp_path, mode):
    solver = {"learning_rate": 0.02, "max_iterations": 4, "tolerance": 0.25, "mode": mode}
    first = solve(blended(1, solver=solver), generator, resume=tmp_path)
    again = solve(blended(1, solver=solver), generator, callback=log.append, resume=tmp_path)
    assert log.solved() == []
    np.testing.assert_array_equal(again.latents, first.latents)


def test_an_edited_curve_solves_only_from_there_on(generator, log, tmp_path):
    solve(blended(1), generator, resume=tmp_path)
    take = solve(blended(2), generator, callback=log.append, resume=tmp_path)
    assert log.reused() == [1001, 1002, 1003, 1004]
    np.testing.assert_array_equal(take.latents, solve(blended(2), generator).latents)


def test_curves_that_stand_still_share_the_frames_of_a_number(generator, log, tmp_path):
    solve(make_timeline(), generator, resume=tmp_path)
    still = make_timeline(character=character(truncation={"keys": {1001: 1.0, 1006: 1.0}}))
    solve(still, generator, callback=log.append, resume=tmp_path)
    assert log.solved() == []


def test_the_first_frames_are_the_same_when_solved_alone(generator):
    timeline = blended(1)
    part = solve(timeline, generator, frames=timeline.frames.parse("1001-1004"))
    np.testing.assert_array_equal(part.latents, solve(timeline, generator).latents[:4])


TEXT = """previz: 1
frames: 1001-1006
character: {checkpoint: tiny, label: 1}
handles: {nose: {at: [22, 16], pin: true}}
solver: {layers: LAYERS}
latents:
  - {toward: 5, keys: {1006: 1}}
  - WHAT
"""


@pytest.mark.parametrize(
    ("what", "layers", "told"),
    [
        (
            "{toward: 5, layers: 7-9, keys: {1006: 1}}",
            6,
            "<text>:8:25: latents[1].layers: 7-9 goes beyond the generator's last layer, 8",
        ),
        (
            "{toward: 5, keys: {1006: 1}}",
            8,
            "<text>:7:5: latents[0].layers: the drag moves all 8 layers of this generator; "
            "name those to blend, or `all`",
        ),
        (
            "{direction: smile, keys: {1006: 1}}",
            6,
            "<text>:8:17: latents[1].direction: 'smile' is not a direction. There are pc1 to pc16",
        ),
    ],
)
def test_what_the_generator_does_not_have_is_told_in_its_place(generator, what, layers, told):
    text = TEXT.replace("WHAT", what).replace("LAYERS", str(layers)).replace(", label: 1", "")
    with pytest.raises(TimelineError) as error:
        solve(parse_timeline(text), generator)
    assert str(error.value) == told


def test_the_label_of_another_seed_must_fit(generator):
    text = TEXT.replace("WHAT", "{toward: {seed: 5, label: 3}, keys: {1006: 1}}").replace("LAYERS", "6")
    conditional = make_generator(c_dim=2)
    with pytest.raises(SolveError) as error:
        solve(parse_timeline(text), conditional)
    assert str(error.value) == "latents[1].toward.label: 3 is after the generator's last class, 1"


def test_another_latent_must_fit(generator, tmp_path):
    np.save(tmp_path / "small.npy", np.zeros((4, 16), np.float32))
    latents = [{"toward": str(tmp_path / "small.npy"), "keys": {1006: 1}}]
    with pytest.raises(SolveError) as error:
        solve(no_handles(latents=latents), generator)
    assert str(error.value) == (
        f"{tmp_path / 'small.npy'}: the latent is [4, 16], and the generator's are [8, 16]"
    )
