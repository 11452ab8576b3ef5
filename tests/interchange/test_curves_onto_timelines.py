from fractions import Fraction

import numpy as np
import pytest
import yaml

from previz import CurvesError, OutputError, TimelineError, load_timeline, parse_timeline
from previz.interchange import (
    curves_from_timeline,
    fit_to,
    handle_names,
    timeline_of_curves,
    timeline_with_curves,
    write_timeline,
)
from tests.interchange.motions import make_curves

SHOT = """\
# a comment
previz: 1
fps: 24
frames: 1001-1006
canvas: 256
character: {checkpoint: mira, seed: 9}
handles:
  jaw:
    at: [120, 190]
    weight: 2
    keys: {1003: {by: [0, 9], ease: out-cubic}}
  nose: {at: [128, 130], pin: true}
output: {size: 512}
"""


@pytest.fixture
def shot(tmp_path):
    (tmp_path / "shot.yaml").write_text(SHOT)
    return load_timeline(tmp_path / "shot.yaml")


def message(call, *arguments, **options):
    with pytest.raises(CurvesError) as error:
        call(*arguments, **options)
    return str(error.value)


def test_a_new_timeline_has_the_curves_frames_rate_size_and_handles(tmp_path):
    curves = make_curves(names=("jaw", "nose"), rate=Fraction(24000, 1001), size=(640, 360))
    timeline = write_timeline(timeline_of_curves(curves, "mira", 9), tmp_path / "new.yaml", "From a test.")
    assert (timeline.shot, timeline.rate, timeline.canvas) == ("new", Fraction(24000, 1001), (640, 360))
    assert str(timeline.frames) == "1001-1006"
    assert (timeline.character.checkpoint, timeline.character.seed) == ("mira", 9)
    np.testing.assert_allclose(curves_from_timeline(timeline).positions, curves.positions)
    assert (tmp_path / "new.yaml").read_text().startswith("# From a test.\npreviz: 1\n")


def test_a_timelines_handle_is_moved_and_the_rest_of_it_stays(tmp_path, shot):
    curves, notes = fit_to(shot, make_curves())
    data = timeline_with_curves(shot, curves)
    timeline = write_timeline(data, tmp_path / "new.yaml")
    assert notes == ()
    assert timeline.handles["jaw"].weight == 2
    assert timeline.handles["nose"].pin
    assert timeline.output.size == 512
    assert timeline.shot == "new"
    np.testing.assert_allclose(curves_from_timeline(timeline).point("jaw"), make_curves().point("jaw"))
    assert yaml.safe_load((tmp_path / "new.yaml").read_text())["handles"]["nose"] == {
        "at": [128, 130],
        "pin": True,
    }


def test_a_point_that_is_no_handle_yet_becomes_one(shot):
    data = timeline_with_curves(shot, fit_to(shot, make_curves(names=("chin",)))[0])
    assert list(data["handles"]) == ["jaw", "nose", "chin"]


def test_curves_are_brought_to_the_timelines_rate_and_canvas(shot):
    curves = make_curves(np.arange(12.0)[:, None, None] * [2.0, 4.0], rate=Fraction(48), size=(512, 512))
    fitted, _ = fit_to(shot, curves)
    assert (fitted.rate, fitted.size, str(fitted.range)) == (24, (256, 256), "1001-1006")
    np.testing.assert_allclose(fitted.point("jaw"), np.arange(6.0)[:, None] * [2.0, 4.0])


def test_frames_outside_the_shot_are_left_out_and_told(shot):
    fitted, notes = fit_to(shot, make_curves(first=999))
    assert str(fitted.range) == "1001-1004"
    assert notes == ("2 of 6 frames lie outside the shot, 1001-1006, and are left out",)


def test_curves_that_miss_the_shot_are_told_how_to_meet_it(shot):
    assert message(fit_to, shot, make_curves(first=1)) == (
        "the curves' frames, 1-6, are not the shot's, 1001-1006; --first-frame 1001 lets them start with it"
    )


