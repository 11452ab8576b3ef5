"""What a user is told of a timeline that can't be used: every problem, each at its line and column."""

import contextlib
import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from previz.errors import TimelineError
from previz.timeline import Timeline, load_timeline, parse_timeline

SOUND = """\
previz: 1
frames: 1001-1048
character: head
handles:
  jaw:
    at: [64, 98]
    keys:
      1012: {by: [0, 9], ease: out-cubic}
      1048: [64, 98]
"""


def problems(text):
    with pytest.raises(TimelineError) as error:
        parse_timeline(text, "x.yaml")
    lines = str(error.value).splitlines()
    assert all(line.startswith("x.yaml:") for line in lines)
    return [line.removeprefix("x.yaml:") for line in lines]


def changed(old, new):
    assert old in SOUND
    return SOUND.replace(old, new)


def test_a_problem_names_the_file_the_line_and_the_column():
    with pytest.raises(TimelineError) as error:
        parse_timeline(changed("1048: [64", "1060: [64"), "timelines/x.yaml")
    assert str(error.value) == (
        "timelines/x.yaml:9:7: handles.jaw.keys: frame 1060 is after the last frame, 1048"
    )


def test_a_sound_timeline():
    timeline = parse_timeline(SOUND)
    assert timeline.character.checkpoint == "head"
    assert list(timeline.handles["jaw"].keys) == [1012, 1048]
    assert timeline.handles["jaw"].keys[1048].to == (64.0, 98.0)


