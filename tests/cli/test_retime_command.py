import pytest
from click.testing import CliRunner

from previz.cli import main
from previz.timeline import load_timeline

SHOT = """\
# an artist's notes
previz: 1
frames: 1001-1048     # two seconds
character: head
handles:
  jaw: {at: [64, 98], keys: {1012: [64, 107], 1013: [64, 108], 1037: [64, 98]}}   # down and up
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shot.yaml").write_text(SHOT)
    return lambda *args: CliRunner().invoke(main, ["retime", *args])


def test_a_timeline_is_written_at_another_rate_with_its_comments(run, tmp_path):
    result = run("shot.yaml", "-o", "new.yaml", "--fps", "30")
    assert result.exit_code == 0, result.output
    assert result.output == (
        "shot.yaml: 48 frames (1001-1048) at 24 fps, 2.00 s\n"
        "new.yaml: 60 frames (1001-1060) at 30 fps, 2.00 s\n"
    )
    text = (tmp_path / "new.yaml").read_text()
    assert text.startswith("# an artist's notes\npreviz: 1\n")
    assert "frames: 1001-1060     # two seconds\n" in text
    assert "# down and up" in text
    assert sorted(load_timeline("new.yaml").handles["jaw"].keys) == [1015, 1016, 1046]


def test_without_an_output_it_is_printed_and_nothing_else(run):
    result = run("shot.yaml", "--length", "95")
    assert result.exit_code == 0
    assert result.stdout == SHOT.replace("1001-1048 ", "1001-1095 ").replace("1012", "1023").replace(
        "1013", "1025"
    ).replace("1037", "1073")


def test_to_a_range(run):
    assert "frames: 1-48" in run("shot.yaml", "--range", "1-48").stdout


def test_a_timeline_that_exists_is_replaced_only_if_asked(run, tmp_path):
    refused = run("shot.yaml", "-o", "shot.yaml", "--fps", "30")
    assert refused.exit_code == 2
    assert "shot.yaml exists already; pass --force" in refused.output
    assert (tmp_path / "shot.yaml").read_text() == SHOT
    assert run("shot.yaml", "-o", "shot.yaml", "--fps", "30", "--force").exit_code == 0
    assert load_timeline("shot.yaml").rate == 30


def test_keys_that_meet_are_an_error_and_may_be_nudged(run):
    refused = run("shot.yaml", "--speed", "3")
    assert refused.exit_code == 2
    assert refused.stderr == (
        "previz: error: shot.yaml:6:23: handles.jaw.keys: the keys on 1012 and 1013 both come to stand on "
        "frame 1005; take one of them away, leave more frames, or pass --nudge (nudge=True) to use the next "
        "free frame\n"
    )
    nudged = run("shot.yaml", "--speed", "3", "--nudge").stdout
    assert "{1005: [64, 107], 1006: [64, 108], 1013: [64, 98]}" in nudged


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([], "previz: error: nothing to retime to: give a rate (--fps), a length, a range or a speed\n"),
        (["--speed", "-1"], "previz: error: a speed lies between 0.001 and 1000, not -1\n"),
        (
            ["--length", "9", "--speed", "2"],
            "previz: error: give one of a length and a speed; each says how long the shot gets\n",
        ),
    ],
)
def test_what_cannot_be_asked_for(run, args, message):
    result = run("shot.yaml", *args)
    assert (result.exit_code, result.stderr) == (2, message)


def test_a_rate_that_is_none(run):
    result = run("shot.yaml", "--fps", "fast")
    assert result.exit_code == 2
    assert "Invalid value for '--fps': 'fast' is not a frame rate" in result.stderr


def test_a_file_that_is_missing(run):
    result = run("none.yaml", "--fps", "25")
    assert (result.exit_code, result.stderr) == (2, "previz: error: none.yaml: there is no such file\n")


def test_help_shows_an_example(run):
    assert "Example: previz retime smile.yaml -o smile_25.yaml --fps 25" in run("--help").stdout
