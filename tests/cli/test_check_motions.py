import json

import jsonschema
import pytest
from click.testing import CliRunner

from previz.cli import main

NOD = """\
previz: 1
motion: nod
parameters: {amount: 8}
handles: {nose: {at: [64, 70], keys: {0: {by: [0, 0]}, 6: {by: [0, "${amount}"]}}}}
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nod.yaml").write_text(NOD)
    (tmp_path / "bad.yaml").write_text(NOD.replace("${amount}", "${amout}"))
    return lambda *args: CliRunner().invoke(main, list(args))


def test_a_sound_motion_gets_one_line(run):
    result = run("check", "nod.yaml")
    assert (result.exit_code, result.stdout) == (
        0, "nod.yaml: ok: motion nod, 7 frames at 24 fps, 1 handle, parameters amount\n"
    )  # fmt: skip


def test_a_motion_with_an_error_is_told_at_its_place(run):
    result = run("check", "bad.yaml")
    assert (result.exit_code, result.stderr) == (
        2, "bad.yaml:4:68: handles.nose.keys.6.by[1]: there is no parameter amout; did you mean amount?\n"
    )  # fmt: skip


def test_as_json(run):
    (entry,) = json.loads(run("check", "--json", "nod.yaml").stdout)
    assert (entry["motion"], entry["parameters"], entry["ok"]) == ("nod", ["amount"], True)


def test_the_schema_of_motions(run):
    schema = json.loads(run("schema", "--motion").stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["title"] == "previz motion"