def test_all_problems_are_listed_in_the_order_of_the_file():
    text = """\
previz: 2
fps: fast
frames: 1001-1048
handles:
  jaw:
    at: [64]
    keys:
      1012: {by: [0, 9], ease: out-cubik}
      1060: {by: [0, 0]}
  nose: {at: [64, 60], pin: true, wieght: 2}
  brow: {at: [64, 60], keys: {900: [1, 2], 1020: {to: [1, 2], by: [3, 4]}}}
mask: {ellipse: {center: [64, 90], radius: 0}}
mask: {ellipse: {center: [64, 90], radius: 5}}
solver: {max_iterations: 0}
"""
    assert problems(text) == [
        "1:1: character: is missing",
        "1:9: previz: must be 1, the only version of the format that is known, not 2",
        "2:6: fps: 'fast' is not a frame rate; write it as 24, 23.976 or 24000/1001",
        "6:9: handles.jaw.at: must be [x, y], two numbers in pixels, not [64]",
        "8:32: handles.jaw.keys.1012.ease: unknown ease 'out-cubik'; did you mean out-cubic?",
        "9:7: handles.jaw.keys: frame 1060 is after the last frame, 1048",
        "10:35: handles.nose.wieght: unknown field; did you mean weight?",
        "11:31: handles.brow.keys: frame 900 is before the first frame, 1001",
        "11:44: handles.brow.keys.1020: a key says `to` or `by`; this has both",
        "12:44: mask.ellipse.radius: must be a radius above 0 or [radius x, radius y], in pixels, not 0",
        "13:1: mask: written twice; first on line 12",
        "14:26: solver.max_iterations: must be at least 1, not 0",
    ]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("1048: [64", "1060: [64", "9:7: handles.jaw.keys: frame 1060 is after the last frame, 1048"),
        ("previz: 1\n", "", "1:1: previz: is missing; a timeline starts with `previz: 1`"),
        ("    at: [64, 98]\n", "", "5:3: handles.jaw.at: is missing"),
        (
            "frames: 1001-1048",
            "frames: 1048-1001",
            "2:9: frames: the frame range 1048-1001 ends before it starts",
        ),
        (
            "[64, 98]\n    keys",
            "[64, '98']\n    keys",
            "6:9: handles.jaw.at: must be [x, y], two numbers in pixels, not [64, '98']",
        ),
        (
            "[64, 98]\n    keys",
            "[true, 98]\n    keys",
            "6:9: handles.jaw.at: must be [x, y], two numbers in pixels, not [True, 98]",
        ),
        (
            "[64, 98]\n    keys",
            "[1e9, 98]\n    keys",
            "6:9: handles.jaw.at: [1000000000.0, 98] is out of bounds; the largest number is 1000000",
        ),
        (
            "character: head",
            "character: 7",
            "3:12: character: must be a mapping, not 7; its fields are checkpoint, seed, latent, truncation,"
            " truncation_cutoff, label",
        ),
        (
            "character: head",
            "character: {checkpoint: 7}",
            "3:25: character.checkpoint: must be text, not 7; put it in quotes",
        ),
        (
            "character: head",
            "character: {checkpoint: head, seed: -1}",
            "3:37: character.seed: must be at least 0, not -1",
        ),
        (
            "character: head",
            "character: {checkpoint: head, seed: 4294967296}",
            "3:37: character.seed: must be at most 4294967295, not 4294967296",
        ),
        (
            "character: head",
            "character: {checkpoint: head, seed: 1.5}",
            "3:37: character.seed: must be a whole number, not 1.5",
        ),
        (
            "character: head",
            "character: {checkpoint: head, truncation: .nan}",
            "3:43: character.truncation: .nan is not a number that can be used",
        ),
        (
            "character: head",
            "character: {checkpoint: head, truncation: 1e999}",
            "3:43: character.truncation: 1e999 is not a number that can be used",
        ),
        (
            "character: head",
            "character: {checkpoint: head, seed: 3, latent: w.npz}",
            "3:40: character.latent: the character starts from a seed or a latent, not both",
        ),
        (
            "character: head",
            "character: head\nshot: ../up",
            "4:7: shot: '../up' is not a name; use letters, digits, _ and -",
        ),
        (
            "character: head",
            "character: head\nsolver: {method: admm}",
            "4:18: solver.method: must be auto, ik, lbfgs or adam, not 'admm'; did you mean adam?",
        ),
        (
            "character: head",
            "character: head\noutput: {size: 513}",
            "4:16: output.size: must be even, as video needs, not 513",
        ),
        (
            "character: head",
            "character: head\noutput: {overlay: 3}",
            "4:19: output.overlay: must be true or false, not 3",
        ),
        ("character: head", "character: head\nmask: []", "4:7: mask: must not be empty"),
        (
            "character: head",
            "character: head\nmask: {feather: 3}",
            "4:1: mask: a shape is one of ellipse, polygon, png or images; this has none",
        ),
        (
            "character: head",
            "character: head\nmask: {png: a.png, polygon: [[0, 0], [1, 1], [2, 0]]}",
            "4:1: mask: a shape is one of ellipse, polygon, png or images; this has polygon and png",
        ),
        (
            "character: head",
            "character: head\nmask: [{polygon: [[0, 0], [1, 1]]}]",
            "4:18: mask[0].polygon: needs at least 3 points, not 2",
        ),
        (
            "character: head",
            "character: head\nmask: [{ellipse: {center: [0, 0], radius: 1}, colour: 3}]",
            "4:47: mask[0].colour: unknown field; known are ellipse, polygon, png, images, feather, fixed",
        ),
        (
            "character: head",
            "character: head\ncanvas: 64",
            "7:9: handles.jaw.at: (64, 98) is outside the picture: x lies in 0 to 64, y in 0 to 64",
        ),
        (
            "[0, 9], ease",
            "[0, 9, 2], ease",
            "8:18: handles.jaw.keys.1012.by: must be [x, y], two numbers in pixels, not [0, 9, 2]",
        ),
        (
            "1048: [64, 98]",
            "1048: [64]",
            "9:13: handles.jaw.keys.1048: must be [x, y], two numbers in pixels, not [64]",
        ),
        (
            "1048: [64, 98]",
            "1048: {}",
            "9:7: handles.jaw.keys.1048: a key says `to` or `by`; this has neither",
        ),
        ("1048: [64, 98]", "1048:", "9:7: handles.jaw.keys.1048: must be a mapping, not nothing"),
        ("1048: [64, 98]", "half: [64, 98]", "9:7: handles.jaw.keys.half: 'half' is not a frame number"),
        (
            "1048: [64, 98]",
            "1020.5: [64, 98]",
            "9:7: handles.jaw.keys.1020.5: '1020.5' is not a frame number",
        ),
        ("1048: [64, 98]", "'1012': [64, 98]", "9:7: handles.jaw.keys.1012: written twice; first on line 8"),
        (
            "1048: [64, 98]",
            "1048: {to: [64, 98], kold: true}",
            "9:28: handles.jaw.keys.1048.kold: unknown field; did you mean hold?",
        ),
        (
            "  jaw:\n",
            "  my jaw:\n",
            "5:3: handles.my jaw: 'my jaw' is not a name; use letters, digits, _ and -",
        ),
        ("  jaw:\n", "  3:\n", "5:3: handles.3: must be text, not 3; put it in quotes"),
    ],
)
def test_one_problem(old, new, problem):
    assert problems(changed(old, new)) == [problem]


