"""Masks that change: keys on ellipses, polygons and feathers, and a picture for each frame."""

import numpy as np
import pytest
from PIL import Image

from previz.errors import TimelineError
from previz.timeline import load_timeline, parse_timeline, sample_timeline

HANDLES = {"jaw": {"at": [16, 16], "pin": True}}
HEAD = {"previz": 1, "frames": "1001-1011", "character": "head", "handles": HANDLES}


def masks(mask, size=32):
    return sample_timeline(parse_timeline({**HEAD, "mask": mask}), size, size).masks


def centre(mask):
    rows, columns = np.mgrid[0 : mask.shape[0], 0 : mask.shape[1]] + 0.5
    return (mask * columns).sum() / mask.sum(), (mask * rows).sum() / mask.sum()


def test_an_ellipse_moves_grows_and_turns():
    ellipse = {
        "center": {1001: [12, 16], 1011: {"to": [20, 16], "ease": "linear"}},
        "radius": {1001: [4, 4], 1011: {"to": [8, 4], "ease": "linear"}},
        "angle": {1001: 0, 1011: {"to": 90, "ease": "linear"}},
    }
    found = masks({"ellipse": ellipse})
    assert not found.still
    for index, x, area in ((0, 12, 16), (5, 16, 24), (10, 20, 32)):
        assert centre(found[index]) == (pytest.approx(x, abs=0.05), pytest.approx(16, abs=0.05))
        assert found[index].sum() == pytest.approx(np.pi * area, rel=0.02)
    assert found[10][16 - 7, 20] == 1  # now upright


def test_one_radius_for_both_sides_may_be_keyed():
    found = masks({"ellipse": {"center": [16, 16], "radius": {1001: 4, 1011: 8}}})
    assert found[10].sum() == pytest.approx(np.pi * 64, rel=0.02)


def test_an_ease_that_passes_its_key_leaves_a_radius_that_can_be_drawn():
    radius = {1001: 8, 1011: {"to": 0.1, "ease": "out-back"}}
    found = masks(
        [{"ellipse": {"center": [16, 16], "radius": radius}}, {"polygon": [[0, 0], [9, 0], [9, 9]]}]
    )
    assert all(np.isfinite(mask).all() for mask in found)


def test_the_corners_of_a_polygon_move():
    square = [[4, 4], [12, 4], [12, 12], [4, 12]]
    moved = [[x + 10, y] for x, y in square]
    found = masks({"polygon": {1001: square, 1011: {"to": moved, "ease": "linear"}}})
    assert centre(found[5]) == (pytest.approx(13), pytest.approx(8))
    assert found[5].sum() == pytest.approx(64)


def test_a_feather_softens_over_time():
    box = {"polygon": [[8, 8], [24, 8], [24, 24], [8, 24]], "feather": {1001: 0, 1011: 6}}
    found = masks(box)
    assert set(np.unique(found[0])) == {0, 1}
    assert ((found[10] > 0.05) & (found[10] < 0.95)).sum() > 100


def test_curves_of_a_mask_have_interpolation_and_extrapolation():
    feather = {"keys": {1001: 2, 1004: 8}, "interp": "held", "extrapolate": {"after": "loop-oscillate"}}
    found = masks({"ellipse": {"center": [16, 16], "radius": 9}, "feather": feather})
    np.testing.assert_array_equal(found[1], found[0])
    np.testing.assert_array_equal(found[4], found[2])  # to and fro
    assert np.abs(found[3] - found[2]).max() > 0.1


def test_a_still_mask_is_drawn_once_and_one_that_moves_when_it_is_asked_for():
    assert masks({"ellipse": {"center": [16, 16], "radius": 9}}).still
    moving = masks({"ellipse": {"center": {1001: [16, 16], 1011: [20, 16]}, "radius": 9}})
    assert moving.shape == np.asarray(moving).shape == (11, 32, 32)
    np.testing.assert_array_equal(moving[-1], moving[10])
    assert len(moving[2:5]) == 3
    with pytest.raises(ValueError, match="read-only"):
        moving[0][0, 0] = 1


