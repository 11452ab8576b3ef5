"""Pictures and landmarks; need an EGL driver, and a pack whose path is in PREVIZ_CAST_PACK."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from previz.cast import (
    DatasetSettings,
    Identity,
    Renderer,
    Shard,
    find_domain,
    load_pack,
    random_z,
    render_shard,
    rendered_indices,
    scene_from_axes,
    scene_from_z,
)
from previz.errors import CastError

pytestmark = pytest.mark.egl
MIRA_DOMAIN = find_domain("mira")


@pytest.fixture(scope="module")
def renderer():
    pytest.importorskip("moderngl")
    path = Path(os.environ.get("PREVIZ_CAST_PACK", ""))
    if not path.is_file():
        pytest.skip("no asset pack: PREVIZ_CAST_PACK names none")
    try:
        return Renderer(load_pack(path))
    except CastError as error:
        pytest.skip(str(error))


def place(renderer, axes, name):
    points, _ = renderer.landmarks(scene_from_axes(axes), 128)
    return points[list(renderer.pack.landmarks).index(name)]


def seen(renderer, axes, name):
    _, visible = renderer.landmarks(scene_from_axes(axes), 128)
    return bool(visible[list(renderer.pack.landmarks).index(name)])


def test_it_says_what_draws(renderer):
    assert renderer.gl_renderer


def test_the_same_scene_gives_the_same_picture(renderer):
    scene = scene_from_z(random_z(MIRA_DOMAIN, 0, 5))
    first = renderer.render(scene, 64)
    renderer.render(scene_from_z(random_z(MIRA_DOMAIN, 0, 6)), 64)
    assert first.shape == (64, 64, 3)
    assert first.dtype == np.uint8
    np.testing.assert_array_equal(renderer.render(scene, 64), first)


def test_a_second_renderer_gives_the_same_picture(renderer):
    scene = scene_from_z(random_z(MIRA_DOMAIN, 0, 5))
    np.testing.assert_array_equal(Renderer(renderer.pack).render(scene, 64), renderer.render(scene, 64))


def test_there_is_a_face_before_a_backdrop(renderer):
    picture = renderer.render(scene_from_axes({}), 64).astype(int)
    skin, corner = picture[36, 32], picture[2, 2]
    assert skin[0] > skin[2] + 40
    assert abs(corner[0] - corner[2]) < 40


def test_each_landmark_lies_on_its_feature(renderer):
    picture = renderer.render(scene_from_axes({}), 512).astype(int)
    points, visible = renderer.landmarks(scene_from_axes({}), 512)
    at = dict(zip(renderer.pack.landmarks, points.astype(int), strict=True))
    pupil, lip, cheek = (picture[at[name][1], at[name][0]] for name in ("pupil_L", "lip_low_out", "cheek_L"))
    assert pupil.sum() < 120
    assert lip[0] - lip[1] > cheek[0] - cheek[1]
    assert visible[list(at).index("nose_tip")]
    assert at["pupil_L"][0] > at["pupil_R"][0]


def test_axes_move_the_landmarks_that_they_are_named_after(renderer):
    assert place(renderer, {"yaw": 1.0}, "nose_tip")[0] > place(renderer, {}, "nose_tip")[0] + 8
    assert place(renderer, {"pitch": 1.0}, "nose_tip")[1] > place(renderer, {}, "nose_tip")[1] + 8
    assert place(renderer, {"jaw": 1.0}, "chin")[1] > place(renderer, {}, "chin")[1] + 5
    smile = place(renderer, {"smile": 1.0}, "mouth_corner_L") - place(renderer, {}, "mouth_corner_L")
    assert smile[0] > 1
    assert smile[1] < -1


def test_lids_hide_the_pupils_only_when_they_are_closed(renderer):
    assert seen(renderer, {}, "pupil_L")
    assert seen(renderer, {"gaze_x": 1.0, "gaze_y": 1.0}, "pupil_L")
    assert not seen(renderer, {"blink": 1.0}, "pupil_L")


def test_a_turned_head_hides_its_far_nostril_and_hair_hides_the_ears(renderer):
    assert seen(renderer, {}, "ala_L")
    assert not seen(renderer, {"yaw": 1.0}, "ala_L")
    assert not seen(renderer, {}, "ear_top_R")


def test_the_face_stays_in_the_picture_at_the_ends_of_every_turn(renderer):
    front = [
        i
        for i, n in enumerate(renderer.pack.landmarks)
        if n.startswith(("pupil", "brow", "lip", "nose", "chin"))
    ]
    for yaw in (-1.0, 1.0):
        for pitch in (-1.0, 1.0):
            points, _ = renderer.landmarks(scene_from_axes({"yaw": yaw, "pitch": pitch, "jaw": 1.0}), 128)
            assert points[front].min() > 0
            assert points[front].max() < 128


def test_a_hair_that_the_pack_has_not_is_named(renderer):
    scene = replace(scene_from_axes({}), identity=Identity(hair="mohawk"))
    with pytest.raises(CastError, match=r"^the pack has no hair 'mohawk'; it has "):
        renderer.render(scene, 32)


def test_a_dataset_is_the_same_from_one_process_or_from_several_stopped_and_resumed(renderer, tmp_path):
    settings = DatasetSettings(count=5, size=16, seed=1)
    render_shard(tmp_path / "one", settings, Shard(), renderer)
    render_shard(tmp_path / "two", settings, Shard(1, 2), renderer)
    assert rendered_indices(tmp_path / "two", 5).tolist() == [1, 3]
    (tmp_path / "two/done_1of2.json").write_text('{"done": 1}')
    for shard in (Shard(0, 2), Shard(1, 2)):
        render_shard(tmp_path / "two", settings, shard, renderer)
    assert rendered_indices(tmp_path / "two", 5).tolist() == [0, 1, 2, 3, 4]
    for name in ("images.u8", "z.f4", "landmarks.f4", "visible.u1"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