def test_another_shape_of_picture_is_told(shot):
    assert message(fit_to, shot, make_curves(size=(1920, 1080))) == (
        "the curves' picture, 1920 x 1080, is another shape than the timeline's, 256 x 256; "
        "--relative takes the motion alone"
    )


def test_relative_motion_starts_where_the_handle_is_and_follows_the_pictures_height(shot):
    fitted, _ = fit_to(shot, make_curves(size=(1920, 512)), relative=True)
    np.testing.assert_allclose(fitted.point("jaw"), [120, 190] + np.arange(6.0)[:, None] * [1.5, 1.0])


def test_relative_motion_needs_a_handle_to_start_from(shot):
    assert message(fit_to, shot, make_curves(names=("chin",)), relative=True) == (
        "the timeline has no handle 'chin' that its motion could start from; "
        "--map TRACK=HANDLE gives it one of jaw, nose"
    )


def test_a_timeline_without_a_canvas_needs_the_characters_size():
    bare = parse_timeline(
        "previz: 1\nframes: 1001-1006\ncharacter: mira\nhandles: {jaw: {at: [1, 2], pin: true}}\n"
    )
    assert message(fit_to, bare, make_curves()) == (
        "the timeline has no `canvas`, so its pixels are the character's; give their size"
    )
    assert fit_to(bare, make_curves(), (128, 128))[0].size == (128, 128)


def test_names_are_mapped_or_made_fit_for_handles():
    curves = make_curves(names=("Point Control 1", "7", "nose"))
    assert handle_names(curves, {"nose": "nose_tip"}).names == ("Point_Control_1", "track_7", "nose_tip")


@pytest.mark.parametrize(
    ("names", "mapped", "text"),
    [
        (("a b", "a_b"), {}, "'a b' and 'a_b' would both be the handle a_b; rename one with --map"),
        (("a",), {"b": "c"}, "there is no point 'b'; there are a"),
        (("a",), {"a": "1a"}, "'1a' is no handle's name; use letters, digits, _ and -, and no digit first"),
    ],
)
def test_names_that_do_not_fit_are_told(names, mapped, text):
    assert message(handle_names, make_curves(names=names), mapped) == text


def test_what_is_written_is_checked_and_nothing_is_left_of_what_is_wrong(tmp_path):
    outside = make_curves([[[300.0, 10.0]], [[301.0, 10.0]]])
    with pytest.raises(TimelineError) as error:
        write_timeline(timeline_of_curves(outside, "mira"), tmp_path / "new.yaml")
    assert "new.yaml:" in str(error.value)
    assert "handles.jaw.at: (300, 10) is outside the picture: x lies in 0 to 256, y in 0 to 256" in str(
        error.value
    )
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_the_timeline_names_has_to_lie_near_the_new_one_too(tmp_path):
    (tmp_path / "old").mkdir()
    (tmp_path / "old/start.npy").write_bytes(b"")
    text = SHOT.replace("seed: 9", "latent: start.npy")
    (tmp_path / "old/shot.yaml").write_text(text)
    shot = load_timeline(tmp_path / "old/shot.yaml")
    with pytest.raises(TimelineError) as error:
        write_timeline(timeline_with_curves(shot, make_curves()), tmp_path / "new.yaml")
    assert "character.latent: there is no file start.npy" in str(error.value)


def test_a_timeline_is_not_overwritten_unasked(tmp_path):
    (tmp_path / "new.yaml").write_text("precious")
    with pytest.raises(OutputError):
        write_timeline(timeline_of_curves(make_curves(), "mira"), tmp_path / "new.yaml")
    assert (tmp_path / "new.yaml").read_text() == "precious"
    write_timeline(timeline_of_curves(make_curves(), "mira"), tmp_path / "new.yaml", force=True)
    assert load_timeline(tmp_path / "new.yaml").shot == "new"