@pytest.mark.parametrize(
    ("handle", "problem"),
    [
        ("{at: [1, 2]}", "5:3: handles.jaw: goes nowhere: give it keys or a path, or `pin: true` to hold it"),
        (
            "{at: [1, 2], pin: true, keys: {1001: [1, 2]}}",
            "5:3: handles.jaw: has keys and pin; a handle has only one of them",
        ),
        (
            "{at: [1, 2], pin: true, timing: {1001: 0}}",
            "5:32: handles.jaw.timing: a timing needs a path to run along",
        ),
        ("{at: [1, 2], path: [[1, 2]]}", "5:27: handles.jaw.path: needs at least 2 points, not 1"),
        (
            "{at: [1, 2], path: [[1, 2], [3]]}",
            "5:36: handles.jaw.path[1]: must be [x, y], two numbers in pixels, not [3]",
        ),
        (
            "{at: [1, 2], path: [[1, 2], [3, 4]], timing: {1048: 1.5}}",
            "5:60: handles.jaw.timing.1048: must be at most 1, not 1.5",
        ),
        (
            "{at: [1, 2], path: [[1, 2], [3, 4]], timing: {1049: 1}}",
            "5:54: handles.jaw.timing: frame 1049 is after the last frame, 1048",
        ),
        (
            "{at: [1, 2], path: {points: [[1, 2], [3, 4]], spline: round}}",
            "5:62: handles.jaw.path.spline: must be linear, catmull-rom or bezier, not 'round'",
        ),
        ("{at: [1, 2], keys: {}}", "5:27: handles.jaw.keys: must not be empty"),
        ("{at: [1, 2], weight: 0, pin: true}", "5:29: handles.jaw.weight: must be above 0, not 0"),
        (
            "{at: [1, 2], keys: {1001: {to: [1, 2], hold: true}, 1010: {to: [3, 4], ease: in-sine}}}",
            "5:79: handles.jaw.keys.1010.ease: frame 1001 is held until here, which leaves nothing to ease",
        ),
        (
            "{at: [1, 2], keys: {1001: {to: [1, 2], hold: true, interp: linear}, 1010: [1, 2]}}",
            "5:53: handles.jaw.keys.1001.hold: `hold` and `interp: linear` contradict each other",
        ),
        (
            "{at: [1, 2], keys: {1010: {to: [1, 2], in: steep}}}",
            "5:51: handles.jaw.keys.1010.in: a tangent is [frames, dx, dy], auto or flat, not 'steep'",
        ),
        (
            "{at: [1, 2], interp: hermite, keys: {1010: {to: [1, 2], in: [0, 1, 1]}}}",
            "5:68: handles.jaw.keys.1010.in: of a hermite only the slope counts, which a tangent of 0 frames "
            "has not",
        ),
        (
            "{at: [1, 2], keys: {1010: [1, 2]}, extrapolate: bounce}",
            "5:56: handles.jaw.extrapolate: must be held, linear, loop-repeat, loop-reset or "
            "loop-oscillate, not 'bounce'",
        ),
        (
            "{at: [1, 2], keys: {1010: [1, 2]}, extrapolate: {after: {slope: 3}}}",
            "5:72: handles.jaw.extrapolate.after.slope: must be [dx, dy], the pixels a frame, not 3",
        ),
        (
            "{at: [1, 2], path: [[1, 2], [3, 4]], timing: {1010: 1}, extrapolate: {slope: [3, 4]}}",
            "5:85: handles.jaw.extrapolate.slope: must be one number, the change a frame, not [3, 4]",
        ),
        (
            '{at: [1, 2], path: {svg: "M 1 2 L 3"}}',
            "5:33: handles.jaw.path.svg: is not an SVG path: L takes 2 numbers at a time, and 1 are "
            "left over",
        ),
        (
            "{at: [1, 2], path: {points: [[1, 2], [3, 4], [5, 6]], spline: bezier}}",
            "5:36: handles.jaw.path.points: a chain of beziers is a point, then two control points "
            "and a point "
            "for each piece: 4, 7, 10 … points, not 3",
        ),
        (
            '{at: [1, 2], path: {points: [[1, 2], [3, 4]], svg: "M 1 2 L 3 4"}}',
            "5:21: handles.jaw.path: a path is either points or svg; this has both",
        ),
        (
            "{at: [1, 2], keys: {1010: {to: [1, 2], in: [-2, 0, 0]}}}",
            "5:51: handles.jaw.keys.1010.in: a tangent is 0 or more frames long on both sides, not -2",
        ),
        (
            "{at: [1, 2], interp: linear, keys: {1010: {to: [1, 2], in: [2, 0, 0]}}}",
            "5:63: handles.jaw.keys.1010.in: from 1001 to 1010 is linear, so a tangent has no use",
        ),
    ],
)
def test_a_problem_of_a_handle(handle, problem):
    text = "previz: 1\nframes: 1001-1048\ncharacter: head\nhandles:\n  jaw: " + handle
    assert problems(text) == [problem]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "1:1: the file is empty; it needs at least `previz: 1`, `frames`, `character` and `handles`"),
        (
            "# nothing\n",
            "1:1: the file is empty; it needs at least `previz: 1`, `frames`, `character` and `handles`",
        ),
        ("- 1\n- 2\n", "1:1: a timeline is a mapping that starts with `previz: 1`"),
        ("hello", "1:1: a timeline is a mapping that starts with `previz: 1`"),
        ("previz: 1\n\tframes: 1-2\n", "2:1: a tab can't indent YAML; use spaces"),
        (
            "previz: 1\nframes: 1: 2\n",
            "2:10: a `:` where none can stand; is the line above closed, and text with a colon in quotes?",
        ),
        (
            "a: [1, 2\n",
            "2:1: not valid YAML: while parsing a flow sequence, expected ',' or ']', but got '<stream end>'",
        ),
        ("previz: 1\n---\npreviz: 1\n", "2:1: a second document starts here; a timeline is one document"),
        ("a: *b\n", "1:4: not valid YAML: found undefined alias 'b'"),
        ("previz: \x07\n", "1:9: the character '\\x07' can't stand in YAML"),
        ("[" * 2000, " is nested too deeply; the limit is 40 levels"),
    ],
)
def test_yaml_that_cannot_be_read(text, problem):
    assert problems(text) == [problem]


