"""Every format gives back what was written to it, to a hundredth of a pixel, at each rate and size."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from previz.interchange import FORMATS, Facts, read_curves, write_curves
from tests.interchange.fake_blender import Blender
from tests.interchange.motions import any_curves, make_curves

STATE_ALL = ["csv", "csv-long", "json", "ascii", "nuke"]
STATE_NOTHING = ["3de", "pftrack", "syntheyes"]
quick = settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])


def same(one, other):
    assert other.names == one.names
    assert other.rate == one.rate
    assert other.size == one.size
    assert list(other.frames) == list(one.frames)
    assert np.abs(other.positions - one.positions).max() <= 0.01


def there_and_back(curves, name, folder, facts=None, origin=None):
    path = write_curves(curves, folder / f"file{FORMATS[name].endings[0]}", name, origin, force=True)
    return read_curves(path, name, facts)


@pytest.mark.parametrize("name", STATE_ALL)
@given(curves=any_curves())
@quick
def test_formats_that_state_everything_need_no_facts(tmp_path, name, curves):
    found = there_and_back(curves, name, tmp_path)
    same(curves, found.curves)
    assert found.notes == ()


@pytest.mark.parametrize("name", STATE_NOTHING)
@given(curves=any_curves())
@quick
def test_point_trackers_give_back_positions_when_told_size_and_rate(tmp_path, name, curves):
    found = there_and_back(curves, name, tmp_path, Facts(curves.size, curves.rate))
    same(curves, found.curves)
    assert found.notes == ()


@given(curves=any_curves())
@quick
def test_after_effects_gives_back_positions_in_the_order_of_the_points(tmp_path, curves):
    found = there_and_back(curves, "ae", tmp_path, Facts(first_frame=curves.range.first))
    names = [f"Point Control {index + 1}" for index in range(len(curves.names))]
    assert list(found.curves.names) == names
    same(curves, found.curves.renamed(dict(zip(names, curves.names, strict=True))))


@given(curves=any_curves())
@quick
def test_an_after_effects_position_gives_back_one_point_when_told_the_size(tmp_path, curves):
    one = curves.only(["jaw"])
    facts = Facts(size=curves.size, first_frame=curves.range.first)
    found = there_and_back(one, "ae-position", tmp_path, facts)
    same(one, found.curves.renamed({"Position": "jaw"}))


@pytest.mark.parametrize("version", [4, 5])
@given(curves=any_curves())
@quick
def test_blender_gives_back_what_its_script_made(tmp_path, version, curves):
    blender = Blender(tmp_path, version)
    blender.run(write_curves(curves, tmp_path / "smile.py", force=True).read_text())
    blender.run(blender.texts["previz_to_csv.py"])
    same(curves, read_curves(tmp_path / "smile.csv").curves)


@pytest.mark.parametrize("name", ["csv", "csv-long", "json", "ascii"])
@given(curves=any_curves(), origin=st.sampled_from(["top-left", "bottom-left"]))
@quick
def test_the_origin_may_be_either(tmp_path, name, curves, origin):
    same(curves, there_and_back(curves, name, tmp_path, origin=origin).curves)


@pytest.mark.parametrize("name", [*STATE_ALL, *STATE_NOTHING])
def test_a_facts_rate_and_size_count_before_the_files(tmp_path, name):
    curves = make_curves()
    facts = Facts((512, 512), curves.rate * 2)
    found = there_and_back(curves, name, tmp_path, facts).curves
    assert (found.size, found.rate) == ((512, 512), curves.rate * 2)
