"""Motions: a performance with parameters in a file of its own, put into the timelines that use it."""

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from previz.errors import TimelineError
from previz.timeline import (
    check_against,
    is_motion,
    load_motion,
    load_timeline,
    motion_schema,
    parse_timeline,
    sample_targets,
    sample_timeline,
    timeline_schema,
    timeline_warnings,
)
from previz.timeline._expressions import evaluate, substitute

ROOT = Path(__file__).parents[2]
BUNDLED = sorted((ROOT / "timelines" / "motions").glob("*.yaml"))

NOD = """\
previz: 1
motion: nod
canvas: 128
parameters:
  at: {default: [64, 70], unit: px}
  amount: {default: 8, unit: px, max: 40}
  down: {default: 6, min: 1}
handles:
  nose:
    at: ${at}
    keys:
      0: {by: [0, 0]}
      "${down}": {by: [0, "${amount}"], ease: linear}
      "${down * 2}": {by: [0, 0], ease: linear}
"""
SHOT = """\
previz: 1
frames: 1001-1024
canvas: 128
character: head
motions:
  - use: nod.yaml
"""


@pytest.fixture
def load(tmp_path):
    def write(shot, **motions):
        for name, text in {"nod": NOD, **motions}.items():
            (tmp_path / f"{name}.yaml").write_text(text)
        (tmp_path / "shot.yaml").write_text(shot)
        return load_timeline(tmp_path / "shot.yaml")

    return write


@pytest.fixture
def problems(load, tmp_path):
    def told(shot, **motions):
        with pytest.raises(TimelineError) as error:
            load(shot, **motions)
        return str(error.value).replace(f"{tmp_path}/", "").splitlines()

    return told


def positions(timeline, name, *frames):
    index = list(timeline.handles).index(name)
    return sample_targets(timeline, np.array(frames, dtype=float))[:, index].tolist()


def test_a_motion_becomes_handles_with_its_defaults(load):
    timeline = load(SHOT)
    assert list(timeline.handles) == ["nose"]
    assert positions(timeline, "nose", 1001, 1004, 1007, 1013, 1024) == [
        [64, 70], [64, 74], [64, 78], [64, 70], [64, 70]
    ]  # fmt: skip
    assert timeline.motions is None


def test_its_parameters_start_and_speed_may_be_given(load):
    timeline = load(SHOT + "    with: {amount: 20, at: [30, 40], start: 1010, speed: 2, down: 8}\n")
    assert positions(timeline, "nose", 1001, 1010, 1014, 1018) == [[30, 40], [30, 40], [30, 60], [30, 40]]


def test_a_motion_of_another_rate_is_shown_at_the_same_time(load):
    timeline = load(SHOT.replace("frames: 1001-1024", "fps: 48\nframes: 1001-1048"))
    assert sorted(timeline.handles["nose"].keys) == [1001, 1013, 1025]
    slower = load(SHOT, nod=NOD.replace("canvas", "fps: 12\ncanvas"))
    assert sorted(slower.handles["nose"].keys) == [1001, 1013, 1025]


def test_defaults_in_pixels_are_scaled_to_the_canvas_and_given_values_are_not(load):
    timeline = load(SHOT.replace("canvas: 128", "canvas: 256") + "    with: {amount: 10}\n")
    assert positions(timeline, "nose", 1001, 1007) == [[128, 140], [128, 150]]


def test_the_same_motion_may_be_used_for_several_handles(load):
    more = (
        "  - {use: nod.yaml, prefix: b_, with: {at: [20, 20]}}\n  - {use: nod.yaml, rename: {nose: chin}}\n"
    )
    assert list(load(SHOT + more).handles) == ["nose", "b_nose", "chin"]


def test_on_a_handle_that_is_there_a_motion_is_a_layer(load):
    own = "handles: {nose: {at: [60, 60], keys: {1001: [60, 60], 1024: {to: [83, 60], ease: linear}}}}\n"
    timeline = load(SHOT + own)
    assert positions(timeline, "nose", 1001, 1007, 1013) == [[60, 60], [66, 68], [72, 60]]


def test_a_handle_with_only_a_place_gets_its_motion_from_one(load):
    timeline = load(SHOT + "handles: {nose: {at: [60, 60]}}\n")
    assert positions(timeline, "nose", 1007) == [[60, 68]]


def test_several_motions_of_one_handle_add_up(load):
    timeline = load(SHOT + "  - {use: nod.yaml, with: {start: 1004}}\n")
    assert positions(timeline, "nose", 1007, 1010) == [[64, 82], [64, 82]]


