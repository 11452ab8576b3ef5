"""Edits as OpenTimelineIO reads them back."""

from fractions import Fraction
from pathlib import Path

import opentimelineio as otio
import pytest

from previz import FrameRange, MediaError, OutputError, parse_timeline
from previz.interchange import (
    ClipMarker,
    EditClip,
    join_edits,
    key_markers,
    read_edit,
    take_metadata,
    timeline_otio,
    write_edit,
)

RATE = Fraction(24000, 1001)
SHOT = FrameRange(1001, 1048)


def clip(name="sq010_sh020", media="renders/sq010_sh020.mp4", **fields) -> EditClip:
    return EditClip(name, Path(media), SHOT, fields.pop("rate", RATE), **fields)


def written(tmp_path, clips, name="edit.otio"):
    """The clips of an edit after it was written and read by OpenTimelineIO."""
    path = write_edit(timeline_otio(clips, tmp_path), tmp_path / name)
    return list(otio.adapters.read_from_file(str(path)).find_clips())


def span(start, frames, rate=RATE):
    return otio.opentime.TimeRange(
        otio.opentime.RationalTime(start, float(rate)), otio.opentime.RationalTime(frames, float(rate))
    )


@pytest.mark.parametrize("rate", [RATE, Fraction(24), Fraction(25), Fraction(30000, 1001)])
def test_a_clip_has_its_media_ranges_and_rate(tmp_path, rate):
    (found,) = written(tmp_path, clip(media=tmp_path / "renders/a b.mp4", rate=rate))
    assert isinstance(found.media_reference, otio.schema.ExternalReference)
    assert found.media_reference.target_url == "renders/a%20b.mp4"
    assert found.media_reference.available_range == span(0, 48, rate)
    assert found.source_range == span(0, 48, rate)
    assert found.name == "sq010_sh020"


def test_media_beside_or_above_the_edit_is_named_relative_to_it(tmp_path):
    (found,) = written(tmp_path, clip(media=tmp_path.parent / "a.mp4"))
    assert found.media_reference.target_url == "../a.mp4"


def test_media_without_a_folder_is_named_absolutely(tmp_path):
    edit = timeline_otio(clip(media=tmp_path / "a.mp4"))
    assert next(iter(edit.find_clips())).media_reference.target_url == (tmp_path / "a.mp4").as_uri()


def test_a_part_of_a_clip_is_its_source_range(tmp_path):
    (found,) = written(tmp_path, clip(source=FrameRange(1005, 1040)))
    assert found.source_range == span(4, 36)
    assert found.media_reference.available_range == span(0, 48)


def test_media_with_a_timecode_starts_there(tmp_path):
    (found,) = written(tmp_path, clip(start=1001, source=FrameRange(1005, 1040)))
    assert found.media_reference.available_range == span(1001, 48)
    assert found.source_range == span(1005, 36)


def test_markers_lie_at_keys_in_the_medias_time(tmp_path):
    marks = (ClipMarker(1001, "start"), ClipMarker(1012, "jaw", "the lowest"), ClipMarker(2000, "beyond"))
    (found,) = written(tmp_path, clip(markers=marks))
    assert [mark.name for mark in found.markers] == ["start", "jaw"]
    assert found.markers[1].marked_range == span(11, 1)
    assert found.markers[1].comment == "the lowest"


def test_a_timelines_keys_become_markers_by_the_names_of_their_handles():
    timeline = parse_timeline(
        "previz: 1\nframes: 1001-1010\ncharacter: mira\nhandles:\n"
        "  jaw: {at: [1, 2], keys: {1004: [1, 3], 1010: [1, 2]}}\n"
        "  nose: {at: [1, 2], keys: {1004: [2, 2]}}\n"
    )
    marks = key_markers(timeline, frozenset({1001, 1004, 1007, 1010}))
    assert [(mark.frame, mark.name) for mark in marks] == [
        (1001, "start"),
        (1004, "jaw, nose"),
        (1007, "key"),
        (1010, "jaw"),
    ]


def test_metadata_lies_under_previz(tmp_path):
    (found,) = written(tmp_path, clip(metadata={"seed": 9, "handles": ["jaw"]}))
    facts = found.metadata["previz"]
    assert (facts["seed"], list(facts["handles"])) == (9, ["jaw"])
    assert (facts["frames"], facts["rate"]) == ("1001-1048", "24000/1001")


