from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from previz import CurvesError
from previz.interchange import Facts, parse_mapping, read_curves
from previz.interchange._livelink import read_livelink

MAPPING = """\
previz_mapping: 1
size: [200, 100]
drive:
  - {curve: JawOpen, handle: jaw, by: [0, 20]}
  - {curve: JawLeft, handle: jaw, by: [-10, 0], gain: 2, offset: 0.5}
  - {curve: MouthSmileLeft, handle: lip, by: [-5, -5]}
handles: {jaw: [50, 60]}
"""
COLUMNS = "Timecode,BlendshapeCount,JawOpen,JawLeft,MouthSmileLeft"
AT_60 = Facts(rate=Fraction(60))


def recording(*rows):
    return "\n".join([COLUMNS, *rows]) + "\n"


def row(timecode, jaw_open=0.0, jaw_left=0.0, smile=0.0):
    return f"{timecode},3,{jaw_open},{jaw_left},{smile}"


def read(text, facts=AT_60, mapping=MAPPING):
    return read_livelink(text, parse_mapping(mapping, "map.yaml"), facts, "in.csv", {"lip": (20.0, 30.0)})


def failure(text, facts=AT_60, mapping=MAPPING):
    with pytest.raises(CurvesError) as error:
        read(text, facts, mapping)
    return str(error.value)


def test_weights_move_handles_from_where_they_are_at_rest():
    curves = read(recording(row("14:03:52:28.0"), row("14:03:52:29.0", 1.0, 0.25, 0.5))).curves
    assert (curves.names, curves.size, curves.rate) == (("jaw", "lip"), (200, 100), 60)
    np.testing.assert_allclose(curves.point("jaw"), [[45, 60], [40, 80]])
    np.testing.assert_allclose(curves.point("lip"), [[20, 30], [17.5, 27.5]])


@given(weights=st.lists(st.floats(0, 1, width=32), min_size=2, max_size=9), gain=st.floats(-3, 3, width=16))
@settings(max_examples=40)
def test_a_handle_gives_its_weights_back(weights, gain):
    mapping = f"""\
previz_mapping: 1
size: 256
drive: [{{curve: JawOpen, handle: jaw, by: [30, 40], gain: {gain!r}, offset: 0.1}}]
handles: {{jaw: [128, 128]}}
"""
    rows = (row(f"00:00:01:{frame:02}.000", weight) for frame, weight in enumerate(weights))
    moved = read(recording(*rows), mapping=mapping).curves.point("jaw") - 128
    np.testing.assert_allclose(moved @ [0.6, 0.8], 50 * (gain * np.array(weights) + 0.1), atol=1e-9)


def test_the_first_row_falls_on_1001_or_where_it_is_told_to():
    text = recording(row("00:00:00:00"), row("00:00:00:01"))
    assert str(read(text).curves.range) == "1001-1002"
    assert str(read(text, Facts(rate=Fraction(60), first_frame=7)).curves.range) == "7-8"


def test_rows_between_frames_are_taken_at_their_time():
    text = recording(row("00:00:00:10.500", 0.0), row("00:00:00:11.000", 0.25), row("00:00:00:12.000", 0.75))
    jaw = read(text).curves.point("jaw")
    np.testing.assert_allclose(jaw[:, 1], [60, 60 + 20 * 0.5])


def test_rows_that_the_device_dropped_are_filled_and_told():
    found = read(recording(row("00:00:00:00", 0.0), row("00:00:00:04", 1.0)))
    np.testing.assert_allclose(found.curves.point("jaw")[:, 1], [60, 65, 70, 75, 80])
    assert found.notes[0] == "jaw: 3 frames between its keys are filled straight"


def test_rows_that_do_not_go_on_in_time_are_left_out_and_told():
    found = read(recording(row("00:00:00:00"), row("00:00:00:00", 1.0), row("00:00:00:01", 1.0)))
    assert len(found.curves) == 2
    assert found.notes == ("1 rows at or before the time of the row above are left out",)


def test_a_recording_may_pass_midnight():
    assert len(read(recording(row("23:59:59:59"), row("00:00:00:00"))).curves) == 2


