"""However a file is damaged, reading it gives curves or one clear error."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from previz import CurvesError
from previz.interchange import FORMATS, Facts, parse_mapping
from previz.interchange._livelink import read_livelink
from tests.interchange.motions import make_curves

KNOWN = Facts((256, 256), Fraction(24), first_frame=1001)
READ = [name for name, found in FORMATS.items() if found.read is not None]
PIECES = [
    ",,,",
    "",
    "\n",
    "\t",
    " ",
    "{",
    "}",
    '"',
    "x",
    "-",
    "1e9",
    "nan",
    ",",
    "#",
    "\\",
    "curve",
    "x5",
    "\x00",
    "é",
    "1001",
]
MAPPING = """\
previz_mapping: 1
size: 256
drive: [{curve: JawOpen, handle: jaw, by: [0, 20]}]
handles: {jaw: [5, 6]}
"""
RECORDING = "Timecode,BlendshapeCount,JawOpen\n10:00:00:01.5,1,0.5\n10:00:00:02.5,1,0.75\n"


def written(name):
    found = FORMATS[name]
    curves = make_curves() if name == "ae-position" else make_curves(names=("jaw", "nose"))
    return found.places(curves, found.origin) if found.places is not None else found.write(curves)


def refusal(read):
    """What a reader says of a file that it refuses; None where it reads it."""
    try:
        read()
    except CurvesError as error:
        return str(error)
    return None


@st.composite
def damage(draw, text):
    """The text with some parts cut out and other characters put in."""
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = start + draw(st.sampled_from([0, 1, 2, 7, 40]))
        text = text[:start] + draw(st.sampled_from(PIECES)) + text[end:]
    return text


@pytest.mark.parametrize("name", READ)
@settings(max_examples=60)
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused(name, data):
    text = data.draw(damage(written(name)))
    told = refusal(lambda: FORMATS[name].read(text, KNOWN, "in"))
    assert told is None or len(told.splitlines()) == 1


@settings(max_examples=60)
@given(recording=damage(RECORDING), mapping=damage(MAPPING))
def test_a_damaged_recording_or_mapping_is_read_or_refused(recording, mapping):
    told = refusal(lambda: read_livelink(recording, parse_mapping(mapping, "map"), KNOWN, "in"))
    assert told is None or all(line.startswith(("in", "map")) for line in told.splitlines())
