"""What is added to a handle's own motion: noise, cycles, other handles' motion, layers, groups."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from previz.errors import TimelineError
from previz.timeline import parse_timeline, sample_targets, sample_timeline

FRAMES = np.arange(1001.0, 1049.0)
LEADER = {"at": [64, 98], "keys": {1010: {"by": [6, 8]}, 1020: {"by": [0, 0]}}}


def shot(handles, **more):
    base = {"previz": 1, "frames": "1001-1048", "character": "head"}
    return parse_timeline({**base, "handles": handles, **more})


def moved(modifier, frames=FRAMES, fps=24, **others):
    """How far a still handle with this modifier is from its place, [F, 2]."""
    timeline = shot({"a": {"at": [50, 60], "modifiers": [modifier]}, **others}, fps=fps)
    return sample_targets(timeline, np.asarray(frames, dtype=float))[:, 0] - [50, 60]


@given(
    st.sampled_from(
        [
            {"noise": {"amplitude": 4, "frequency": 2}},
            {"noise": {"amplitude": 4, "frequency": 0.7, "octaves": 3, "seed": 5}},
            {"jitter": {"amplitude": [3, 1]}},
            {"cycle": {"amplitude": [0, 3], "period": 17}},
            {"follow": {"handle": "b", "frames": 2.5}},
        ]
    ),
    st.lists(st.floats(990, 1060), min_size=1, max_size=8),
)
def test_a_value_does_not_depend_on_which_frames_are_sampled(modifier, frames):
    together = moved(modifier, frames, b=LEADER)
    assert [moved(modifier, [frame], b=LEADER)[0].tolist() for frame in frames] == together.tolist()


@pytest.mark.parametrize("octaves", [1, 4])
def test_noise_stays_within_its_amplitude_and_uses_most_of_it(octaves):
    values = moved(
        {"noise": {"amplitude": [4, 1], "frequency": 3, "octaves": octaves}}, np.arange(1001, 5000)
    )
    assert (np.abs(values) <= [4, 1]).all()
    assert (np.ptp(values, axis=0) > np.array([4, 1])).all()


def test_noise_swings_about_as_often_as_its_frequency_says():
    seconds = 400
    values = moved({"noise": {"amplitude": 1, "frequency": 2}}, np.arange(1001, 1001 + 24 * seconds, 0.5))[
        :, 0
    ]
    turns = (np.diff(np.sign(np.diff(values))) != 0).sum() / 2  # a swing has two
    assert turns / seconds == pytest.approx(2, rel=0.35)


def test_noise_is_smooth_and_jitter_jumps():
    finely = np.arange(1001, 1049, 0.01)
    smooth = np.abs(np.diff(moved({"noise": {"amplitude": 1, "frequency": 2}}, finely), axis=0)).max()
    jumps = np.abs(np.diff(moved({"jitter": {"amplitude": 1, "frequency": 2}}, finely), axis=0)).max()
    assert smooth < 0.01
    assert jumps > 0.5


def test_jitter_changes_so_many_times_a_second():
    values = moved({"jitter": {"amplitude": 1, "frequency": 12}})[:, 0]
    assert (np.diff(values) != 0).tolist() == [frame % 2 == 1 for frame in range(47)]


def test_noise_is_a_matter_of_seconds_and_not_of_frames():
    noise = {"noise": {"amplitude": 4, "frequency": 1.5, "seed": 3}}
    at_24, at_48 = moved(noise, 1001 + np.arange(20)), moved(noise, 1001 + 2 * np.arange(20), fps=48)
    np.testing.assert_allclose(at_24, at_48, atol=1e-12)


def test_the_same_seed_is_the_same_noise_and_none_is_another_for_each_handle():
    def two(**seed):
        noise = [{"noise": {"amplitude": 4, **seed}}]
        timeline = shot({"a": {"at": [9, 9], "modifiers": noise}, "b": {"at": [9, 9], "modifiers": noise}})
        targets = sample_targets(timeline, FRAMES)
        return targets[:, 0], targets[:, 1]

    np.testing.assert_array_equal(*two(seed=7))
    first, second = two()
    assert np.abs(first - second).max() > 1
    np.testing.assert_array_equal(first, two()[0])  # and always the same


def test_noise_of_another_seed_is_other_noise():
    one, other = (moved({"noise": {"amplitude": 4, "seed": seed}}) for seed in (1, 2))
    assert np.abs(one - other).max() > 1


@pytest.mark.parametrize(
    ("wave", "expected"),
    [
        ("sine", [0, 1, 0, -1, 0]),
        ("triangle", [0, 1, 0, -1, 0]),
        ("square", [1, 1, -1, -1, 1]),
        ("sawtooth", [0, 0.5, -1, -0.5, 0]),
    ],
)
def test_a_cycle_by_quarters_of_its_period(wave, expected):
    cycle = {"cycle": {"amplitude": [0, 6], "period": 24, "wave": wave}}
    found = moved(cycle, [1001, 1007, 1013, 1019, 1025])
    np.testing.assert_allclose(found, [[0, 6 * part] for part in expected], atol=1e-9)


def test_a_cycle_by_its_frequency_phase_and_start():
    by_frequency = {"cycle": {"amplitude": [2, 0], "frequency": 2}}
    np.testing.assert_allclose(
        moved(by_frequency), moved({"cycle": {"amplitude": [2, 0], "period": 12}}), atol=1e-9
    )
    shifted = {"cycle": {"amplitude": [2, 0], "period": 12, "phase": 0.25, "start": 1010}}
    assert moved(shifted, [1009, 1010, 1013]).tolist() == [[0, 0], [2, 0], [pytest.approx(0), 0]]


def test_a_follower_does_the_same_so_many_frames_later():
    targets = sample_targets(
        shot({"b": LEADER, "a": {"at": [50, 60], "modifiers": [{"follow": {"handle": "b", "frames": 4}}]}}),
        FRAMES,
    )
    np.testing.assert_allclose(targets[4:, 1] - [50, 60], targets[:-4, 0] - [64, 98])
    assert (targets[:5, 1] == [50, 60]).all()  # the leader stood still before the shot


def test_a_follower_follows_what_its_leader_follows():
    chain = {
        f"h{n}": {"at": [9, 9], "modifiers": [{"follow": {"handle": f"h{n - 1}", "frames": 2}}]}
        for n in (1, 2, 3)
    }
    targets = sample_targets(shot({"h0": {**LEADER, "at": [64, 98]}, **chain}), FRAMES)
    np.testing.assert_allclose(targets[6:, 3] - 9, targets[:-6, 0] - [64, 98])


def test_a_follower_may_come_first_and_have_keys_of_its_own():
    own = {"at": [50, 60], "keys": {1048: {"by": [4, 0]}}, "interp": "linear"}
    with_lead = {**own, "modifiers": [{"follow": {"handle": "b", "weight": 0.5}}]}
    plain, led = (sample_targets(shot({"a": a, "b": LEADER}), FRAMES) for a in (own, with_lead))
    np.testing.assert_allclose(led[:, 0], plain[:, 0] + 0.5 * (plain[:, 1] - [64, 98]))


@pytest.mark.parametrize(
    ("about", "expected"),
    [
        ("vertical", [-6, 8]),
        ("horizontal", [6, -8]),
        ([[0, 0], [1, 1]], [8, 6]),  # x and y change places
        ([[5, 0], [5, 9]], [-6, 8]),
    ],
)
def test_a_mirror_turns_the_motion_about_its_line(about, expected):
    found = moved({"mirror": {"handle": "b", "about": about}}, [1010], b=LEADER)
    np.testing.assert_allclose(found[0], expected, atol=1e-12)


def test_a_mirror_between_two_handles_keeps_them_mirror_images():
    left, right = {"at": [40, 70], "keys": {1010: {"by": [-5, 3]}}}, {"at": [80, 90]}
    mirror = {**right, "modifiers": [{"mirror": {"handle": "left", "about": "handles"}}]}
    targets = sample_targets(shot({"left": left, "right": mirror}), np.array([1010.0]))[0]
    normal = np.array([40, 20]) / np.hypot(40, 20)
    middle = np.array([60, 80])
    reflected = targets[0] - 2 * ((targets[0] - middle) @ normal) * normal
    np.testing.assert_allclose(targets[1], reflected, atol=1e-9)


def test_a_layer_is_a_second_motion_on_top():
    layer = {"layer": {"keys": {1010: [0, 0], 1020: {"to": [4, 0], "ease": "linear"}, 1030: [0, 0]}}}
    assert moved(layer, [1001, 1010, 1015, 1020, 1048]).tolist() == [[0, 0], [0, 0], [2, 0], [4, 0], [0, 0]]


def test_a_layer_may_run_along_a_path():
    path = {"svg": "m 0 0 h 10", "relative": True}
    layer = {"layer": {"path": path, "timing": {1010: 0, 1020: {"to": 1, "ease": "linear"}}}}
    np.testing.assert_allclose(moved(layer, [1010, 1015, 1020]), [[0, 0], [5, 0], [10, 0]], atol=1e-9)


def test_the_weight_of_a_modifier_fades_it_in():
    weight = {"keys": {1001: 0, 1025: 1}, "interp": "linear"}
    square = {"cycle": {"amplitude": [4, 0], "period": 500, "wave": "square", "weight": weight}}
    np.testing.assert_allclose(moved(square, [1001, 1013, 1025])[:, 0], [0, 2, 4])


def test_modifiers_add_up():
    one, two = {"cycle": {"amplitude": [3, 1], "period": 20}}, {"noise": {"amplitude": 2, "seed": 4}}
    handle = {"at": [50, 60], "modifiers": [one, two]}
    both = sample_targets(shot({"a": handle}), FRAMES)[:, 0] - [50, 60]
    np.testing.assert_allclose(both, moved(one) + moved(two), atol=1e-9)


def test_a_group_moves_its_handles_together():
    handles = {"a": LEADER, "b": {"at": [20, 20], "pin": True}, "c": {"at": [30, 30]}}
    group = {"handles": ["a", "c"], "offset": {1001: [0, 0], 1011: {"to": [10, -4], "ease": "linear"}}}
    alone = sample_targets(shot({**handles, "c": {"at": [30, 30], "pin": True}}), FRAMES)
    together = sample_targets(shot(handles, groups={"mouth": group}), FRAMES)
    offset = np.clip((FRAMES - 1001) / 10, 0, 1)[:, None] * [10, -4]
    np.testing.assert_allclose(together[:, 0], alone[:, 0] + offset)
    np.testing.assert_allclose(together[:, 2], alone[:, 2] + offset)
    np.testing.assert_array_equal(together[:, 1], alone[:, 1])


def test_the_noise_of_a_group_is_the_same_for_all_of_it():
    handles = {"a": {"at": [20, 20]}, "b": {"at": [40, 40]}}
    group = {"handles": ["a", "b"], "modifiers": [{"noise": {"amplitude": 3}}]}
    targets = sample_targets(shot(handles, groups={"all": group}), FRAMES)
    np.testing.assert_allclose(targets[:, 0] - 20, targets[:, 1] - 40, atol=1e-9)
    assert np.abs(targets[:, 0] - 20).max() > 1


def test_a_group_comes_on_top_and_is_not_followed():
    handles = {"a": {"at": [20, 20]}, "b": {"at": [40, 40], "modifiers": [{"follow": {"handle": "a"}}]}}
    targets = sample_targets(shot(handles, groups={"g": {"handles": ["a"], "offset": [5, 0]}}), FRAMES)
    assert (targets[:, 0] == [25, 20]).all()
    assert (targets[:, 1] == [40, 40]).all()


def test_a_still_offset_needs_no_keys():
    timeline = shot({"a": {"at": [20, 20]}}, groups={"g": {"handles": ["a"], "offset": [5, 0]}})
    assert sample_timeline(timeline, 128, 128).targets[7, 0].tolist() == [25, 20]


def test_keys_of_what_a_handle_follows_are_keyed_so_much_later():
    follower = {"at": [50, 60], "modifiers": [{"follow": {"handle": "b", "frames": 3}}]}
    samples = sample_timeline(shot({"b": LEADER, "a": follower}), 128, 128)
    assert samples.keyed == {1001, 1010, 1013, 1020, 1023}


HEAD = "previz: 1\nframes: 1001-1048\ncharacter: head\nhandles:\n"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "  a: {at: [1, 2], modifiers: [{follow: {handle: b}}]}\n"
            "  b: {at: [1, 2], modifiers: [{mirror: {handle: c}}]}\n"
            "  c: {at: [1, 2], modifiers: [{follow: {handle: a}}]}",
            "7:49: handles.c.modifiers[0].follow.handle: c follows a, which follows b, which follows c: "
            "a circle, in which none leads; take one of them out",
        ),
        (
            "  a: {at: [1, 2], modifiers: [{follow: {handle: a}}]}",
            "5:49: handles.a.modifiers[0].follow.handle: a can't follow itself; name another handle",
        ),
        (
            "  lip: {at: [1, 2], pin: true}\n  a: {at: [1, 2], modifiers: [{mirror: {handle: lips}}]}",
            "6:49: handles.a.modifiers[0].mirror.handle: there is no handle lips; did you mean lip?",
        ),
        (
            "  a: {at: [1, 2], modifiers: [{noise: {amplitude: 1}, cycle: {amplitude: [1, 2], period: 3}}]}",
            "5:31: handles.a.modifiers[0]: a modifier is one of noise, jitter, cycle, follow, mirror "
            "or layer; "
            "this is noise and cycle",
        ),
        (
            "  a: {at: [1, 2], modifiers: [{cycle: {amplitude: [1, 2]}}]}",
            "5:32: handles.a.modifiers[0].cycle: a cycle has a period in frames or a frequency in Hz; "
            "this has neither",
        ),
        (
            "  a: {at: [1, 2], modifiers: [{noise: {amplitude: -1}}]}",
            "5:51: handles.a.modifiers[0].noise.amplitude: must be 0 or more, or [x, y], in pixels, not -1",
        ),
        (
            "  a: {at: [1, 2], modifiers: [{noise: {amplitude: 1, speed: 3}}]}",
            "5:54: handles.a.modifiers[0].noise.speed: unknown field; did you mean seed?",
        ),
        (
            "  a: {at: [1, 2], modifiers: [{mirror: {handle: b, about: diagonal}}]}\n"
            "  b: {at: [1, 2], pin: true}",
            "5:59: handles.a.modifiers[0].mirror.about: must be vertical, horizontal, handles or two "
            "points of "
            "a line, [[x, y], [x, y]], not 'diagonal'",
        ),
        (
            "  a: {at: [1, 2], pin: true, modifiers: [{noise: {amplitude: 1}}]}",
            "5:30: handles.a.modifiers: a pinned handle stays where it is; take away its `pin` or its "
            "modifiers",
        ),
        (
            "  a: {at: [1, 2], modifiers: [{layer: {interp: linear}}]}",
            "5:32: handles.a.modifiers[0].layer: a layer goes by keys or along a path; this has neither",
        ),
        (
            "  a: {at: [1, 2], modifiers: [{layer: {keys: {1060: [1, 2]}}}]}",
            "5:47: handles.a.modifiers[0].layer.keys: frame 1060 is after the last frame, 1048",
        ),
        (
            "  a: {at: [1, 2], modifiers: [{noise: {amplitude: 1, weight: {1060: 1}}}]}",
            "5:63: handles.a.modifiers[0].noise.weight.keys: frame 1060 is after the last frame, 1048",
        ),
        (
            "  a: {at: [1, 2], pin: true}\ngroups: {g: {handles: [a, b], offset: [1, 0]}}",
            "6:24: groups.g.handles[0]: a is pinned; take it out of the group, or take away its `pin`\n"
            "6:27: groups.g.handles[1]: there is no handle b; handles are a",
        ),
        (
            "  a: {at: [1, 2]}\ngroups: {g: {handles: [a], modifiers: [{follow: {handle: a}}]}}",
            "6:41: groups.g.modifiers[0].follow: a group can't follow a handle; give the modifier to "
            "its handles",
        ),
    ],
)
def test_what_is_wrong_with_modifiers_and_groups(text, problem):
    with pytest.raises(TimelineError) as error:
        parse_timeline(HEAD + text, "x.yaml")
    assert str(error.value).replace("x.yaml:", "") == problem


def test_a_chain_of_many_handles_has_its_limit():
    def chain(count):
        links = {
            f"h{n}": {"at": [9, 9], "modifiers": [{"follow": {"handle": f"h{n - 1}"}}]}
            for n in range(1, count)
        }
        return {"h0": {"at": [9, 9], "pin": True}, **links}

    assert sample_targets(shot(chain(100)), FRAMES[:1]).shape == (1, 100, 2)
    with pytest.raises(TimelineError) as error:
        shot(chain(101))
    assert str(error.value) == "handles.h100: more than 100 handles follow one another up to this one"
