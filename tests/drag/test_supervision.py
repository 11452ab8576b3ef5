"""Motion supervision and the mask term."""

import pytest
import torch

from previz.drag import DragSettings, fixed_area, make_reference, mask_term, motion_supervision
from previz.drag._tracking import disc_offsets, paper_pixel
from previz.geometry import to_grid_sample

SETTINGS = DragSettings()
HANDLES = torch.tensor([[20.0, 30.0], [40.3, 25.7]])
TARGETS = torch.tensor([[26.0, 38.0], [40.3, 20.7]])
ONES = torch.ones(2)


@pytest.fixture
def reference(texture):
    return make_reference(texture, texture.start(), HANDLES, SETTINGS)


def plain_motion_supervision(feature_map, handles, targets, weights, reference, radius):
    """Equation 1 a handle at a time, read by grid_sample."""
    loss = torch.zeros(())
    for handle, target, weight in zip(handles, targets, weights, strict=True):
        to_target = target - handle
        direction = to_target / max(1.0, float(to_target.norm()))
        disc = handle + disc_offsets(reference, radius)

        def read(points):
            grid = to_grid_sample(points, reference.image_size)[None, None]
            kwargs = {"padding_mode": "border", "align_corners": False}
            return torch.nn.functional.grid_sample(feature_map[None], grid, **kwargs)[0, :, 0]

        loss = loss + weight * (read(disc).detach() - read(disc + direction)).abs().mean()
    return loss


def test_value_and_gradient_equal_the_plain_twin(reference):
    handles = torch.cat([HANDLES, torch.tensor([[0.4, 63.0]])])
    targets = torch.cat([TARGETS, torch.tensor([[-9.0, 70.0]])])
    weights = torch.tensor([1.0, 0.5, 2.0])
    ours = reference.feature_map.clone().requires_grad_()
    plain = reference.feature_map.clone().requires_grad_()
    our_loss = motion_supervision(ours, handles, targets, weights, reference, 3.0)
    plain_loss = plain_motion_supervision(plain, handles, targets, weights, reference, 3.0)
    our_loss.backward()
    plain_loss.backward()
    torch.testing.assert_close(our_loss, plain_loss)
    torch.testing.assert_close(ours.grad, plain.grad)


def test_a_handle_at_its_target_asks_for_nothing(reference):
    loss = motion_supervision(reference.feature_map, HANDLES, HANDLES, ONES, reference, 3.0)
    assert float(loss) == 0


def test_the_step_is_one_pixel_however_far_the_target(reference):
    near = motion_supervision(reference.feature_map, HANDLES, HANDLES + 10.0, ONES, reference, 3.0)
    far = motion_supervision(reference.feature_map, HANDLES, HANDLES + 1000.0, ONES, reference, 3.0)
    torch.testing.assert_close(near, far)


def test_the_step_ends_on_a_target_nearer_than_a_pixel(texture, reference):
    short = torch.tensor([0.3, 0.4])
    w = texture.start()
    w[:, 0], w[:, 1] = short / texture.gain
    arrived = texture.features(w[None], 5)[0]
    before = motion_supervision(reference.feature_map, HANDLES, HANDLES + short, ONES, reference, 3.0)
    after = (
        plain_motion_supervision(arrived, HANDLES, HANDLES + short, ONES, reference, 3.0)
        - motion_supervision(arrived, HANDLES, HANDLES + short, ONES, reference, 3.0)
    ).abs()
    assert float(before) > 0
    assert float(after) < 1e-6


def test_the_gradient_pulls_the_content_towards_the_target(texture, reference):
    w = texture.start().requires_grad_()
    feature_map = texture.features(w[None], 5)[0]
    to_the_right = HANDLES + torch.tensor([8.0, 0.0])
    loss = motion_supervision(feature_map, HANDLES, to_the_right, ONES, reference, 3.0)
    (gradient,) = torch.autograd.grad(loss, w)
    descent = -gradient.sum(dim=0)[:2]
    assert descent[0] > descent[1].abs()


def test_a_handle_of_weight_zero_asks_for_nothing(reference):
    both = motion_supervision(reference.feature_map, HANDLES, TARGETS, ONES, reference, 3.0)
    one = motion_supervision(
        reference.feature_map, HANDLES, TARGETS, torch.tensor([1.0, 0.0]), reference, 3.0
    )
    alone = motion_supervision(reference.feature_map, HANDLES[:1], TARGETS[:1], ONES[:1], reference, 3.0)
    assert float(one) < float(both)
    torch.testing.assert_close(one, alone)


def test_the_paper_disc_at_512_is_its_29_whole_pixels(reference):
    at_512 = make_sized(reference, (512, 512), (128, 128))
    disc = disc_offsets(at_512, 3.0)
    assert disc.shape == (29, 2)
    assert torch.equal(disc, disc.round())
    assert float(disc.norm(dim=-1).max()) == 3.0


@pytest.mark.parametrize(
    ("image", "feature_map", "pixel"),
    [
        ((512, 512), (128, 128), 1.0),
        ((1024, 1024), (128, 128), 2.0),
        ((128, 128), (128, 128), 0.25),
        ((512, 1024), (64, 128), 2.0),
        ((512, 512), (32, 32), 4.0),
    ],
)
def test_radii_scale_with_the_image_but_not_below_what_the_map_resolves(reference, image, feature_map, pixel):
    assert paper_pixel(make_sized(reference, image, feature_map)) == pixel


def make_sized(reference, image_size, map_size):
    """The same reference as if it came from a generator of other sizes."""
    from dataclasses import replace

    return replace(
        reference,
        image_size=image_size,
        feature_map=reference.feature_map[:1, :1, :1].expand(1, map_size[1], map_size[0]),
    )


def boxed_mask(fixed_columns):
    mask = torch.ones(64, 64)
    mask[:, :fixed_columns] = 0
    return mask


@pytest.mark.parametrize("fixed_columns", [1, 16, 64])
def test_the_mask_term_means_the_same_for_a_small_and_a_large_fixed_area(reference, fixed_columns):
    fixed = fixed_area(boxed_mask(fixed_columns), reference)
    term = mask_term(reference.feature_map + 0.25, reference, fixed)
    assert float(term) == pytest.approx(0.25, rel=1e-4)


def test_the_mask_term_ignores_what_is_movable(reference):
    fixed = fixed_area(boxed_mask(16), reference)
    changed = reference.feature_map.clone()
    changed[:, :, 16:] += 5.0
    assert float(mask_term(changed, reference, fixed)) == 0


def test_an_all_movable_mask_fixes_nothing(reference):
    assert fixed_area(torch.ones(64, 64), reference) is None


def test_a_mask_is_averaged_onto_a_coarser_map(reference):
    coarse = make_sized(reference, (64, 64), (16, 16))
    fixed = fixed_area(boxed_mask(2), coarse)
    assert fixed[:, 0].tolist() == [0.5] * 16
    assert float(fixed[:, 1:].max()) == 0