def test_a_take_tells_of_its_character_and_solver():
    class Solved:
        shot, names, width, height = "smile", ("jaw",), 32, 32
        settings = {  # noqa: RUF012
            "generator": {"name": "mira", "digest": "abc"},
            "timeline": {"character": {"seed": 7, "truncation": 0.7}, "solver": {"method": "ik"}},
            "tolerance": 1.0,
            "source": "smile.yaml",
            "versions": {"previz": "1"},
        }

    assert take_metadata(Solved()) == {
        "shot": "smile",
        "timeline": "smile.yaml",
        "checkpoint": "mira",
        "checkpoint_digest": "abc",
        "seed": 7,
        "truncation": 0.7,
        "solver": {"method": "ik", "tolerance": 1.0},
        "handles": ["jaw"],
        "picture": [32, 32],
        "versions": {"previz": "1"},
    }


@pytest.mark.parametrize("pattern", ["sh020.####.png", "sh020.%04d.png"])
def test_pictures_are_an_image_sequence_by_their_numbers(tmp_path, pattern):
    (found,) = written(tmp_path, clip(media=tmp_path / "frames" / pattern, source=FrameRange(1005, 1040)))
    reference = found.media_reference
    assert isinstance(reference, otio.schema.ImageSequenceReference)
    assert reference.target_url_for_image_number(0) == "frames/sh020.1001.png"
    assert reference.target_url_for_image_number(47) == "frames/sh020.1048.png"
    assert reference.number_of_images_in_sequence() == 48
    assert reference.available_range == span(1001, 48)
    assert found.source_range == span(1005, 36)


def test_a_shot_list_is_one_track_of_clips_one_after_the_other(tmp_path):
    edit = timeline_otio([clip("a"), clip("b", source=FrameRange(1001, 1012)), clip("c")], tmp_path)
    back = read_edit(write_edit(edit, tmp_path / "edit.otio"))
    clips = list(back.find_clips())
    assert len(back.tracks) == 1
    assert [found.name for found in clips] == ["a", "b", "c"]
    assert [found.range_in_parent().start_time.value for found in clips] == [0, 48, 60]


def test_edits_are_joined_and_their_media_found_from_the_new_place(tmp_path):
    for name in ("a", "b"):
        folder = tmp_path / name
        folder.mkdir()
        write_edit(timeline_otio(clip(name, folder / "x y.mp4"), folder), folder / "x.otio")
    pictures = clip("c", tmp_path / "c/p.####.png")
    write_edit(timeline_otio(pictures, tmp_path), tmp_path / "c.otio")
    files = [tmp_path / "a/x.otio", tmp_path / "b/x.otio", tmp_path / "c.otio"]
    edit = join_edits(files, tmp_path / "cut", "reel")
    found = list(edit.find_clips())
    assert [one.media_reference.target_url for one in found[:2]] == ["../a/x%20y.mp4", "../b/x%20y.mp4"]
    assert found[2].media_reference.target_url_for_image_number(0) == "../c/p.1001.png"
    assert edit.name == "reel"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: timeline_otio([]), "an edit needs at least one clip"),
        (
            lambda: timeline_otio(clip("a", source=FrameRange(1, 9))),
            "a: its media holds the frames 1001-1048, and not 1-9",
        ),
        (lambda: join_edits([], ".", "a"), "there are no clips to put into the edit"),
        (lambda: read_edit("none.otio"), "none.otio: there is no such file"),
    ],
)
def test_what_makes_no_edit_is_told(make, message):
    with pytest.raises(MediaError) as error:
        make()
    assert str(error.value) == message


def test_a_file_that_is_no_edit_is_told(tmp_path):
    (tmp_path / "a.otio").write_text("{}")
    with pytest.raises(MediaError, match=r"a\.otio: is no OpenTimelineIO file: |a\.otio: holds a "):
        read_edit(tmp_path / "a.otio")
    otio.adapters.write_to_file(otio.schema.Clip("x"), str(tmp_path / "b.otio"))
    with pytest.raises(MediaError, match=r"b\.otio: holds a Clip, not a timeline"):
        read_edit(tmp_path / "b.otio")


