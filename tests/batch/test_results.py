"""What a list leaves besides its shots: index.html, the sequence's .otio, report.json."""

import base64
import io
import json
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import jsonschema
import pytest
from click.testing import CliRunner
from PIL import Image

from previz import OutputError
from previz.batch import (
    State,
    WorkOptions,
    clean,
    finish,
    list_report,
    plan_list,
    report_schema,
    stored_plan,
    sync,
    work,
    write_results,
)
from previz.batch._page import page
from previz.cli import main
from previz.interchange import read_edit
from tests.batch.lists import TIMELINE, make_folder, make_list

ONE = {"timeline": "nod.yaml"}
FAILS = {**ONE, "set": {"solver.block": 9}, "retries": 0}
VOID = {"meta", "link", "input", "img", "br"}
EVIL = "\"><script>alert('x')</script>&amp;"


class Page(HTMLParser):
    """A page's elements, with a check that each is closed where it was opened."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] not in (["script"], ["style"]):
            self.texts.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def state(tmp_path_factory) -> State:
    """A list of which a shot is done, one has failed, and one waits for that one."""
    mp4 = TIMELINE.replace("clip.mkv, codec: ffv1", "clip.mp4")
    folder = make_folder(tmp_path_factory.mktemp("list"), mp4)
    shots = {"a": {**ONE, "tags": ["hero"]}, "b": FAILS, "c": {**ONE, "after": "b"}}
    plan = plan_list(make_list(folder, shots, show="demo", sequence="sq010"))
    state = sync(plan)
    work(plan.database, WorkOptions(), finish)
    write_results(state)
    return state


@pytest.fixture
def index(state) -> Page:
    return Page((state.path.parent / "index.html").read_text(encoding="utf-8"))


def test_every_shot_has_a_card_in_the_lists_order(index):
    cards = index.all("article")
    assert [(card["id"], card["data-status"]) for card in cards] == [
        ("a", "done"),
        ("b", "failed"),
        ("c", "blocked"),
    ]


def test_players_name_clips_beside_the_page_and_show_a_picture_before(state, index):
    player, theatre = index.all("video")
    assert (player["src"], player["preload"]) == ("a/a.mp4", "none")
    assert (state.path.parent / player["src"]).is_file()
    kind, _, data = player["poster"].partition(",")
    assert kind == "data:image/jpeg;base64"
    assert Image.open(io.BytesIO(base64.b64decode(data))).size == (32, 32)
    assert "src" not in theatre


def test_page_needs_no_network_and_all_that_it_links_to_is_there(state, index):
    places = [
        element[name]
        for _, element in index.elements
        for name in ("src", "href", "poster")
        if element.get(name)
    ]
    local = [place for place in places if not place.startswith("data:")]
    assert len(local) > 8
    assert all((state.path.parent / unquote(place)).is_file() for place in local)


def test_page_tells_errors_and_figures_without_its_script(index):
    text = " ".join(index.texts)
    assert "solver.block: 9 is after the generator's last block, 4" in text
    assert "waits for b, which failed" in text
    for word in ("demo sq010", "1 done", "1 failed", "1 blocked", "jitter", "attempts", "hero", "1001-1003"):
        assert word in text
    (tools,) = (element for _, element in index.elements if element.get("id") == "tools")
    assert "hidden" in tools  # until the script is at work


def test_script_can_be_parsed(tmp_path, state):
    text = (state.path.parent / "index.html").read_text(encoding="utf-8")
    script = text.split("<script>")[1].split("</script>")[0]
    (tmp_path / "index.js").write_text(script)
    try:
        subprocess.run(["node", "--check", tmp_path / "index.js"], check=True)
    except FileNotFoundError:
        pytest.skip("there is no node here")


def test_what_people_wrote_is_escaped(state):
    report = list_report(stored_plan(state), state.rows())
    for field in ("show", "sequence", "source"):
        report[field] = EVIL
    shot = report["shots"][1]
    for field in ("id", "error", "host", "character", "device"):
        shot[field] = EVIL
    shot["tags"] = [EVIL]
    shot["hooks"] = [{"event": "done", "error": EVIL}]
    found = Page(page(report, {}, {EVIL: {"clip": EVIL, "sheet": EVIL}}, EVIL))
    assert len(found.all("script")) == 1
    assert found.all("article")[1]["id"] == EVIL
    assert json.loads(found.all("article")[1]["data-tags"]) == [EVIL]
    assert " ".join(found.texts).count(EVIL) >= 8


def test_edit_has_all_shots_in_order_and_missing_ones_as_offline(state):
    edit = read_edit(state.path.parent / "sq010.otio")
    clips = list(edit.find_clips())
    assert [clip.name for clip in clips] == ["a", "b", "c"]
    assert [clip.media_reference.schema_name() for clip in clips] == [
        "ExternalReference",
        "MissingReference",
        "MissingReference",
    ]
    assert clips[0].media_reference.target_url == "a/a.mp4"
    assert [clip.source_range.duration.value for clip in clips] == [3, 3, 3]
    assert [clip.range_in_parent().start_time.value for clip in clips] == [0, 3, 6]
    assert clips[1].metadata["previz"]["status"] == "failed"
    assert [marker.name for marker in clips[0].markers] == ["jaw", "jaw"]


def test_report_fits_its_schema_and_has_each_shots_figures(state):
    report = json.loads((state.path.parent / "report.json").read_text())
    jsonschema.Draft202012Validator(report_schema()).validate(report)
    a, b, _ = report["shots"]
    told = json.loads((state.path.parent / "a/a.report.json").read_text())["summary"]
    assert {name: told[name] for name in a["summary"]} == a["summary"]
    assert (b["summary"], b["status"]) == (None, "failed")


def test_report_of_a_running_list_can_be_had_at_any_time(state):
    (state.path.parent / "index.html").unlink()
    result = CliRunner().invoke(main, ["batch", "report", str(state.path.parent), "--json"])
    files = json.loads(result.stdout)
    assert set(files) == {"index", "otio", "report"}
    assert all(Path(file).is_file() for file in files.values())
    schema = CliRunner().invoke(main, ["batch", "report", "--schema"])
    assert json.loads(schema.stdout)["title"] == "previz shot list report"


def test_clip_that_is_gone_is_a_missing_one(tmp_path):
    plan = plan_list(make_list(make_folder(tmp_path), {"a": ONE}))
    state = sync(plan)
    work(plan.database, WorkOptions(), finish)
    plan["a"].outputs.clip.unlink()
    results = write_results(state)
    (clip,) = read_edit(results.otio).find_clips()
    assert clip.media_reference.schema_name() == "MissingReference"
    assert Page(results.index.read_text()).all("video") == [{"controls": None}]


def test_clips_that_browsers_do_not_play_are_shown_as_pictures(tmp_path):
    stills = TIMELINE.replace("clip.mkv, codec: ffv1", "clip.####.png, otio: false")
    plan = plan_list(make_list(make_folder(tmp_path, stills), {"a": ONE}))
    state = sync(plan)
    work(plan.database, WorkOptions(), finish)
    results = write_results(state)
    found = Page(results.index.read_text())
    assert found.all("img")[0]["src"].startswith("data:image/jpeg")
    assert "a/a/a.1001.png" in [link["href"] for link in found.all("a")]
    (clip,) = read_edit(results.otio).find_clips()  # made of the pictures themselves
    assert clip.media_reference.schema_name() == "ImageSequenceReference"


def test_cleaning_all_removes_what_tells_of_the_list(tmp_path):
    plan = plan_list(make_list(make_folder(tmp_path), {"b": FAILS}))
    state = sync(plan)
    work(plan.database, WorkOptions(), finish)
    write_results(state)
    clean(state, everything=True)
    assert not plan.folder.exists()


def test_folder_that_cannot_be_written_is_told_of(state, monkeypatch):
    monkeypatch.setattr("previz.files.os.access", lambda *_: False)
    with pytest.raises(OutputError) as caught:
        write_results(state)
    report = state.path.parent / "report.json"
    assert str(caught.value) == f"{report}: its folder can't be written to; choose another place"