def test_a_missing_space_after_a_colon_is_pointed_out():
    flow = changed("1012: {by: [0, 9], ease: out-cubic}\n      1048: [64, 98]", "{1012: [64, 98], 1048:1}")
    assert problems(changed("1048: [64, 98]", "1048:[64,98]")) == [
        "9:7: a key without a `: ` after it; is the space after the colon missing?"
    ]
    assert problems(flow) == ["8:24: handles.jaw.keys: a space is missing after the colon: `1048: 1`"]


def test_yaml_can_run_no_code():
    assert problems(changed("head", "!!python/object/apply:os.getcwd []"))[0] == (
        "3:12: character: the tag !!python/object/apply:os.getcwd is not allowed"
    )


def test_aliases_that_multiply_are_refused():
    lines = ["a0: &a0 [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    found = [problem for problem in problems("\n".join(lines)) if "aliases" in problem]
    assert len(found) == 1
    assert found[0].endswith("more than 400000 values once its aliases are expanded")


def test_an_anchor_within_itself_is_refused():
    assert "1:4: a[0]: an anchor that contains itself" in problems("a: &a [*a]")


def test_anchors_and_merges_work():
    text = SOUND + """\
  brow: &side
    at: [40, 40]
    weight: 2
    keys: {1010: [40, 36]}
  brow_2: {<<: *side, at: [88, 40]}
"""  # fmt: skip
    handles = parse_timeline(text).handles
    assert handles["brow_2"].at == (88.0, 40.0)
    assert handles["brow_2"].keys == handles["brow"].keys
    assert handles["brow_2"].weight == 2


def test_words_and_numbers_mean_what_they_look_like():
    text = changed("jaw", "on").replace("1012:", "01_012:").replace("frames", "shot: no\nframes")
    timeline = parse_timeline(text)
    assert timeline.shot == "no"
    assert list(timeline.handles["on"].keys) == [1012, 1048]
    assert problems(changed("1001-1048", "12:30")) == [
        "2:9: frames: '12:30' is not a frame range; write it as 1001-1048"
    ]


def test_json_is_read_too():
    timeline = parse_timeline(SOUND)
    assert parse_timeline(json.dumps(timeline.to_dict())).to_dict() == timeline.to_dict()


def test_a_timeline_survives_being_written_as_data():
    timeline = parse_timeline(SOUND)
    again = parse_timeline(timeline.to_dict())
    assert again.to_dict() == timeline.to_dict()
    assert again.handles == timeline.handles


def test_a_timeline_cannot_be_changed():
    timeline = parse_timeline(SOUND)
    with pytest.raises(ValueError, match="frozen"):
        timeline.shot = "other"  # type: ignore[misc]


def test_data_without_a_file_has_problems_without_lines():
    with pytest.raises(TimelineError) as error:
        parse_timeline({"previz": 1, "frames": "1-2", "character": "head", "handles": {"a": {"at": [1]}}})
    assert str(error.value) == "handles.a.at: must be [x, y], two numbers in pixels, not [1]"


def test_a_file_names_its_shot(tmp_path):
    path = tmp_path / "jaw drop.v2.yaml"
    path.write_text(SOUND)
    timeline = load_timeline(path)
    assert timeline.shot == "jaw_drop.v2"
    assert timeline.source == path


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "there is no such file"),
        (lambda path: path.mkdir(), "is a folder, not a timeline"),
        (lambda path: path.write_bytes(b"previz: 1\nshot: \xff\xfe"), "is not UTF-8 text"),
        (lambda path: path.write_bytes(b"a" * 5_000_000), "is larger than 4 MB; that is no timeline"),
    ],
)
def test_a_file_that_cannot_be_read(tmp_path, make, message):
    make(tmp_path / "x.yaml")
    with pytest.raises(TimelineError) as error:
        load_timeline(tmp_path / "x.yaml")
    place = ":2:7" if "UTF-8" in message else ""
    assert str(error.value) == f"{tmp_path}/x.yaml{place}: {message}"


