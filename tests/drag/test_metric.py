"""The metric that solvers measure steps of the latent by."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from moving_texture import MovingTexture

from previz.drag import DragSettings, IKSettings, _metric, drag, make_reference
from previz.drag._drag import check_task
from previz.drag._metric import Metric, from_metric, latent_metric, to_metric
from previz.drag._step import damped_step
from previz.errors import SolveError
from previz.generator import Generator, latents_of_codes, sample_codes


def metric_of(generator, layers=1, *, name="covariance", masked=False):
    """The metric of a drag's task, of a masked one or not."""
    w = generator.sample_w(3)[0] if isinstance(generator, Generator) else generator.start()
    settings = DragSettings(metric=name)
    handles = torch.tensor([[10.0, 12.0]])
    mask = None
    if masked:
        mask = torch.ones(32, 32)
        mask[:, 24:] = 0
    reference = make_reference(generator, w, handles, settings)
    task = check_task(generator, w, handles, handles, reference, settings, mask, None, None)
    return latent_metric(generator, task, layers)


def matrix(metric):
    """A as a whole, [layers * w_dim, K]."""
    w_dim = len(metric.together)
    return to_metric(torch.eye(metric.layers * w_dim).reshape(-1, metric.layers, w_dim).double(), metric)


def covariance_of(w):
    return torch.cov(w.double().T)


def test_the_metric_moves_all_layers_together_and_each_apart(random_generator):
    metric = matrix(metric_of(random_generator, 3))
    w = random_generator.w_dim
    product = (metric @ metric.T).reshape(3, w, 3, w)
    variance, axes = torch.linalg.eigh(covariance_of(sample_codes(random_generator, 2000, 0)[1]))
    variance = variance / variance.mean()
    together = axes * variance**0.7 @ axes.T
    apart = 1.5**2 * axes * variance**0.5 @ axes.T
    torch.testing.assert_close(product[0, :, 2], together, atol=1e-3, rtol=1e-2)
    torch.testing.assert_close(product[1, :, 1], together + apart, atol=1e-3, rtol=1e-2)


def test_in_w_all_layers_are_one(random_generator):
    metric = matrix(metric_of(random_generator))
    variance, axes = torch.linalg.eigh(covariance_of(sample_codes(random_generator, 2000, 0)[1]))
    wanted = axes * (variance / variance.mean()) ** 0.7 @ axes.T
    torch.testing.assert_close(metric @ metric.T, wanted, atol=1e-3, rtol=1e-2)


def tell_performance(generator, *names):
    generator.card = {"z": [f"z{index}" for index in range(generator.z_dim)], "performance": list(names)}


def moved(generator, dimension, metric):
    """How long y is for the step of w that one dimension of z makes, on average over codes."""
    z = np.random.default_rng(5).standard_normal((300, generator.z_dim))
    other = z.copy()
    other[:, dimension] = np.random.default_rng(6).standard_normal(300)
    step = (latents_of_codes(generator, other) - latents_of_codes(generator, z)).double()
    return float((step @ torch.linalg.pinv(matrix(metric)).T).norm(dim=1).mean())


def test_what_is_no_performance_is_far(random_generator):
    generator = copy.deepcopy(random_generator)
    before = [moved(generator, dimension, metric_of(generator)) for dimension in (0, 1)]
    tell_performance(generator, "z0", "z2", "z3")
    after = [moved(generator, dimension, metric_of(generator)) for dimension in (0, 1)]
    assert after[1] / after[0] > 1.2 * before[1] / before[0]


@pytest.mark.parametrize(
    "card",
    [
        {"performance": ["z0"]},
        {"z": ["z0"], "performance": ["z0"]},
        {"z": [f"z{index}" for index in range(16)], "performance": "z0"},
        {"z": [f"z{index}" for index in range(16)], "performance": []},
        {"z": [f"z{index}" for index in range(16)], "performance": [f"z{index}" for index in range(16)]},
    ],
)
def test_a_card_that_names_no_performance_changes_nothing(random_generator, card):
    plain = metric_of(random_generator)
    told = copy.deepcopy(random_generator)
    told.card = card
    assert torch.equal(matrix(metric_of(told)), matrix(plain))


def sampled(generator):
    return _metric._KNOWN[generator][1]


def test_it_is_computed_once_for_the_same_weights(random_generator):
    metric = matrix(metric_of(random_generator))
    before = sampled(random_generator)
    assert torch.equal(matrix(metric_of(random_generator)), metric)
    assert sampled(random_generator) is before
    other = copy.deepcopy(random_generator)
    assert torch.equal(matrix(metric_of(other)), metric)
    with torch.no_grad():
        other.mapping.fc0.weight[0].mul_(3.0)
    assert not torch.equal(matrix(metric_of(other)), metric)


def test_without_a_mapping_network_it_is_the_identity():
    assert metric_of(MovingTexture()) is None
    rows = torch.randn(4, 2, 6, generator=torch.Generator().manual_seed(0))
    assert torch.equal(to_metric(rows, None), rows.flatten(1))
    assert torch.equal(from_metric(rows[0].flatten(), None, 2), rows[0])


@pytest.mark.parametrize("layers", [1, 4])
def test_a_step_and_a_row_are_measured_by_the_same_matrix(random_generator, layers):
    metric = metric_of(random_generator, layers)
    y = torch.randn(metric.size, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    step = from_metric(y, metric, layers)
    assert step.shape == (layers, random_generator.w_dim)
    torch.testing.assert_close(step.flatten(), matrix(metric) @ y)


def test_a_step_prefers_the_directions_that_w_varies_in():
    rows = torch.tensor([[1.0, 1.0], [0.0, 0.0]])
    metric = Metric(1, torch.diag(torch.tensor([3.0, 1.0])))
    settings = IKSettings(damping=1e-9, pull=0.0)
    wanted = torch.tensor([[10.0, 0.0]])
    step = damped_step(rows, wanted, torch.ones(1), torch.zeros(1, 2), settings, metric)
    torch.testing.assert_close(step, torch.tensor([9.0, 1.0]), atol=1e-4, rtol=1e-4)


def test_drags_in_the_two_metrics_differ_and_arrive(random_generator):
    w = random_generator.sample_w(3)[0]
    handles = torch.tensor([[10.0, 12.0]])
    settings = DragSettings(method="ik", metric="identity")
    reference = make_reference(random_generator, w, handles, settings)
    results = [
        drag(random_generator, w, handles, handles + 2.0, reference, replace(settings, metric=metric))
        for metric in ("identity", "covariance")
    ]
    assert all(float(result.error.max()) < 1.0 for result in results)
    assert not torch.equal(results[0].w, results[1].w)


def test_a_metric_that_there_is_not_is_refused():
    with pytest.raises(SolveError) as refused:
        DragSettings(metric="euclid")
    assert str(refused.value) == 'solver.metric: "euclid" is not one of auto, identity, covariance'


def test_with_a_mask_any_part_of_a_layer_may_move_apart(random_generator):
    layers, size = 2, random_generator.w_dim
    plain, masked = (matrix(metric_of(random_generator, layers, masked=one)) for one in (False, True))
    apart = masked[:, -layers * size :]
    torch.testing.assert_close(apart, 2.5 * torch.eye(layers * size, dtype=torch.float64))
    assert torch.equal(masked[:, : -layers * size], plain[:, : masked.shape[1] - layers * size])


@pytest.mark.parametrize("masked", [False, True])
def test_auto_is_the_covariance(random_generator, masked):
    assert torch.equal(
        matrix(metric_of(random_generator, 2, name="auto", masked=masked)),
        matrix(metric_of(random_generator, 2, masked=masked)),
    )
