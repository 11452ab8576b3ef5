from fractions import Fraction

import numpy as np
import pytest

from previz import CurvesError
from previz.interchange import read_curves, write_curves
from tests.interchange.fake_blender import Blender, Empty
from tests.interchange.motions import make_curves


@pytest.fixture(params=[4, 5])
def blender(request, tmp_path) -> Blender:
    return Blender(tmp_path, request.param)


def build(blender, curves):
    blender.run(write_curves(curves, blender.folder / "build.py", force=True).read_text())
    return blender.collections[f"previz {curves.title}"].objects


def test_a_point_is_an_empty_with_straight_curves_of_x_and_z(blender):
    empties = build(blender, make_curves(names=("jaw", "nose")))
    assert [empty.name for empty in empties] == ["jaw", "nose"]
    curves = empties[0].curves
    assert [(curve.data_path, curve.array_index) for curve in curves] == [("location", 0), ("location", 2)]
    assert {key.interpolation for curve in curves for key in curve.keyframe_points} == {"LINEAR"}
    assert [key.co[0] for key in curves[0].keyframe_points] == list(range(1001, 1007))


def test_the_pictures_centre_is_the_worlds_and_100_pixels_are_a_unit(blender):
    empties = build(blender, make_curves([[[128, 128]], [[228, 28]]], size=(256, 256)))
    x, z = (curve.keyframe_points for curve in empties[0].curves)
    assert [(a.co[1], b.co[1]) for a, b in zip(x, z, strict=True)] == [(0, 0), (1, 1)]


@pytest.mark.parametrize(
    "rate", [Fraction(24), Fraction(24000, 1001), Fraction(30000, 1001), Fraction(25, 2)]
)
def test_the_scene_gets_the_shots_rate_range_and_size(blender, rate):
    build(blender, make_curves(rate=rate, size=(640, 480)))
    scene = blender.scene
    assert blender.rate == rate
    assert (scene.frame_start, scene.frame_end) == (1001, 1006)
    assert (scene.render.resolution_x, scene.render.resolution_y) == (640, 480)


def test_the_way_back_keeps_the_current_frame(blender):
    build(blender, make_curves())
    blender.scene.frame_current = 1003
    blender.run(blender.texts["previz_to_csv.py"])
    assert blender.scene.frame_current == 1003


def test_selected_empties_of_any_scene_are_written_by_the_script_of_the_way_back(blender, tmp_path):
    hand = Empty("hand", curves_of_action=True)
    hand.location = (0.5, 0.0, -0.25)
    blender.everything.append([hand])
    blender.selected.append(hand)
    blender.scene.frame_end = 3
    blender.run(write_curves(make_curves(size=(200, 100)), tmp_path / "back.py", "blender-csv").read_text())
    curves = read_curves(tmp_path / "smile.csv").curves
    assert (curves.names, str(curves.range), curves.size) == (("hand",), "1-3", (200, 100))
    np.testing.assert_allclose(curves.point("hand"), [[150, 75]] * 3)


def test_nothing_to_write_is_told(blender, tmp_path):
    script = write_curves(make_curves(), tmp_path / "back.py", "blender-csv").read_text()
    with pytest.raises(
        RuntimeError, match="select the empties to write; there is no collection previz smile"
    ):
        blender.run(script)


def test_a_title_can_not_break_out_of_the_script(blender):
    curves = make_curves(title='a"""\nraise SystemExit("out")\n"""')
    text = write_curves(curves, blender.folder / "build.py", force=True).read_text()
    blender.run(text)
    assert 'raise SystemExit("out")' not in text


def test_a_script_is_not_read(tmp_path):
    path = write_curves(make_curves(), tmp_path / "a.py")
    with pytest.raises(CurvesError) as error:
        read_curves(path)
    assert (
        str(error.value) == f"{path}: a Blender script is only written; run it in Blender, and import its CSV"
    )