def test_the_files_that_a_timeline_names_must_be_there(tmp_path):
    text = changed(
        "character: head", "character: {checkpoint: nets/a.pkl, latent: w.npz}\nmask: {png: m.png}"
    )
    path = tmp_path / "x.yaml"
    path.write_text(text)
    with pytest.raises(TimelineError) as error:
        load_timeline(path)
    assert [str(problem).removeprefix(f"{path}:") for problem in error.value.problems] == [
        "3:25: character.checkpoint: there is no file nets/a.pkl",
        "3:45: character.latent: there is no file w.npz",
        "4:13: mask.png: there is no picture m.png",
    ]


def test_files_are_found_beside_the_timeline_first(tmp_path, monkeypatch):
    (tmp_path / "shots").mkdir()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shots" / "x.yaml").write_text(SOUND)
    (tmp_path / "a.pkl").touch()
    timeline = load_timeline("shots/x.yaml")
    assert str(timeline.resolve("a.pkl")) == "a.pkl"
    (tmp_path / "shots" / "a.pkl").touch()
    assert str(timeline.resolve("a.pkl")) == "shots/a.pkl"
    assert timeline.checkpoint == "head"


nodes = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
FIELDS = [
    *Timeline.model_fields,
    "jaw",
    "at",
    "keys",
    "path",
    "timing",
    "to",
    "by",
    "ellipse",
    "polygon",
    "feather",
    "extrapolate",
    "modifiers",
    "follow",
    "layer",
    "noise",
    "weight",
    "active",
    "images",
    "svg",
    "use",
    "with",
    "offset",
]


@given(st.dictionaries(st.sampled_from(FIELDS), nodes))
def test_any_data_is_a_timeline_or_a_list_of_problems(data):
    text = yaml.safe_dump({**data, "previz": 2})
    assert problems(text)


RICH = """\
previz: 1
frames: 1001-1024
character: head
canvas: 128
motions: [{use: motions/nod.yaml, with: {amount: 4, at: [9, 9]}, rename: {nose: chin}}]
handles:
  jaw:
    at: [64, 98]
    path: {points: [[1, 2], [3, 4]], closed: true}
    timing: {1001: 0, 1010: {to: 2, in: [3, 1]}}
    extrapolate: {before: held, after: {slope: 0.1}}
    active: 1003-1010
    blend_in: 3
    weight: {1001: 1, 1010: 2}
    modifiers:
      - noise: {amplitude: 2, seed: 1}
      - follow: {handle: ear, frames: 2}
      - layer: {keys: {1003: [1, 1]}}
  ear: {at: [9, 9], modifiers: [{cycle: {amplitude: [1, 1], period: 9}}]}
groups: {g: {handles: [jaw], offset: {1001: [0, 0]}}}
mask: [{ellipse: {center: {1001: [9, 9]}, radius: 4}, feather: {keys: {1001: 3}, extrapolate: linear}}]
"""


@given(st.text(alphabet="abc :-[]{},&*!|>'\"%@#\n\t\x00é1.0<", max_size=60))
def test_any_text_is_a_timeline_or_a_list_of_problems(text):
    assert problems(text)


@pytest.mark.parametrize("text", [SOUND, RICH], ids=["plain", "rich"])
@given(data=st.data())
def test_a_timeline_with_any_value_replaced_is_sound_or_a_list_of_problems(text, data):
    tree = yaml.safe_load(text)
    where = tree
    while isinstance(where, (dict, list)) and where:
        steps = list(where) if isinstance(where, dict) else range(len(where))
        step = data.draw(st.sampled_from(list(steps)))
        if not isinstance(where[step], (dict, list)) or data.draw(st.booleans()):
            where[step] = data.draw(nodes)
            break
        where = where[step]
    with contextlib.suppress(TimelineError):
        parse_timeline(yaml.safe_dump(tree), "x.yaml")
