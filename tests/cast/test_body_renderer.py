"""Full figures; need an EGL driver, and a pack of bodies whose path is in PREVIZ_CAST_BODY_PACK."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from previz.cast import (
    Arm,
    BodyPose,
    DatasetSettings,
    Leg,
    Outfit,
    Renderer,
    Shard,
    find_domain,
    load_pack,
    random_z,
    render_shard,
)
from previz.errors import CastError

pytestmark = pytest.mark.egl
BODY = find_domain("body")
SIZE = (256, 128)
DOWN = Arm(raised=8)


def renderer_of(variable):
    pytest.importorskip("moderngl")
    path = Path(os.environ.get(variable, ""))
    if not path.is_file():
        pytest.skip(f"no asset pack: {variable} names none")
    try:
        return Renderer(load_pack(path))
    except CastError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def renderer():
    return renderer_of("PREVIZ_CAST_BODY_PACK")


@pytest.fixture(scope="module")
def standing():
    scene = BODY.scene_from_z(np.zeros(BODY.z_dim))
    return replace(scene, body=BodyPose(left=DOWN, right=DOWN), pose=replace(scene.pose, yaw=0.0))


def posed(scene, **changes):
    return replace(scene, body=replace(scene.body, **changes))


def places(renderer, scene):
    points, _ = renderer.landmarks(scene, SIZE)
    return dict(zip(renderer.pack.landmarks, points, strict=True))


def seen(renderer, scene, name):
    _, visible = renderer.landmarks(scene, SIZE)
    return bool(visible[list(renderer.pack.landmarks).index(name)])


def colour(renderer, scene, name):
    x, y = places(renderer, scene)[name].astype(int)
    return renderer.render(scene, SIZE)[y, x].astype(int)


def test_pictures_are_oblong_or_square_as_asked(renderer, standing):
    assert renderer.render(standing, (128, 64)).shape == (128, 64, 3)
    assert renderer.render(standing, 64).shape == (64, 64, 3)


def test_the_same_figure_gives_the_same_picture(renderer):
    scene = BODY.scene_from_z(random_z(BODY, 0, 5))
    first = renderer.render(scene, (128, 64))
    renderer.render(BODY.scene_from_z(random_z(BODY, 0, 6)), (128, 64))
    np.testing.assert_array_equal(renderer.render(scene, (128, 64)), first)


def test_a_larger_picture_has_its_landmarks_at_the_same_share_of_it(renderer, standing):
    small, _ = renderer.landmarks(standing, (128, 64))
    large, _ = renderer.landmarks(standing, (512, 256))
    np.testing.assert_allclose(large, 4 * small, rtol=1e-5)


def test_the_figure_fills_the_picture_from_head_to_toe(renderer, standing):
    at = places(renderer, standing)
    assert 10 < at["head_top"][1] < 35
    assert 225 < at["toe_L"][1] < 250
    assert at["shoulder_L"][0] > 64 > at["shoulder_R"][0]


def test_the_camera_stays_when_arms_are_raised(renderer, standing):
    up = Arm(raised=130, inward=-80, elbow=80)
    before, after = places(renderer, standing), places(renderer, posed(standing, left=up, right=up))
    for name in ("head_top", "toe_L", "pelvis"):
        np.testing.assert_allclose(after[name], before[name], atol=1.5)
    assert after["wrist_L"][1] < before["head_top"][1] + 20


def test_a_squat_keeps_the_feet_on_the_floor_and_lowers_the_hips(renderer, standing):
    bent = Leg(forward=50, knee=85, outward=10)
    before, after = (
        places(renderer, standing),
        places(renderer, posed(standing, left_leg=bent, right_leg=bent)),
    )
    assert after["pelvis"][1] > before["pelvis"][1] + 8
    assert abs(after["toe_L"][1] - before["toe_L"][1]) < 5


def test_a_figure_turned_to_its_left_shows_its_right_side(renderer, standing):
    turned = posed(standing, yaw=30)
    assert places(renderer, turned)["nose_tip"][0] > places(renderer, standing)["nose_tip"][0] + 2
    assert seen(renderer, turned, "elbow_R")


def test_the_body_hides_a_hand_behind_it(renderer, standing):
    behind = Arm(raised=5, forward=-30, inward=80, elbow=70)
    assert seen(renderer, standing, "hand_L")
    assert not seen(renderer, posed(standing, left=behind), "hand_L")


def test_sleeves_and_trousers_cover_skin_as_they_are_cut(renderer, standing):
    bare = replace(standing, outfit=Outfit(sleeve=0.0, trousers=-2.0, bottom=(0.02, 0.02, 0.6)))
    dressed = replace(standing, outfit=Outfit(sleeve=1.0, trousers=-7.0, bottom=(0.02, 0.02, 0.6)))
    for name in ("knee_L", "knee_R"):
        red, _, blue = colour(renderer, bare, name)
        assert red > blue
        red, _, blue = colour(renderer, dressed, name)
        assert blue > red + 20
    cloth = replace(standing.materials, cloth=(0.02, 0.02, 0.6), pattern=0)
    elbow = colour(renderer, replace(dressed, materials=cloth), "elbow_L")
    assert elbow[2] > elbow[0] + 20
    elbow = colour(renderer, replace(bare, materials=cloth), "elbow_L")
    assert elbow[0] > elbow[2]


def test_a_skirt_hides_the_thighs_even_of_a_lunge(renderer, standing):
    skirt = Outfit(skirt=-4.4, trousers=-1.0, bottom=(0.02, 0.02, 0.6))
    stride = {"left_leg": Leg(forward=35, knee=20), "right_leg": Leg(forward=-15, knee=20, heel=30)}
    scene = posed(replace(standing, outfit=skirt), **stride)
    for name in ("thigh_L", "thigh_R"):
        assert not seen(renderer, scene, name)
        red, _, blue = colour(renderer, scene, name)
        assert blue > red


def test_the_figure_casts_a_shadow_on_the_floor(renderer, standing):
    picture = renderer.render(standing, SIZE).astype(int)
    x, y = places(renderer, standing)["toe_L"].astype(int)
    floor = picture[min(y + 6, 254)].sum(1)
    assert floor[x - 4 : x + 5].min() < floor[4] - 30


def test_a_pack_of_heads_is_refused_for_a_figure(standing):
    with pytest.raises(CastError) as error:
        renderer_of("PREVIZ_CAST_PACK").render(standing, SIZE)
    assert str(error.value) == (
        "the scene shows a whole figure and the pack holds heads; "
        "build one with `previz cast pack --figure body`"
    )


def test_a_dataset_of_heads_is_refused_a_pack_of_bodies(renderer, tmp_path):
    with pytest.raises(CastError) as error:
        render_shard(tmp_path, DatasetSettings(count=1, size=16, domain="head"), Shard(), renderer)
    assert str(error.value) == (
        "the pack holds a body, domain 'head' needs a head: build one with `previz cast pack --figure head`"
    )


def test_a_dataset_of_figures_is_oblong(renderer, tmp_path):
    render_shard(tmp_path, DatasetSettings(count=2, size=32, domain="body"), Shard(), renderer)
    pictures = np.fromfile(tmp_path / "images.u8", np.uint8).reshape(2, 32, 16, 3)
    np.testing.assert_array_equal(
        pictures[1], renderer.render(BODY.scene_from_z(random_z(BODY, 0, 1)), (32, 16))
    )
    landmarks = np.fromfile(tmp_path / "landmarks.f4", np.float32).reshape(2, -1, 2)
    assert landmarks[..., 1].max() > 16