def test_a_pinned_handle_of_a_motion_leaves_one_that_is_there_as_it_is(load):
    pinned = (
        "previz: 1\nmotion: hold\nhandles: {nose: {at: [1, 1], pin: true}, ear: {at: [2, 2], pin: true}}\n"
    )
    timeline = load(SHOT + "  - hold.yaml\n", hold=pinned)
    assert not timeline.handles["nose"].pin
    assert timeline.handles["ear"].pin


def test_names_within_a_motion_follow_its_handles(load):
    twins = (
        "previz: 1\nmotion: twins\nhandles:\n"
        "  left: {at: [10, 10], keys: {6: {by: [4, 0]}}}\n"
        "  right: {at: [90, 10], modifiers: [{mirror: {handle: left}}]}\n"
    )
    shot = SHOT.replace("nod.yaml", "twins.yaml") + "    prefix: eye_\n    rename: {right: other}\n"
    timeline = load(shot, twins=twins)
    assert positions(timeline, "eye_left", 1007) == [[14, 10]]
    assert positions(timeline, "other", 1007) == [[86, 10]]


def test_a_motion_that_starts_later_is_at_rest_before(load):
    late = NOD.replace("      0: {by: [0, 0]}\n", "")
    timeline = load(SHOT + "    with: {start: 1010}\n", nod=late)
    assert positions(timeline, "nose", 1001, 1005, 1010, 1013) == [[64, 70]] * 3 + [[64, 74]]


def test_what_swings_in_a_motion_starts_with_it(load):
    cycle = "{cycle: {amplitude: [4, 0], period: 8}}"
    swing = f"previz: 1\nmotion: s\nhandles: {{a: {{at: [9, 9], modifiers: [{cycle}]}}}}"
    timeline = load(SHOT.replace("nod.yaml", "s.yaml") + "    with: {start: 1007, speed: 2}\n", s=swing)
    swung = positions(timeline, "a", 1004, 1007, 1008, 1009)
    np.testing.assert_allclose(swung, [[9, 9], [9, 9], [13, 9], [9, 9]], atol=1e-9)


def test_a_motion_may_run_beyond_the_shot(load):
    timeline = load(SHOT + "    with: {start: 1020}\n")
    assert positions(timeline, "nose", 1024)[0][1] == pytest.approx(70 + 8 * 4 / 6)
    assert sample_timeline(timeline, 128, 128).keyed == {1001, 1020}


def test_a_timeline_with_motions_survives_being_written_as_data(load):
    timeline = load(
        SHOT + "  - {use: nod.yaml, with: {start: 1020}}\nhandles: {eye: {at: [1, 1], pin: true}}\n"
    )
    again = parse_timeline(timeline.to_dict())
    assert again.handles == timeline.handles


def test_motions_may_be_given_by_name_alone_or_as_one(load):
    assert list(load(SHOT.replace("  - use: nod.yaml", "  - nod.yaml")).handles) == ["nose"]
    assert list(load(SHOT.replace("motions:\n  - use: nod.yaml", "motions: nod.yaml")).handles) == ["nose"]


def test_groups_may_move_what_a_motion_brings(load):
    timeline = load(SHOT + "groups: {head: {handles: [nose], offset: [5, 0]}}\n")
    assert positions(timeline, "nose", 1001) == [[69, 70]]