def test_a_moving_mask_scales_with_the_canvas():
    mask = {"ellipse": {"center": {1001: [12, 16], 1011: [20, 16]}, "radius": 6}}
    timeline = parse_timeline({**HEAD, "canvas": 32, "mask": mask})
    large = sample_timeline(timeline, 128, 128).masks[5]
    assert centre(large) == (pytest.approx(64, abs=0.1), pytest.approx(64, abs=0.1))


@pytest.fixture
def pictures(tmp_path):
    for number in range(1001, 1012):
        light = np.zeros((16, 16), dtype=np.uint8)
        light[:, : number - 1000] = 255
        Image.fromarray(light).save(tmp_path / f"mask.{number}.png")

    def load(images, **more):
        (tmp_path / "shot.yaml").write_text(str({**HEAD, "mask": {"images": images, **more}}))
        return load_timeline(tmp_path / "shot.yaml")

    return load


@pytest.mark.parametrize("name", ["mask.####.png", "mask.@@@@.png", "mask.%04d.png"])
def test_a_sequence_shows_a_picture_a_frame(pictures, name):
    found = sample_timeline(pictures(name), 16, 16).masks
    assert [int(mask[3].sum()) for mask in found] == list(range(1, 12))


def test_the_number_of_the_picture_may_be_keyed(pictures):
    number = {"keys": {1001: 1001, 1011: 1006}, "interp": "linear"}
    found = sample_timeline(pictures({"files": "mask.####.png", "number": number}), 16, 16).masks
    assert [int(mask[3].sum()) for mask in found] == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6]


def problem_of(make):
    with pytest.raises(TimelineError) as error:
        make()
    return str(error.value).split("shot.yaml")[-1]


def test_pictures_that_are_missing_are_told_together(pictures, tmp_path):
    for number in (1003, 1006, 1007, 1008):
        (tmp_path / f"mask.{number}.png").unlink()
    assert problem_of(lambda: pictures("mask.####.png")).endswith(
        "mask.images: no pictures for the frames 1003,1006-1008; there is no mask.1003.png"
    )
    assert problem_of(lambda: pictures({"files": "mask.####.png", "number": 1003})).startswith(":1:")


def test_one_picture_that_is_missing(pictures, tmp_path):
    (tmp_path / "mask.1004.png").unlink()
    assert problem_of(lambda: pictures("mask.####.png")).endswith(
        "mask.images: there is no mask.1004.png, which frame 1004 shows"
    )


def test_a_name_without_a_number(pictures):
    assert problem_of(lambda: pictures("mask.png")).endswith(
        "mask.images: mask.png has no place for the frame's number; write it as mask.####.png"
    )


@pytest.mark.parametrize(
    ("mask", "problem"),
    [
        (
            {"polygon": {1001: [[0, 0], [1, 1], [2, 0]], 1005: [[0, 0], [1, 1], [2, 0], [3, 3]]}},
            "mask.polygon.1005: has 4 corners, and 3 on frame 1001; keys need as many each",
        ),
        (
            {"ellipse": {"center": [1, 2], "radius": {1001: 4, 1005: 0}}},
            "mask.ellipse.radius.1005: must be a radius above 0 or [radius x, radius y], in pixels, not 0",
        ),
        (
            {"ellipse": {"center": {1001: [1, 2], 1050: [1, 2]}, "radius": 4}},
            "mask.ellipse.center.keys: frame 1050 is after the last frame, 1011",
        ),
        (
            {"ellipse": {"center": [1, 2], "radius": 4}, "feather": {1001: 0, 1005: -3}},
            "mask.feather.1005: must be at least 0, not -3",
        ),
        (
            {"ellipse": {"center": {"keys": {1001: [1, 2]}, "intrep": "linear"}, "radius": 4}},
            "mask.ellipse.center.intrep: unknown field; did you mean interp?",
        ),
        (
            {"ellipse": {"center": [1, 2], "radius": 4, "angle": {1001: {"to": 4, "in": [1, 2, 3]}}}},
            "mask.ellipse.angle.1001.in: must be a tangent [frames, change], not [1, 2, 3]",
        ),
    ],
)
def test_what_is_wrong_with_keys_of_a_mask(mask, problem):
    with pytest.raises(TimelineError) as error:
        masks(mask)
    assert str(error.value) == problem
