"""The metric that solvers measure steps of the latent by."""

from dataclasses import replace

import pytest
import torch
from moving_texture import MovingTexture

from previz.drag import DragSettings, IKSettings, drag, make_reference
from previz.drag._metric import from_metric, latent_metric, to_metric
from previz.drag._step import damped_step
from previz.errors import SolveError
from previz.generator import sample_codes


def test_the_metric_is_the_root_of_the_covariance_of_w(random_generator):
    metric = latent_metric(random_generator, "covariance").double()
    w = sample_codes(random_generator, 2000, 0)[1].double()
    product = metric @ metric.T
    variance = torch.linalg.eigvalsh(torch.cov(w.T)).mean()
    torch.testing.assert_close(product @ product, torch.cov(w.T) / variance, atol=1e-3, rtol=1e-2)


def test_it_is_computed_once_for_the_same_weights(random_generator):
    import copy

    metric = latent_metric(random_generator, "covariance")
    assert latent_metric(random_generator, "covariance") is metric
    other = copy.deepcopy(random_generator)
    assert torch.equal(latent_metric(other, "covariance"), metric)
    with torch.no_grad():
        other.mapping.fc0.weight[0].mul_(3.0)
    assert not torch.equal(latent_metric(other, "covariance"), metric)


def test_without_a_mapping_network_it_is_the_identity():
    assert latent_metric(MovingTexture(), "covariance") is None
    rows = torch.randn(4, 2, 6, generator=torch.Generator().manual_seed(0))
    assert torch.equal(to_metric(rows, None), rows.flatten(1))
    assert torch.equal(from_metric(rows[0].flatten(), None, 2), rows[0])


def test_a_step_prefers_the_directions_that_w_varies_in():
    rows = torch.tensor([[1.0, 1.0], [0.0, 0.0]])
    metric = torch.diag(torch.tensor([3.0, 1.0]))
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


@pytest.mark.parametrize(("masked", "same"), [(False, "covariance"), (True, "identity")])
def test_auto_is_the_covariance_and_with_a_mask_the_identity(random_generator, masked, same):
    w = random_generator.sample_w(3)[0]
    handles = torch.tensor([[10.0, 12.0]])
    mask = torch.ones(32, 32)
    mask[:, 24:] = 0
    results = []
    for metric in ("auto", same):
        settings = DragSettings(method="ik", metric=metric, max_iterations=2)
        reference = make_reference(random_generator, w, handles, settings)
        targets, given = handles + 2.0, mask if masked else None
        results.append(drag(random_generator, w, handles, targets, reference, settings, mask=given))
    assert torch.equal(results[0].w, results[1].w)