def test_drop_frame_timecode_skips_numbers_and_not_frames():
    facts = Facts(rate=Fraction(30000, 1001))
    assert len(read(recording(row("00:00:59;29"), row("00:01:00;02")), facts).curves) == 2
    assert len(read(recording(row("00:09:59;29"), row("00:10:00;00")), facts).curves) == 2


def test_the_timecodes_rate_is_asked_for():
    assert failure(recording(row("00:00:00:00")), Facts()) == (
        "in.csv: doesn't state its frame rate; say it with --fps, as 24 or 23.976"
    )


def test_a_rate_that_the_timecode_exceeds_is_told():
    assert failure(recording(row("00:00:00:45")), Facts(rate=Fraction(30))) == (
        "in.csv:2: 00:00:00:45 has frame 45, but --fps 30 counts to 29; is it right?"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n", "in.csv:1: is no Live Link Face recording, whose first column is Timecode"),
        (recording(), "in.csv: the recording has no rows"),
        (recording("soon,3,0,0,0"), "in.csv:2: 'soon' is not a timecode such as 14:03:52:28.207"),
        (recording("00:00:00:00,3,a,0,0"), "in.csv:2: 'a' is not a number that can be used"),
        (recording("00:00:00:00,3"), "in.csv:2: the row has 2 cells; column 3 is missing"),
    ],
)
def test_a_broken_recording_is_told(text, message):
    assert failure(text) == message


def test_a_curve_that_is_not_recorded_is_told_with_the_nearest():
    mapping = MAPPING.replace("JawOpen", "JawOpne")
    assert failure(recording(row("00:00:00:00")), mapping=mapping) == (
        "in.csv: the recording has no curve 'JawOpne'; did you mean JawOpen?"
    )


@pytest.mark.parametrize("spelling", ["JawOpen", "jawOpen", "jaw_open"])
def test_curves_may_be_spelt_as_arkit_does(spelling):
    mapping = MAPPING.replace("JawOpen", spelling)
    curves = read(recording(row("00:00:00:00", 1.0)), mapping=mapping).curves
    np.testing.assert_allclose(curves.point("jaw"), [[45, 80]])


def test_a_handle_without_a_place_at_rest_is_told():
    mapping = MAPPING.replace("handle: lip", "handle: brow")
    assert failure(recording(row("00:00:00:00")), mapping=mapping) == (
        "in.csv: the mapping drives 'brow', but nothing says where it is at rest; add it to `handles`"
    )


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ("a: [", "map.yaml:1:5: is not valid YAML: expected the node content, but found '<stream end>'"),
        (
            "previz_mapping: 1\nsize: 9\ndrive: []\n",
            "map.yaml: drive: must not be empty",
        ),
        (
            "previz_mapping: 1\nsize: 9\ndrive: [{curve: a, handle: b, by: [0, x], speed: 2}]\n",
            "map.yaml: drive[0].by[1]: must be a number\nmap.yaml: drive[0].speed: unknown field",
        ),
        ("previz_mapping: 1\nsize: 9\n", "map.yaml: drive: is missing"),
        ("- a\n", "map.yaml: must be a mapping"),
        (
            "previz_mapping: 1\nsize: wide\ndrive: [{curve: a, handle: b, by: [0, 1]}]\n",
            "map.yaml: size: must be a whole number\nmap.yaml: size: must be a list",
        ),
    ],
)
def test_a_broken_mapping_is_told_with_its_field(mapping, message):
    with pytest.raises(CurvesError) as error:
        parse_mapping(mapping, "map.yaml")
    assert str(error.value) == message


def test_a_recording_is_known_by_its_first_column(tmp_path):
    (tmp_path / "take.csv").write_text(recording(row("00:00:00:00")))
    with pytest.raises(CurvesError) as error:
        read_curves(tmp_path / "take.csv", facts=AT_60)
    assert str(error.value) == (
        f"{tmp_path / 'take.csv'}: a Live Link Face recording needs a mapping file; name it with --mapping"
    )