@pytest.mark.parametrize(
    ("shot", "told"),
    [
        (
            SHOT + "    with: {amout: 3}\n",
            ["shot.yaml:7:12: motions[0].with.amout: unknown parameter; did you mean amount?"],
        ),
        (
            SHOT + "    with: {amount: [3, 4], at: 7, down: 0}\n",
            [
                "shot.yaml:7:20: motions[0].with.amount: must be a number, not [3, 4]",
                "shot.yaml:7:32: motions[0].with.at: must be a list of 2 numbers, not 7",
                "shot.yaml:7:41: motions[0].with.down: must be at least 1, not 0",
            ],
        ),
        (
            SHOT + "    with: {speed: 0}\n",
            ["shot.yaml:7:19: motions[0].with.speed: must be at least 0.001, not 0"],
        ),
        (
            SHOT + "    with: {speed: 40}\n",
            [
                "shot.yaml:6:10: motions[0].use: handles.nose.keys: the keys on 0 and 6 both come to "
                "stand on "
                "frame 1001; use it at a lower `speed`"
            ],
        ),
        (
            SHOT.replace("nod.yaml", "nodd.yaml"),
            [
                "shot.yaml:6:10: motions[0].use: there is no motion nodd.yaml; it is looked for beside the "
                "timeline, in the working folder, and among the bundled ones (motions/nod.yaml)"
            ],
        ),
        (
            SHOT.replace("canvas: 128\n", ""),
            [
                "shot.yaml:5:10: motions[0].use: the defaults of at, amount are pixels of a picture of "
                "128 x 128; write the timeline's `canvas`, or give them in `with`"
            ],
        ),
        (
            SHOT + "    rename: {nos: chin}\n",
            ["shot.yaml:7:14: motions[0].rename.nos: nod has no handle nos, but nose"],
        ),
        (
            SHOT + "handles: {nose: {at: [1, 1], pin: true}}\n",
            [
                "shot.yaml:6:10: motions[0].use: nose is pinned in this timeline, and nod moves it; take "
                "away "
                "its `pin`, or `rename` the motion's nose"
            ],
        ),
        (
            SHOT + "    with: {at: [500, 4]}\n",
            [
                "shot.yaml:6:5: handles.nose.at: (500, 4) is outside the picture: x lies in 0 to 128, "
                "y in 0 to 128"
            ],
        ),
        (
            SHOT + "    wiht: {}\n",
            ["shot.yaml:7:5: motions[0].wiht: unknown field; did you mean with?"],
        ),
    ],
)
def test_what_is_wrong_with_a_use_is_told_in_the_timeline(problems, shot, told):
    assert problems(shot) == told


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            '[0, "${amount}"]',
            '[0, "${amout}"]',
            "nod.yaml:13:27: handles.nose.keys.6.by[1]: there is no parameter amout; did you mean amount?",
        ),
        (
            '[0, "${amount}"]',
            '[0, "${at}"]',
            "nod.yaml:13:23: handles.nose.keys.6.by: must be [x, y], two numbers in pixels, not [0, "
            "[64, 70]]",
        ),
        (
            '"${down * 2}"',
            '"${down * 1}"',
            "nod.yaml:14:7: handles.nose.keys.${down * 1}: `${down * 1}` and `${down}` are both frame 6",
        ),
        (
            "ease: linear}\n      ",
            "ease: linaer}\n      ",
            "nod.yaml:13:47: handles.nose.keys.6.ease: unknown ease 'linaer'; did you mean linear?",
        ),
        (
            "default: 6, min: 1",
            "default: 6, min: 9",
            "nod.yaml:7:19: parameters.down.default: must be at least 9, not 6",
        ),
        (
            "  down:",
            "  start:",
            "nod.yaml:7:3: parameters.start: start is what every use may say; give the parameter "
            "another name",
        ),
        ("min: 1}", "mim: 1}", "nod.yaml:7:22: parameters.down.mim: unknown field; did you mean min?"),
        (
            "at: ${at}",
            "at: [1]",
            "nod.yaml:10:9: handles.nose.at: must be [x, y], two numbers in pixels, not [1]",
        ),
        ("      0: {by", "      -2: {by", "nod.yaml:12:7: handles.nose.keys.-2: a motion's first frame is 0"),
        ("previz: 1\n", "", "nod.yaml:1:1: previz: is missing"),
    ],
)
def test_what_is_wrong_with_a_motion_is_told_in_its_file_with_the_place_that_uses_it(
    problems, old, new, told
):
    assert old in NOD
    found = problems(SHOT, nod=NOD.replace(old, new, 1))
    assert f"{told} (used by shot.yaml:6:10)" in found
    assert len(found) == (3 if "start:" in new else 1)  # which the keys use


def test_an_expression_without_its_quotes_is_pointed_out(problems):
    text = NOD.replace('[0, "${amount}"]', "[0, ${amount}]")
    assert problems(SHOT, nod=text) == [
        'nod.yaml:13:28: within [ ] or { }, an expression stands in quotes: "${…}" (used by shot.yaml:6:10)'
    ]


def test_problems_of_the_timeline_and_of_its_motions_are_told_file_by_file(problems):
    shot = SHOT.replace("character: head", "charakter: head")
    found = problems(shot, nod=NOD.replace("linear", "linaer"))
    assert [line.split(":")[0] for line in found] == ["nod.yaml", "nod.yaml", "shot.yaml", "shot.yaml"]


def test_a_motion_is_no_timeline(load, tmp_path):
    load(SHOT)
    assert is_motion(tmp_path / "nod.yaml")
    assert not is_motion(tmp_path / "shot.yaml")
    with pytest.raises(
        TimelineError, match="is a motion, not a timeline; a timeline takes it up with `motions:"
    ):
        load_timeline(tmp_path / "nod.yaml")


def test_a_motion_may_be_loaded_with_values(tmp_path):
    (tmp_path / "nod.yaml").write_text(NOD)
    motion = load_motion(tmp_path / "nod.yaml", {"amount": 20})
    assert motion.handles["nose"].keys[6].by == (0, 20)
    with pytest.raises(TimelineError, match="unknown parameter; known are at, amount, down"):
        load_motion(tmp_path / "nod.yaml", {"wobble": 20})