def test_an_edit_is_named_by_a_format_it_can_be_in_and_not_overwritten(tmp_path):
    edit = timeline_otio(clip())
    with pytest.raises(OutputError) as error:
        write_edit(edit, "edit.aaf")
    assert str(error.value) == "edit.aaf: an edit's name ends in .otio, .edl, .xml"
    (tmp_path / "a.otio").write_text("precious")
    with pytest.raises(OutputError, match="exists already"):
        write_edit(edit, tmp_path / "a.otio")
    assert (tmp_path / "a.otio").read_text() == "precious"


def test_a_missing_adapter_is_one_line_with_the_cure(tmp_path, monkeypatch):
    monkeypatch.setattr(otio.adapters, "available_adapter_names", lambda: ["otio_json"])
    with pytest.raises(OutputError) as error:
        write_edit(timeline_otio(clip()), tmp_path / "edit.edl")
    assert str(error.value) == (
        f"{tmp_path / 'edit.edl'}: .edl needs an adapter of OpenTimelineIO's; "
        "install it with pip install 'previz[editorial]'"
    )


editorial = pytest.mark.skipif(
    not {"cmx_3600", "fcp_xml"} <= set(otio.adapters.available_adapter_names()),
    reason="needs previz[editorial]",
)


@editorial
@pytest.mark.parametrize("rate", [RATE, Fraction(24), Fraction(25), Fraction(30)])
@pytest.mark.parametrize("ending", [".edl", ".xml"])
def test_edl_and_fcp_xml_keep_clips_ranges_and_media(tmp_path, ending, rate):
    clips = [
        clip("sq010_sh020", tmp_path / "a.mp4", rate=rate, source=FrameRange(1005, 1040)),
        clip("sq010_sh030", tmp_path / "b.mp4", rate=rate),
    ]
    path = write_edit(timeline_otio(clips, tmp_path), tmp_path / f"edit{ending}")
    options = {"rate": float(rate)} if ending == ".edl" else {}
    found = list(otio.adapters.read_from_file(str(path), **options).find_clips())
    assert [one.name for one in found] == ["sq010_sh020", "sq010_sh030"]
    assert [one.source_range.start_time.value for one in found] == [4, 0]
    assert [one.source_range.duration.value for one in found] == [36, 48]
    assert found[0].source_range.duration.rate == pytest.approx(float(rate), abs=1e-3)
    assert found[0].media_reference.target_url.endswith("a.mp4")


@editorial
def test_fcp_xml_names_media_absolutely_and_pictures_by_the_first(tmp_path):
    clips = [clip("a", tmp_path / "a.mp4"), clip("b", tmp_path / "b.####.png")]
    text = write_edit(timeline_otio(clips, tmp_path), tmp_path / "edit.xml").read_text()
    assert f"<pathurl>{(tmp_path / 'a.mp4').as_uri()}</pathurl>" in text
    assert f"<pathurl>{(tmp_path / 'b.1001.png').as_uri()}</pathurl>" in text


@editorial
def test_an_edls_reels_are_the_shots_and_its_markers_the_keys(tmp_path):
    one = clip("sq010_sh020", tmp_path / "a.mp4", rate=Fraction(24), markers=(ClipMarker(1012, "jaw"),))
    lines = write_edit(timeline_otio(one, tmp_path), tmp_path / "edit.edl").read_text().splitlines()
    event = next(line.split() for line in lines if line.startswith("001"))
    assert event == [
        "001",
        "sq010_sh020",
        "V",
        "C",
        "00:00:00:00",
        "00:00:02:00",
        "00:00:00:00",
        "00:00:02:00",
    ]
    assert "* LOC: 00:00:00:11 GREEN   JAW" in lines


@editorial
def test_an_edl_has_one_rate(tmp_path):
    clips = [clip("a", rate=Fraction(24)), clip("b", rate=Fraction(25))]
    with pytest.raises(OutputError) as error:
        write_edit(timeline_otio(clips), tmp_path / "edit.edl")
    assert (
        str(error.value) == f"{tmp_path / 'edit.edl'}: an EDL has one frame rate, and the clips have 24, 25"
    )


@editorial
def test_a_rate_without_a_timecode_is_told(tmp_path):
    with pytest.raises(OutputError, match=r"edit\.edl: can't hold this edit: "):
        write_edit(timeline_otio(clip(rate=Fraction(27, 2))), tmp_path / "edit.edl")
