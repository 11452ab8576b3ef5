import xml.etree.ElementTree as ET
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from previz.errors import MediaError
from previz.media import TakeCurves, chart_picture, chart_svg, plot_take
from previz.media._plot import shake, speed, ticks

SVG = "{http://www.w3.org/2000/svg}"
ORANGE, BLUE, RED = "#e69f00", "#56b4e9", "#e6282d"


def curves(**fields: object) -> TakeCurves:
    """Ten frames of a handle that moves 2 px a frame and one that stays."""
    moved = np.stack([2.0 * np.arange(10), np.zeros(10)], axis=-1)
    handles = np.stack([moved, np.zeros((10, 2))], axis=1)
    default: dict[str, object] = {
        "title": "sq010 <sh020>",
        "frames": np.arange(1001, 1011),
        "rate": Fraction(24000, 1001),
        "names": ("jaw", "nose"),
        "error": np.linspace(0, 0.5, 20).reshape(10, 2),
        "handles": handles,
        "targets": handles,
        "iterations": np.arange(10),
        "lost": np.zeros((10, 2), bool),
        "tolerance": 1.0,
    }
    return TakeCurves(**{**default, **fields})


def lines(take: TakeCurves, colour: str) -> list[np.ndarray]:
    """The lines of a colour in the SVG, as points."""
    root = ET.fromstring(chart_svg(plot_take(take)))
    return [
        np.array([[float(n) for n in point.split(",")] for point in line.get("points", "").split()])
        for line in root.iter(f"{SVG}polyline")
        if line.get("stroke") == colour
    ]


def words(take: TakeCurves) -> list[str]:
    return [text.text or "" for text in ET.fromstring(chart_svg(plot_take(take))).iter(f"{SVG}text")]


def test_svg_names_shot_handles_and_panels():
    said = words(curves())
    assert {"sq010 <sh020>", "jaw", "nose", "1001-1010 at 23.976 fps, tolerance 1 px"} <= set(said)
    assert {"error, px", "speed, px a frame", "iterations"} <= set(said)


def test_each_handle_has_a_curve_in_each_panel_of_lines():
    long = [line for line in lines(curves(), ORANGE) if len(line) == 10]
    assert len(long) == 4  # error, speed asked for, speed, jitter
    assert all(np.all(np.diff(line[:, 0]) > 0) for line in long)
    assert [len(line) for line in lines(curves(), BLUE) if len(line) == 10] == [10] * 4


def test_curve_rises_with_the_error():
    error = np.zeros((10, 2))
    error[4, 0] = 0.8
    y = next(line for line in lines(curves(error=error), ORANGE) if len(line) == 10)[:, 1]
    assert y.argmin() == 4
    assert y.min() < y[0] - 50


def test_tolerance_is_a_line_across():
    (limit,) = lines(curves(), RED)
    assert limit[0, 1] == limit[1, 1]


def test_lost_handles_are_dots():
    lost = np.zeros((10, 2), bool)
    lost[3:6, 1] = True
    dots = ET.fromstring(chart_svg(plot_take(curves(lost=lost)))).findall(f"{SVG}circle")
    assert len(dots) == 3


def test_keys_of_the_shot_are_upright_lines():
    none, two = lines(curves(), "#5c5c62"), lines(curves(keyed=[1003, 1008, 2000]), "#5c5c62")
    assert none == []
    assert len(two) == 2 * 4
    assert all(line[0, 0] == line[1, 0] for line in two)


def test_picture_is_the_same_chart():
    chart = plot_take(curves())
    picture = chart_picture(chart, scale=2)
    assert picture.shape == (round(2 * chart.height), round(2 * chart.width), 3)
    for colour in ((230, 159, 0), (86, 180, 233), (230, 40, 45)):
        assert (np.abs(picture.astype(int) - colour).max(axis=-1) < 40).sum() > 50


def test_a_take_of_one_frame_and_one_of_no_handles_can_be_plotted():
    one = curves(
        **{name: getattr(curves(), name)[:1] for name in ("frames", "error", "handles", "targets", "lost")},
        iterations=np.zeros(1, int),
    )
    bare = curves(
        names=(),
        error=np.zeros((10, 0)),
        handles=np.zeros((10, 0, 2)),
        targets=np.zeros((10, 0, 2)),
        lost=np.zeros((10, 0), bool),
    )
    for take in (one, bare):
        assert chart_picture(plot_take(take), scale=0.5).any()


def test_same_take_gives_the_same_svg():
    assert chart_svg(plot_take(curves())) == chart_svg(plot_take(curves()))


def test_lengths_that_do_not_agree_are_refused():
    with pytest.raises(MediaError) as error:
        plot_take(curves(names=("jaw",)))
    assert str(error.value) == "errors are an array [10, 1], not [10, 2]"


def test_speed_is_the_way_since_the_frame_before():
    points = np.array([[[0.0, 0.0]], [[3.0, 4.0]], [[3.0, 4.0]]])
    assert speed(points)[:, 0].tolist() == [0, 5, 0]


def test_shake_is_what_the_timeline_did_not_ask_for():
    asked = np.stack([np.arange(5.0) ** 2, np.zeros(5)], axis=-1)[:, None]
    assert shake(asked + 1.0, asked).max() == 0
    jumped = asked.copy()
    jumped[2] += 1.0
    assert shake(jumped, asked)[:, 0] == pytest.approx([0, 2**0.5, 8**0.5, 2**0.5, 0])


@given(st.floats(1e-3, 1e6))
def test_ticks_are_few_and_cover_the_axis(highest):
    values = ticks(highest)
    assert 1 <= len(values) <= 6
    assert values[0] == 0
    assert values[-1] <= highest * 1.000001
    assert highest - values[-1] <= (values[1] if len(values) > 1 else highest) * 1.000001