@pytest.mark.parametrize("path", BUNDLED, ids=lambda path: path.stem)
def test_bundled_motions_are_sound_fit_the_schema_and_are_named_as_their_files(path):
    jsonschema.validate(json.loads(json.dumps(yaml.safe_load(path.read_text()))), motion_schema())
    motion = load_motion(path)
    assert motion.motion == path.stem
    assert motion.description
    assert all(parameter.description for parameter in motion.parameters.values())


@pytest.mark.parametrize("path", BUNDLED, ids=lambda path: path.stem)
def test_bundled_motions_come_back_to_where_they_started_and_stay_in_the_picture(path):
    shot = {"previz": 1, "frames": "1001-1100", "canvas": 256, "character": "mira"}
    timeline = parse_timeline({**shot, "motions": [f"motions/{path.name}"]})
    assert timeline_warnings(timeline) == check_against(timeline, 256, 256) == ()
    samples = sample_timeline(timeline, 256, 256)
    moved = np.linalg.norm(samples.targets - samples.start, axis=2)
    assert moved.max() > 3
    assert moved[0].max() < 0.5
    swings = any(handle.modifiers for handle in timeline.handles.values())
    assert swings or moved[-1].max() < 1e-6


def test_there_are_at_least_ten_motions():
    names = {path.stem for path in BUNDLED}
    assert {"nod", "shake", "smile", "frown", "jaw_drop", "look_around", "tilt", "talk"} < names
    assert len(names) >= 10


def test_the_schemas_know_motions(load):
    jsonschema.Draft202012Validator.check_schema(motion_schema())
    jsonschema.validate(yaml.safe_load(SHOT), timeline_schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**yaml.safe_load(SHOT), "motions": [{"with": {}}]}, timeline_schema())
    jsonschema.validate(json.loads(json.dumps(yaml.safe_load(NOD))), motion_schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**yaml.safe_load(NOD), "handles": {"nose": {"at": "here"}}}, motion_schema())


VALUES = {"amount": 12.0, "at": (128.0, 130.0), "third": 1 / 3}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${amount}", 12),
        ("${-amount / 8}", -1.5),
        ("${2 * (amount + 1) - at[1]}", -104),
        ("${min(amount, 3, 9) + max(1, 2)}", 5),
        ("${abs(-third)}", 0.333333),
        ("${round(amount / 5)}", 2),
        ("${at}", [128, 130]),
        (" ${1e3} ", 1000),
        ("m 0 0 l ${amount} ${at[0] / 4}", "m 0 0 l 12 32"),
        ("0-${amount}", "0-12"),
        ("plain", "plain"),
    ],
)
def test_expressions(text, value):
    assert substitute(text, VALUES) == value


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("amont", "there is no parameter amont; did you mean amount?"),
        ("amount +", "`amount +` is no expression; write it as ${2 * amount + 1}"),
        ("", "`` is no expression; write it as ${2 * amount + 1}"),
        ("amount / 0", "`amount / 0` divides by 0"),
        ("at + 1", "`at` is a list of 2 numbers; write at[0] for the first"),
        ("at[2]", "`at[2]`: it has the numbers [0] to [1]"),
        ("at[-1]", "`at[-1]`: it has the numbers [0] to [1]"),
        ("amount[0]", "`amount` is a number, which has no [0]"),
        ("1e308 * 10", "`1e308 * 10` is too large"),
        (
            "open('x')",
            "`open('x')` can't be worked out; there are min(a, b), max(a, b), abs(a), round(a)",
        ),
        (
            "amount.__class__",
            "`amount.__class__` can't be worked out; an expression has numbers, parameters, + - * /, "
            "parentheses, and min, max, abs, round",
        ),
        (
            "9 ** 9",
            "`9 ** 9` can't be worked out; an expression has numbers, parameters, + - * /, parentheses, and "
            "min, max, abs, round",
        ),
        ("1 + " * 60 + "1", "an expression has 200 characters at most, not 241"),
    ],
)
def test_what_is_no_expression(expression, message):
    with pytest.raises(ValueError) as error:  # noqa: PT011  the exact text follows
        evaluate(expression, VALUES)
    assert str(error.value) == message


@given(st.text(alphabet="at amount0123456789.+-*/()[],minmax_'\"lambda:", max_size=60))
def test_any_expression_is_a_number_a_list_or_a_message(expression):
    try:
        found = evaluate(expression, VALUES)
    except ValueError:
        return
    assert np.isfinite(found).all()


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_expressions_reckon_as_numbers_do(a, b):
    assert evaluate("(a + b) * 2 - -a", {"a": a, "b": b}) == (a + b) * 2 - -a


def test_a_list_cannot_stand_within_a_text():
    with pytest.raises(ValueError, match="`at` is a list of numbers, which can't stand within a text"):
        substitute("m ${at}", VALUES)
    with pytest.raises(ValueError, match="opens a"):
        substitute("m ${at", VALUES)
