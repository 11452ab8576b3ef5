"""Jacobians through crops around the handles are those through whole maps."""

from dataclasses import replace

import pytest
import torch

from previz.drag import DragSettings, IKSettings, drag, make_reference, sample_features
from previz.drag._crops import evaluate, sample_jacobian
from previz.drag._jacobian import (
    patch_template,
    position_cotangents,
    position_jacobian,
    vector_jacobian_products,
)
from previz.drag._matching import smoothed
from previz.generator import Generator, GeneratorConfig
from previz.geometry import rescale

INSIDE = [[60.0, 70.0], [70.3, 50.8]]
BORDER = [[1.0, 2.0], [127.0, 126.5], [64.0, 0.5], [3.0, 90.0]]


@pytest.fixture(scope="module")
def generator() -> Generator:
    torch.manual_seed(3)
    config = GeneratorConfig(
        resolution=128, z_dim=8, w_dim=8, channels=dict.fromkeys((4, 8, 16, 32, 64, 128), 6), mapping_layers=2
    )
    made = Generator(config).eval().requires_grad_(False)
    for name, parameter in made.named_parameters():
        if "noise_strength" in name or name.endswith(".bias"):
            parameter.data.normal_(0.0, 0.3)
    return made


def both_ways(generator, points, smooth, layers=11, single=False):
    """Rows [2N, D] of handles at these points, through crops and through whole maps."""
    points = torch.tensor(points)
    w = generator.sample_w(1)[0]
    settings = DragSettings(block=6)
    reference = make_reference(generator, w, points, settings)
    template = patch_template(reference, 2.0, smooth)
    offset = torch.zeros(1 if single else layers, 8, requires_grad=True)
    moved = torch.cat([w[:layers] + offset, w[layers:]])
    whole = smoothed(generator.features(moved[None], 6)[0], smooth)
    plain = position_jacobian(whole, points, template, offset, 1)
    seen = evaluate(generator, moved, 6, whole=False)
    torch.testing.assert_close(smoothed(seen.feature_map, smooth), whole.detach(), atol=1e-5, rtol=1e-5)
    cotangents = position_cotangents(whole.detach(), points, template)
    at = rescale(points[:, None] + template.offsets, template.image_size, template.map_size)
    first = sample_jacobian(seen, at, cotangents, smooth)
    assert first is not None
    return vector_jacobian_products((seen.low, seen.w), offset, first, 1), plain


@pytest.mark.parametrize("smooth", [0, 1, 2])
@pytest.mark.parametrize("points", [INSIDE, BORDER])
def test_rows_through_crops_are_those_through_whole_maps(generator, points, smooth):
    crops, plain = both_ways(generator, points, smooth)
    assert float(plain.abs().max()) > 0
    torch.testing.assert_close(crops, plain, atol=2e-5 * float(plain.abs().max()), rtol=2e-4)


@pytest.mark.parametrize("single", [False, True])
def test_they_are_for_leading_layers_and_for_one_vector_too(generator, single):
    crops, plain = both_ways(generator, INSIDE, 2, layers=8, single=single)
    torch.testing.assert_close(crops, plain, atol=2e-5 * float(plain.abs().max()), rtol=2e-4)


def test_patches_as_large_as_the_map_have_no_crops(generator):
    w = generator.sample_w(1)[0].requires_grad_()
    seen = evaluate(generator, w, 6, whole=True)
    corners = torch.tensor([[[1.0, 1.0], [127.0, 127.0]]])
    assert sample_jacobian(seen, corners, torch.ones(1, 1, 2, 6), 0) is None


def test_the_whole_map_depends_on_the_latent_where_that_is_asked(generator):
    w = generator.sample_w(1)[0].requires_grad_()
    plain = generator.features(w[None], 6)[0]
    seen = evaluate(generator, w, 6, whole=True)
    torch.testing.assert_close(seen.feature_map, plain)
    at = torch.tensor([[20.0, 30.0]])
    gradients = [torch.autograd.grad(sample_features(m, at).sum(), w)[0] for m in (plain, seen.feature_map)]
    torch.testing.assert_close(*gradients)
    assert not evaluate(generator, w, 6, whole=False).feature_map.requires_grad


def test_a_drag_with_wide_patches_falls_back_on_whole_maps(generator):
    w, handles = generator.sample_w(1)[0], torch.tensor([[64.0, 64.0]])
    settings = DragSettings(method="ik", block=6, max_iterations=2)
    wide = replace(settings, ik=IKSettings(patch_spacing=150.0))
    for chosen in (settings, wide):
        reference = make_reference(generator, w, handles, chosen)
        result = drag(generator, w, handles, handles + 1.0, reference, chosen)
        assert not torch.equal(result.w, w)
