import json
from pathlib import Path

import pytest

from previz import Timeline
from previz.batch import PlannedShot, ShotListError, ShotPlan, plan_list, shot_list_schema
from previz.timeline import parse_timeline
from tests.batch.lists import TIMELINE, make_folder, make_list


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """A folder, the working one, with a generator and the timeline nod.yaml."""
    monkeypatch.chdir(tmp_path)
    return make_folder(tmp_path)


def write(folder: Path, text: str, name: str = "shots.yaml") -> str:
    (folder / name).write_text(text)
    return name


def problems(folder: Path, text: str, name: str = "shots.yaml") -> list[str]:
    with pytest.raises(ShotListError) as caught:
        plan_list(write(folder, text, name))
    return str(caught.value).splitlines()


def timeline_of(shot: PlannedShot) -> Timeline:
    return parse_timeline(shot.timeline, str(shot.source), shot.source)


def ids(plan: ShotPlan) -> list[str]:
    return [shot.id for shot in plan.shots]


def test_shot_has_its_timeline_and_its_outputs(folder):
    (shot,) = plan_list(make_list(folder)).shots
    assert timeline_of(shot).handles.keys() == {"jaw", "nose"}
    assert timeline_of(shot).shot == "sh010"
    assert (shot.checkpoint, shot.solves, str(shot.frames)) == (
        str(folder / "tiny.safetensors"),
        3,
        "1001-1003",
    )
    assert shot.outputs.clip == folder / "out/sh010/sh010.mkv"
    assert shot.outputs.log == folder / "out/logs/sh010.log"


def test_plan_is_plain_data(folder):
    (shot,) = plan_list(make_list(folder)).shots
    assert PlannedShot.from_dict(json.loads(json.dumps(shot.to_dict()))) == shot


def test_files_are_named_by_the_template(folder):
    path = make_list(
        folder, show="demo", sequence="sq010", name="{show}_{seq}_{shot}_v{version:03}", version=3
    )
    (shot,) = plan_list(path).shots
    assert shot.outputs.clip.name == "demo_sq010_sh010_v003.mkv"
    assert (timeline_of(shot).output.show, timeline_of(shot).output.seq) == ("demo", "sq010")


def test_fields_are_overridden_by_dotted_paths(folder):
    change = {
        "solver.tolerance": 2,
        "handles.jaw.keys.1003.by": [1, 1],
        "mask.ellipse": None,
        "solver.max_iterations": None,
        "output.crf": 4,
    }
    shots = {"a": {"timeline": "nod.yaml", "seed": 8, "frames": "1001-1002", "set": change}}
    (shot,) = plan_list(make_list(folder, shots)).shots
    timeline = timeline_of(shot)
    assert (timeline.character.seed, timeline.solver.tolerance, timeline.output.crf) == (8, 2, 4)
    assert timeline.handles["jaw"].keys[1003].by == (1, 1)
    assert timeline.solver.max_iterations == 200  # what the file says is taken away
    assert (len(shot.frames), shot.solves, str(timeline.frames)) == (2, 2, "1001-1003")


def test_shot_goes_before_the_defaults(folder):
    defaults = {"seed": 5, "timeline": "nod.yaml", "tags": ["all"], "set": {"solver.tolerance": 3}}
    shots = {"a": {}, "b": {"seed": 6, "tags": "hero", "set": {"solver.tolerance": 4}}}
    a, b = plan_list(make_list(folder, shots, defaults=defaults)).shots
    assert [timeline_of(shot).character.seed for shot in (a, b)] == [5, 6]
    assert [timeline_of(shot).solver.tolerance for shot in (a, b)] == [3, 4]
    assert (a.tags, b.tags) == (("all",), ("all", "hero"))


def test_matrix_is_every_combination(folder):
    matrix = {"seed": [1, 2], "take": {"calm": {}, "wild": {"solver.tolerance": 2}}}
    plan = plan_list(make_list(folder, {"a": {"timeline": "nod.yaml", "matrix": matrix}}))
    assert ids(plan) == ["a_seed1_calm", "a_seed1_wild", "a_seed2_calm", "a_seed2_wild"]
    assert plan["a_seed2_wild"].labels == {"seed": "seed2", "take": "wild"}
    wild = timeline_of(plan["a_seed2_wild"])
    assert (wild.character.seed, wild.solver.tolerance) == (2, 2)
    assert plan["a_seed2_wild"].outputs.clip == folder / "out/a/a_seed2_wild.mkv"


