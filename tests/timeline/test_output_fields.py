from fractions import Fraction
from typing import get_args

import pytest

from previz.errors import TimelineError
from previz.media import CODECS
from previz.timeline import BURN_IN, OutputSpec, Timeline, load_timeline, parse_timeline
from previz.timeline._output import CodecName


def timeline(**output: object) -> Timeline:
    return parse_timeline(
        {
            "previz": 1,
            "frames": "1001-1010",
            "character": "mira",
            "handles": {"nose": {"at": [10, 10], "pin": True}},
            "output": output,
        }
    )


def test_codecs_are_those_that_media_knows():
    assert get_args(CodecName) == tuple(CODECS)


def test_nothing_is_drawn_unless_it_is_asked_for():
    output = OutputSpec()
    assert (output.burn_in, output.slate, output.trails, output.onion) == ((), 0, 0, 0)
    assert (output.letterbox, output.audio, output.name, output.images) == (None, None, None, None)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ({"burn_in": True}, BURN_IN),
        ({"burn_in": False}, ()),
        ({"burn_in": ["date", "shot"]}, ("shot", "date")),
        ({"burn_in": "frame"}, ("frame",)),
        ({"slate": True}, 1),
        ({"slate": 24}, 24),
        ({"trails": True}, 12),
        ({"onion": 2}, 2),
    ],
)
def test_short_forms(written, read):
    (field,) = written
    assert getattr(timeline(**written).output, field) == read


def test_date_is_not_burnt_in_unasked():
    assert "date" not in BURN_IN


@pytest.mark.parametrize(
    ("written", "ratio", "fit"),
    [
        (2.39, 2.39, "matte"),
        ("16:9", 16 / 9, "matte"),
        ("2.39:1", 2.39, "matte"),
        ({"ratio": 1.85, "fit": "pad"}, 1.85, "pad"),
    ],
)
def test_letterbox(written, ratio, fit):
    letterbox = timeline(letterbox=written).output.letterbox
    assert letterbox is not None
    assert (letterbox.ratio, letterbox.fit) == (pytest.approx(ratio), fit)


@pytest.mark.parametrize(
    ("offset", "seconds"),
    [
        (0, 0),
        (12, Fraction(12 * 1001, 24000)),
        (-3, Fraction(-3003, 24000)),
        ("0.5s", Fraction(1, 2)),
        ("-2 s", -2),
    ],
)
def test_audio_starts_after_frames_or_seconds(offset, seconds):
    audio = timeline(audio={"file": "a.wav", "offset": offset}).output.audio
    assert audio is not None
    assert audio.start(Fraction(24000, 1001)) == seconds


def test_audio_may_be_just_its_file():
    audio = timeline(audio="guide.wav").output.audio
    assert audio is not None
    assert (audio.file, audio.offset) == ("guide.wav", 0)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        (
            "codec",
            "proress",
            "output.codec: must be h264, h265, av1, prores, prores4444, dnxhr or ffv1, not 'proress'; "
            "did you mean prores?",
        ),
        ("depth", 12, "output.depth: must be 8, 16 or 32, not 12"),
        (
            "burn_in",
            ["shoe"],
            "output.burn_in: 'shoe' can't be burnt in; known are shot, frame, timecode, error, version, date",
        ),
        ("slate", -1, "output.slate: must be true, false or a number of frames, 0 to 1000, not -1"),
        ("onion", 9, "output.onion: must be true, false or a number of keys, 0 to 8, not 9"),
        (
            "letterbox",
            0,
            "output.letterbox: must be width over height, such as 2.39 or 16:9, 0.1 to 10, not 0",
        ),
        (
            "audio",
            {"file": "a.wav", "offset": 0.5},
            "output.audio.offset: must be frames (12) or seconds (0.5s), below 0 to cut the head, not 0.5",
        ),
        ("name", "{shoot}", "output.name: {shoot} is not a field of a name; did you mean {shot}?"),
        ("name", "a/b", "output.name: a name has no '/' in it; folders belong to the path of the clip"),
        ("version", 0, "output.version: must be `next` or a number from 1 on, not 0"),
        ("max_mb", 0, "output.max_mb: must be above 0, not 0"),
    ],
)
def test_what_can_not_be_is_one_line(field, value, message):
    with pytest.raises(TimelineError) as error:
        timeline(**{field: value})
    assert str(error.value) == message


def test_name_that_lacks_a_field_is_told():
    with pytest.raises(TimelineError) as error:
        timeline(name="{show}_{shot}")
    assert str(error.value) == (
        "output.name: the name needs a show, and there is none; give one, `show: ...`"
    )
    assert timeline(name="{show}_{shot}", show="owl").output.show == "owl"


@pytest.mark.parametrize("audio", ["none.wav", "{file: none.wav, offset: 3}"])
def test_guide_track_that_is_not_there_is_told_by_its_place(tmp_path, audio):
    path = tmp_path / "shot.yaml"
    path.write_text(
        "previz: 1\nframes: 1001\ncharacter: mira\nhandles: {nose: {at: [9, 9], pin: true}}\n"
        f"output:\n  audio: {audio}\n"
    )
    with pytest.raises(TimelineError) as error:
        load_timeline(path)
    field, column = ("output.audio.file", 17) if audio.startswith("{") else ("output.audio", 10)
    assert str(error.value) == f"{path}:6:{column}: {field}: there is no file none.wav"
    (tmp_path / "none.wav").touch()
    assert load_timeline(path).output.audio is not None


@pytest.mark.parametrize(
    "output",
    [
        {"burn_in": True, "letterbox": 2.39, "audio": "a.wav", "slate": True, "onion": 2},
        {"name": "{shot}_v{version:03}", "version": 4, "images": "x/{name}.####.exr", "codec": "prores"},
    ],
)
def test_output_is_read_back_as_it_was_written(output):
    first = timeline(**output)
    assert parse_timeline(first.to_dict()).output == first.output
