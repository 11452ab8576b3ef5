"""Several drags in one batch come out as one at a time."""

import pytest
import torch

from previz.drag import DragItem, DragSettings, drag, drag_batch, make_reference
from previz.errors import SolveError
from previz.generator import Generator, GeneratorConfig

IK = DragSettings(method="ik", tolerance=0.3)


@pytest.fixture(scope="module")
def generator() -> Generator:
    """Large enough for crops to pay."""
    torch.manual_seed(3)
    config = GeneratorConfig(
        resolution=128, z_dim=8, w_dim=8, channels=dict.fromkeys((4, 8, 16, 32, 64, 128), 6), mapping_layers=2
    )
    return Generator(config).eval().requires_grad_(False)


def item(generator, seed, count, by, settings=IK, **more):
    draw = torch.Generator().manual_seed(seed)
    w, handles = generator.sample_w(seed)[0], 30 + 60 * torch.rand(count, 2, generator=draw)
    reference = make_reference(generator, w, handles, settings)
    return DragItem(w, handles, handles + torch.tensor(by), reference, **more)


def alone(generator, one, settings=IK):
    points = one.w, one.handles, one.targets, one.reference
    return drag(generator, *points, settings, one.mask, one.weights, None, one.soft)


def same(together, single):
    assert together.status == single.status
    assert together.method == single.method
    assert together.iterations == single.iterations
    torch.testing.assert_close(together.handles, single.handles, atol=1e-3, rtol=0)
    torch.testing.assert_close(together.w, single.w, atol=1e-3, rtol=0)
    assert torch.equal(together.lost, single.lost)


def test_items_with_different_handles_come_out_as_alone(generator):
    items = [
        item(generator, 1, 1, [2.0, 0.0]),
        item(generator, 2, 3, [0.5, 0.5]),
        item(generator, 4, 2, [0.0, 0.0]),
    ]
    results = drag_batch(generator, items, IK)
    assert len({result.iterations for result in results}) > 1  # some drop out early
    for one, result in zip(items, results, strict=True):
        same(result, alone(generator, one))


def test_masks_weights_and_soft_handles_are_each_item_s_own(generator):
    mask = torch.ones(128, 128)
    mask[:, 90:] = 0
    items = [
        item(generator, 1, 2, [1.0, 0.0], mask=mask),
        item(generator, 2, 2, [1.0, 0.0], weights=torch.tensor([1.0, 0.0])),
        item(generator, 3, 2, [1.0, 1.0], soft=torch.tensor([False, True])),
    ]
    settings = DragSettings(method="ik", tolerance=0.3, max_iterations=3)
    for one, result in zip(items, drag_batch(generator, items, settings), strict=True):
        same(result, alone(generator, one, settings))


@pytest.mark.parametrize("method", ["auto", "adam", "lbfgs"])
def test_every_method_is_known(generator, method):
    settings = DragSettings(method=method, tolerance=0.3, max_iterations=2)
    items = [item(generator, 1, 1, [2.0, 0.0]), item(generator, 2, 0, [1.0, 1.0])]
    results = drag_batch(generator, items, settings)
    same(results[0], alone(generator, items[0], settings))
    assert (results[1].status, len(results[1].handles)) == ("ok", 0)


def test_generators_of_another_kind_are_dragged_one_by_one(texture):
    handles = torch.tensor([[30.0, 30.0]])
    reference = make_reference(texture, texture.start(), handles, IK)
    items = [DragItem(texture.start(), handles, handles + by, reference) for by in (2.0, 5.0)]
    for one, result in zip(items, drag_batch(texture, items, IK), strict=True):
        assert torch.equal(result.w, alone(texture, one).w)


def test_the_callback_is_told_whose_iteration_it_is(generator):
    told: list[tuple[int, int]] = []
    items = [item(generator, seed, 1, [1.0, 0.0]) for seed in (1, 2)]
    results = drag_batch(generator, items, IK, lambda at, iteration: told.append((at, iteration.index)))
    for position, result in enumerate(results):
        assert (position, 0) in told
        assert max(index for at, index in told if at == position) >= result.iterations


def test_no_items_are_no_results(generator):
    assert drag_batch(generator, [], IK) == []


def test_an_item_that_does_not_fit_is_named(generator):
    good = item(generator, 1, 1, [1.0, 0.0])
    bad = DragItem(good.w, good.handles, good.targets[:0], good.reference)
    with pytest.raises(SolveError) as refused:
        drag_batch(generator, [good, bad], IK)
    assert str(refused.value) == "items[1]: targets: 0 given for a reference of 1 handles"