def test_shot_starts_from_the_last_latent_of_another(folder):
    shots = {"a": {"timeline": "nod.yaml"}, "b": {"timeline": "nod.yaml", "start_from": "a"}}
    a, b = plan_list(make_list(folder, shots)).shots
    assert b.after == ("a",)
    assert b.timeline["character"]["latent"] == str(a.outputs.last)
    assert "seed" not in b.timeline["character"]


def test_take_starts_from_the_take_of_the_same_labels(folder):
    fields = {"timeline": "nod.yaml", "matrix": {"solver.tolerance": [1, 2]}}
    plan = plan_list(make_list(folder, {"a": fields, "b": {**fields, "start_from": "a"}}))
    assert [shot.start_from for shot in plan.shots] == [None, None, "a_tolerance1", "a_tolerance2"]


def test_waiting_for_a_shot_is_waiting_for_all_of_its_takes(folder):
    shots = {
        "a": {"timeline": "nod.yaml", "matrix": {"seed": [1, 2]}},
        "b": {"timeline": "nod.yaml", "after": "a"},
        "c": {"timeline": "nod.yaml", "after": "b"},
    }
    plan = plan_list(make_list(folder, shots))
    assert plan["b"].after == ("a_seed1", "a_seed2")
    assert plan.with_needs(frozenset({"c"})) == {"a_seed1", "a_seed2", "b", "c"}


def test_hash_changes_with_what_the_outputs_depend_on(folder):
    shots = {"a": {"timeline": "nod.yaml"}, "b": {"timeline": "nod.yaml", "start_from": "a"}}
    before = [shot.input_hash for shot in plan_list(make_list(folder, shots)).shots]
    assert [shot.input_hash for shot in plan_list(make_list(folder, shots, stale_after=5)).shots] == before
    moved = [shot.input_hash for shot in plan_list(folder / "shots.yaml", folder / "other").shots]
    assert moved == before
    (folder / "nod.yaml").write_text(TIMELINE.replace("[0, 3]", "[0, 4]"))
    after = [shot.input_hash for shot in plan_list(folder / "shots.yaml").shots]
    assert all(one != other for one, other in zip(before, after, strict=True))


def test_every_problem_is_told_with_its_place(folder):
    text = """\
previz: 1
shots:
  a:
    timeline: nod.yaml
    set: {solver.tolerence: 2, handles.jam.at: [1, 2], solver.max_iterations: 0, tolerance: 3}
  b: {timeline: nope.yaml}
  c: {timeline: nod.yaml, frames: 1001-1009, after: d}
"""
    assert problems(folder, text) == [
        "shots.yaml:5:11: shots.a.set.solver.tolerence: there is no tolerence in solver; "
        "did you mean solver.tolerance?",
        "shots.yaml:5:32: shots.a.set.handles.jam.at: there is no jam in handles; did you mean handles.jaw?",
        "shots.yaml:5:79: shots.a.set.solver.max_iterations: must be at least 1, not 0",
        "shots.yaml:5:82: shots.a.set.tolerance: there is no tolerance; did you mean solver.tolerance?",
        "shots.yaml:6:17: shots.b.timeline: nope.yaml: there is no such file",
        "shots.yaml:7:35: shots.c.frames: 1009 is outside the timeline's frames, 1001-1003",
    ]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("seeed: 1", "shots.yaml:3:27: shots.a.seeed: unknown field; did you mean seed?"),
        ("seed: -1", "shots.yaml:3:33: shots.a.seed: must be at least 0, not -1"),
        ("after: b", "shots.yaml:3:34: shots.a.after: there is no shot b; there are a"),
        ("after: a", "shots.yaml:3:3: shots.a: waits in a circle: a after a; take one of them out"),
        (
            "matrix: {seed: [1, 1]}",
            "shots.yaml:3:46: shots.a.matrix.seed[1]: a second take called seed1",
        ),
        (
            "matrix: {seed: 3}",
            "shots.yaml:3:42: shots.a.matrix.seed: must be a list of values, or a mapping of names to values",
        ),
        (
            "set: {shot: x}",
            "shots.yaml:3:33: shots.a.set.shot: a shot's name is the list's",
        ),
        (
            "set: {solver..x: 1}",
            "shots.yaml:3:33: shots.a.set.solver..x: 'solver..x' is not a field's path; "
            "write it as solver.tolerance or motions[0].with.amount",
        ),
        (
            "character: mirra",
            "shots.yaml:3:38: shots.a.character: mirra: neither a file nor a bundled character; did you mean",
        ),
        (
            "set: {output.video: a.mov}",
            "shots.yaml:3:3: shots.a: a.mov: ffv1 doesn't go in .mov; name it a.mkv, or choose",
        ),
    ],
)
def test_problem_of_a_shot_is_one_line(folder, fields, message):
    (line,) = problems(folder, f"previz: 1\nshots:\n  a: {{timeline: nod.yaml, {fields}}}\n")
    assert line.startswith(message)


