"""Point tracking against the first frame."""

import pytest
import torch
from moving_texture import MovingTexture

from previz.drag import DragSettings, make_reference, track, track_points
from previz.errors import SolveError

SETTINGS = DragSettings()
POINTS = torch.tensor([[20.0, 30.0], [40.3, 25.7]])


def moved(texture, *shift):
    """The latent in which everything has moved by so many pixels."""
    w = texture.start()
    w[:, 0], w[:, 1] = shift[0] / texture.gain, shift[1] / texture.gain
    return w


@pytest.mark.parametrize("shift", [(0.0, 0.0), (1.0, 0.0), (0.5, -0.5), (-1.3, 2.2), (2.37, 1.81)])
def test_tracking_is_exact_to_a_twentieth_of_a_pixel(texture, shift):
    reference = make_reference(texture, texture.start(), POINTS, SETTINGS)
    found, distance = track_points(texture, moved(texture, *shift), POINTS, reference, SETTINGS)
    torch.testing.assert_close(found, POINTS + torch.tensor(shift), atol=0.05, rtol=0)
    assert distance.max() < 0.1


def test_tracking_is_sub_pixel_on_a_map_four_times_coarser_than_the_image():
    texture = MovingTexture(width=256, height=256, map_size=(64, 64))
    points = POINTS * 4
    reference = make_reference(texture, texture.start(), points, SETTINGS)
    found, _ = track_points(texture, moved(texture, 3.7, -2.2), points, reference, SETTINGS)
    torch.testing.assert_close(found, points + torch.tensor([3.7, -2.2]), atol=0.2, rtol=0)


def test_tracking_on_an_image_that_is_not_square():
    texture = MovingTexture(width=64, height=128, map_size=(32, 64))
    points = torch.tensor([[30.0, 90.0]])
    reference = make_reference(texture, texture.start(), points, SETTINGS)
    found, _ = track_points(texture, moved(texture, 1.5, -2.5), points, reference, SETTINGS)
    torch.testing.assert_close(found, torch.tensor([[31.5, 87.5]]), atol=0.1, rtol=0)


def test_in_the_first_frame_a_handle_is_where_it_was_put(texture):
    reference = make_reference(texture, texture.start(), POINTS, SETTINGS)
    found, distance = track_points(texture, texture.start(), POINTS, reference, SETTINGS)
    assert torch.equal(found, POINTS)
    assert distance.tolist() == [0.0, 0.0]


def test_many_small_steps_do_not_add_up_to_drift(texture):
    reference = make_reference(texture, texture.start(), POINTS, SETTINGS)
    found = POINTS
    for step in range(1, 41):
        found, _ = track_points(texture, moved(texture, 0.31 * step, 0.0), found, reference, SETTINGS)
    torch.testing.assert_close(found, POINTS + torch.tensor([0.31 * 40, 0.0]), atol=0.05, rtol=0)


def test_nothing_beyond_the_tracking_radius_is_found(texture):
    reference = make_reference(texture, texture.start(), POINTS, SETTINGS)
    found, distance = track_points(texture, moved(texture, 0.0, 8.0), POINTS, reference, SETTINGS)
    assert (found - POINTS).abs().max() <= 4.0
    assert distance.min() > 0.3


def test_a_flat_map_leaves_the_handles_where_they_were(texture):
    reference = make_reference(texture, texture.start(), POINTS, SETTINGS)
    found, _ = track(torch.zeros(16, 64, 64), POINTS, reference, SETTINGS.radius_tracking)
    torch.testing.assert_close(found, POINTS)


def test_handles_at_the_border_stay_in_the_image(texture):
    corners = torch.tensor([[0.0, 0.0], [64.0, 64.0], [0.2, 63.9]])
    reference = make_reference(texture, texture.start(), corners, SETTINGS)
    found, distance = track_points(texture, moved(texture, -2.0, -2.0), corners, reference, SETTINGS)
    assert found.min() >= 0
    assert found.max() <= 64
    assert torch.isfinite(distance).all()


def test_handles_on_top_of_one_another_are_found_at_one_place(texture):
    twins = torch.tensor([[20.0, 30.0], [20.0, 30.0]])
    reference = make_reference(texture, texture.start(), twins, SETTINGS)
    found, _ = track_points(texture, moved(texture, 1.4, 0.3), twins, reference, SETTINGS)
    assert torch.equal(found[0], found[1])


def test_feature_distance_is_about_one_at_an_unrelated_place(texture):
    reference = make_reference(texture, texture.start(), POINTS, SETTINGS)
    noise = torch.randn(16, 64, 64, generator=torch.Generator().manual_seed(0))
    noise = noise * reference.feature_map.std() + reference.feature_map.mean()
    elsewhere = reference.features[:, None] - noise.flatten(1).t()
    assert 0.8 < float((elsewhere.norm(dim=-1) / reference.contrast[:, None]).mean()) < 1.25


def test_no_handles_need_no_synthesis(texture):
    reference = make_reference(texture, texture.start(), torch.zeros(0, 2), SETTINGS)
    found, distance = track_points(texture, texture.start(), torch.zeros(0, 2), reference, SETTINGS)
    assert found.shape == (0, 2)
    assert distance.shape == (0,)


def test_the_default_block_is_the_last_of_a_small_generator(random_generator):
    w = random_generator.sample_w(0)[0]
    reference = make_reference(random_generator, w, torch.tensor([[16.0, 16.0]]), SETTINGS)
    assert reference.block == random_generator.num_blocks == 4
    assert reference.feature_map.shape == random_generator.block_shape(4)


def test_the_block_can_be_chosen(random_generator):
    w = random_generator.sample_w(0)[0]
    reference = make_reference(random_generator, w, torch.tensor([[16.0, 16.0]]), DragSettings(block=2))
    assert reference.feature_map.shape == random_generator.block_shape(2)


def test_a_block_that_is_not_there_is_refused(texture):
    with pytest.raises(SolveError) as refused:
        make_reference(texture, texture.start(), POINTS, DragSettings(block=7))
    assert str(refused.value) == "solver.block: 7 is after the generator's last block, 5"


def test_a_handle_that_starts_outside_the_image_is_refused(texture):
    with pytest.raises(SolveError) as refused:
        make_reference(texture, texture.start(), torch.tensor([[3.0, 3.0], [65.0, 2.0]]), SETTINGS)
    assert str(refused.value) == "handles[1]: (65, 2) is outside the 64x64 image"


def test_a_guess_for_another_number_of_handles_is_refused(texture):
    reference = make_reference(texture, texture.start(), POINTS, SETTINGS)
    with pytest.raises(SolveError) as refused:
        track_points(texture, texture.start(), POINTS[:1], reference, SETTINGS)
    assert str(refused.value) == "points_guess: 1 given for a reference of 2 handles"