def test_two_takes_of_one_name_are_refused(folder):
    text = "previz: 1\nname: '{character}'\nshots:\n  a: {timeline: nod.yaml, matrix: {seed: [1, 2]}}\n"
    assert problems(folder, text) == [
        "shots.yaml:4:3: shots.a: a_seed2 and a_seed1 would both write tiny.mkv; put {shot} into `name`"
    ]


def test_problem_of_the_timeline_itself_is_told_once(folder):
    (folder / "nod.yaml").write_text(TIMELINE.replace("pin: true", "pin: treu"))
    text = "previz: 1\nshots:\n  a: {timeline: nod.yaml}\n  b: {timeline: nod.yaml, seed: 4}\n"
    assert problems(folder, text) == ["nod.yaml:6:29: handles.nose.pin: must be true or false, not 'treu'"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "shots.yaml:1:1: the file is empty; it needs at least `previz: 1` and `shots`"),
        ("previz: 1\n", "shots.yaml:1:1: shots: is missing"),
        ("- a\n", "shots.yaml:1:1: a shot list is a mapping that starts with `previz: 1` and has `shots`"),
        ("previz: 1\nshots: {a: }\n", "shots.yaml:2:9: shots.a: must be a mapping, not nothing"),
        ("previz: 1\nshots: b.csv\n", "shots.yaml:2:8: shots: b.csv: there is no such file"),
    ],
)
def test_file_that_is_no_list_is_one_line(folder, text, message):
    assert problems(folder, text) == [message]


def test_spreadsheet_is_a_row_a_shot(folder):
    text = (
        "shot,timeline,seed,tags,solver.tolerance,matrix.seed,handles.jaw.keys.1003.by\r\n"
        'a,nod.yaml,4,"hero, night",2,,"[1, 2]"\r\n'
        "\r\n"
        'b,nod.yaml,,,,"[1, 2]",\r\n'
    )
    plan = plan_list(write(folder, text, "shots.csv"))
    assert ids(plan) == ["a", "b_seed1", "b_seed2"]
    a = timeline_of(plan["a"])
    assert (a.character.seed, a.solver.tolerance, a.handles["jaw"].keys[1003].by) == (4, 2, (1, 2))
    assert plan["a"].tags == ("hero", "night")
    assert plan.folder == folder / "renders/shots"


def test_list_takes_its_shots_from_a_spreadsheet(folder):
    write(folder, "shot;timeline\na;nod.yaml\n", "rows.csv")
    plan = plan_list(write(folder, "previz: 1\nshow: demo\nname: '{show}_{shot}'\nshots: rows.csv\n"))
    assert [shot.outputs.clip.name for shot in plan.shots] == ["demo_a.mkv"]


def test_every_problem_of_a_spreadsheet_is_told_with_its_cell(folder):
    text = (
        'shot,timeline,seed,solver.tolerence\na,"nod.yaml",x,\nb,nod.yaml,,2\na,nod.yaml,,\n,nod.yaml,,,1\n'
    )
    assert problems(folder, text, "shots.csv") == [
        "shots.csv:2:14: shots.a.seed: must be a whole number, not 'x'",
        "shots.csv:4:1: shots.a: written twice; first on line 2",
        "shots.csv:5:1: shot: is missing: this row has no name",
        "shots.csv:5:13: this row has 5 cells, and there are 4 columns",
    ]
    assert problems(folder, "shot,timeline,solver.tolerence\nb,nod.yaml,2\n", "shots.csv") == [
        "shots.csv:2:12: shots.b.set.solver.tolerence: there is no tolerence in solver; "
        "did you mean solver.tolerance?"
    ]


def test_schema_knows_the_fields():
    schema = shot_list_schema()
    assert {"show", "sequence", "output", "defaults", "shots"} <= schema["properties"].keys()
    assert "start_from" in schema["$defs"]["ShotFields"]["properties"]
