"""Latent IK: its Jacobian, its step, and whole drags."""

from dataclasses import replace

import pytest
import torch
from moving_texture import MovingTexture

from previz.drag import DragSettings, IKSettings, drag, make_reference, sample_features, track_points
from previz.drag._jacobian import (
    Linear,
    corrected,
    patch_template,
    position_jacobian,
    vector_jacobian_products,
)
from previz.drag._matching import smoothed
from previz.drag._progress import Arrival, Progress, advance, end_settling, note_arrival
from previz.drag._step import clip_length, damped_step, next_trust
from previz.drag._types import DragTask
from previz.errors import SolveError

IK = DragSettings(method="ik", tolerance=0.2)
ONE = torch.tensor([[30.0, 30.0]])
TWO = torch.tensor([[12.0, 30.0], [52.0, 34.0]])


def dragged(generator, handles, targets, settings=IK, w=None, **kwargs):
    w = generator.start() if w is None else w
    reference = make_reference(generator, w, handles, settings)
    return drag(generator, w, handles, targets, reference, settings, **kwargs)


def test_a_handle_arrives_in_a_few_iterations(texture):
    result = dragged(texture, ONE, torch.tensor([[37.0, 24.0]]))
    assert result.status == "ok"
    assert result.iterations <= 4
    torch.testing.assert_close(texture.shift(result.w)[0], torch.tensor([7.0, -6.0]), atol=0.25, rtol=0)


def test_handles_go_to_targets_of_their_own():
    texture = MovingTexture(halves=True)
    result = dragged(texture, TWO, TWO + torch.tensor([[6.0, 2.0], [-4.0, 3.0]]))
    assert result.status == "ok"
    assert result.iterations <= 4


def test_a_pinned_handle_stays_while_another_moves():
    texture = MovingTexture(halves=True)
    result = dragged(texture, TWO, TWO + torch.tensor([[6.0, 2.0], [0.0, 0.0]]))
    assert result.status == "ok"
    assert float(texture.shift(result.w)[1].abs().max()) < 0.1


def right_half_fixed():
    mask = torch.ones(64, 64)
    mask[:, 40:] = 0
    return mask


def test_a_mask_holds_back_a_handle_of_little_weight():
    texture = MovingTexture(halves=True)
    targets, weights = TWO + torch.tensor([[6.0, 2.0], [6.0, 0.0]]), torch.tensor([1.0, 0.01])
    free, held = (
        dragged(texture, TWO, targets, mask=mask, weights=weights) for mask in (None, right_half_fixed())
    )
    moved = texture.shift(held.w)
    assert float((moved[0] - torch.tensor([6.0, 2.0])).norm()) < 0.3
    assert float(moved[1].norm()) < 0.6 * float(texture.shift(free.w)[1].norm())


@pytest.mark.parametrize(("masked", "left"), [(True, 0.3), (False, 2.0)])
def test_a_mask_brings_back_what_it_fixes(masked, left):
    texture = MovingTexture(halves=True)
    start = texture.start()
    start[:, 2] = 0.06  # the right half has gone 3 px aside
    settings = replace(IK, ik=IKSettings(pull=0.0))
    reference = make_reference(texture, texture.start(), TWO[:1], settings)
    mask = right_half_fixed() if masked else None
    result = drag(texture, start, TWO[:1], TWO[:1] + 5.0, reference, settings, mask=mask)
    assert result.status == "ok"
    moved = texture.shift(result.w)[1].norm()
    assert (float(moved) < left) == masked


def test_a_masked_drag_that_has_arrived_goes_on_while_the_mask_gains():
    texture = MovingTexture(halves=True)
    start = texture.start()
    start[:, 2] = 0.06
    reference = make_reference(texture, texture.start(), TWO[:1], IK)
    runs = {}
    for count in (0, 8):
        settings = replace(IK, ik=IKSettings(pull=0.0, mask_iterations=count))
        runs[count] = drag(texture, start, TWO[:1], TWO[:1], reference, settings, mask=right_half_fixed())
    assert runs[0].iterations == 0
    assert 1 <= runs[8].iterations <= 8
    assert {result.status for result in runs.values()} == {"ok"}
    assert float(runs[8].error.max()) <= IK.tolerance * IK.ik.settle


def test_what_comes_back_belongs_together(texture):
    reference = make_reference(texture, texture.start(), ONE, IK)
    result = drag(texture, texture.start(), ONE, ONE + 5.0, reference, IK)
    again, _ = track_points(texture, result.w, result.handles, reference, IK)
    torch.testing.assert_close(again, result.handles, atol=0.05, rtol=0)


def test_a_target_at_the_start_takes_no_iteration(texture):
    result = dragged(texture, ONE, ONE)
    assert (result.status, result.iterations) == ("ok", 0)
    assert torch.equal(result.w, texture.start())


def test_a_target_outside_pulls_the_handle_to_the_border(texture):
    result = dragged(texture, torch.tensor([[58.0, 30.0]]), torch.tensor([[72.0, 30.0]]))
    assert result.out_of_reach.tolist() == [True]
    assert float(result.handles[0, 0]) > 62.5


def test_handles_on_top_of_one_another_with_opposite_targets_do_not_arrive(texture):
    handles = torch.cat([ONE, ONE])
    result = dragged(texture, handles, handles + torch.tensor([[6.0, 0.0], [-6.0, 0.0]]))
    assert result.status == "stalled"
    assert torch.isfinite(result.w).all()
    assert float(result.error.mean()) == pytest.approx(6.0, abs=0.1)


def test_a_generator_that_cannot_move_stalls():
    result = dragged(MovingTexture(gain=0.0), ONE, ONE + 5.0)
    assert result.status == "stalled"
    assert torch.equal(result.w, torch.zeros(8, 6))


def test_only_the_leading_layers_move(texture):
    result = dragged(texture, ONE, ONE + 3.0, DragSettings(method="ik", layers=1))
    assert result.status == "ok"
    assert torch.equal(result.w[1:], texture.start()[1:])


def test_in_w_all_of_them_move_alike(texture):
    result = dragged(texture, ONE, ONE + 3.0, DragSettings(method="ik", space="w"))
    assert result.status == "ok"
    assert torch.equal(result.w[:6], result.w[:1].expand(6, -1))
    assert torch.equal(result.w[6:], texture.start()[6:])


def test_the_same_call_gives_the_same_bits(random_generator):
    w = random_generator.sample_w(3)[0]
    handles = torch.tensor([[10.0, 12.0], [20.0, 20.0]])
    mask = torch.ones(32, 32)
    mask[:, 24:] = 0
    settings = DragSettings(method="ik", max_iterations=3)
    runs = [dragged(random_generator, handles, handles + 3.0, settings, w=w, mask=mask) for _ in range(2)]
    assert torch.equal(runs[0].w, runs[1].w)
    assert torch.equal(runs[0].handles, runs[1].handles)
    assert not torch.equal(runs[0].w, w)


def test_on_random_weights_the_drag_brings_the_handles_nearer(random_generator):
    w = random_generator.sample_w(3)[0]
    handles = torch.tensor([[10.0, 12.0], [20.0, 20.0]])
    result = dragged(random_generator, handles, handles + 3.0, DragSettings(method="ik"), w=w)
    assert float(result.error.mean()) < 0.5 * 18**0.5


def test_what_moves_no_handle_is_drawn_back_home(texture):
    start = texture.start()
    start[:, 5] = 1.0
    reference = make_reference(texture, texture.start(), ONE, IK)
    result = drag(texture, start, ONE, ONE + 6.0, reference, IK)
    assert float(result.w[:6, 5].max()) == pytest.approx(0.7**result.iterations, abs=1e-3)
    assert result.status == "ok"


def test_a_closed_path_closes(texture):
    settings = DragSettings(method="ik", tolerance=0.05)
    reference = make_reference(texture, texture.start(), ONE, settings)
    w, handles = texture.start(), ONE
    for target in ([5.0, 0.0], [5.0, 5.0], [0.0, 5.0], [0.0, 0.0]):
        result = drag(texture, w, handles, ONE + torch.tensor(target), reference, settings)
        w, handles = result.w, result.handles
    assert float(w.abs().max()) * texture.gain < 0.1


def test_the_jacobian_is_the_motion_of_the_tracked_position(texture):
    handles = torch.tensor([[20.0, 30.0], [40.3, 25.7]])
    reference = make_reference(texture, texture.start(), handles, IK)
    w = texture.start().requires_grad_()
    feature_map = texture.features(w[None], 5)[0]
    rows = position_jacobian(feature_map, handles, patch_template(reference, 1.0), w, batch=1)
    expected = torch.zeros(2, 2, 8, 6)
    for axis in range(2):
        expected[:, axis, : texture.moved_by, axis] = texture.gain / texture.moved_by
    torch.testing.assert_close(rows.reshape(2, 2, 8, 6), expected, atol=1.0, rtol=0)


def test_products_in_a_batch_are_those_one_by_one(random_generator):
    w = random_generator.sample_w(0).requires_grad_()
    output = sample_features(random_generator.features(w, 4)[0], torch.rand(3, 2) * 32)
    cotangents = torch.randn(5, *output.shape, generator=torch.Generator().manual_seed(0))
    single = vector_jacobian_products((output,), w, (cotangents,), batch=1)
    batched = vector_jacobian_products((output,), w, (cotangents,), batch=3)
    assert single.shape == (5, w.numel())
    torch.testing.assert_close(single, batched)


def test_without_damping_and_pull_the_step_is_the_least_that_does_what_is_wanted():
    rows = torch.randn(4, 10, generator=torch.Generator().manual_seed(0))
    wanted = torch.tensor([[1.0, 2.0], [-3.0, 0.5]])
    free = IKSettings(damping=1e-9, pull=0.0)
    step = damped_step(rows, wanted, torch.ones(2), torch.zeros(1, 10), free)
    torch.testing.assert_close(step, torch.linalg.pinv(rows) @ wanted.reshape(-1), atol=1e-4, rtol=1e-4)


def test_the_pull_leaves_what_the_handles_want():
    rows = torch.randn(4, 10, generator=torch.Generator().manual_seed(0))
    wanted = torch.tensor([[1.0, 2.0], [-3.0, 0.5]])
    away = torch.randn(1, 10, generator=torch.Generator().manual_seed(1))
    step = damped_step(rows, wanted, torch.ones(2), away, IKSettings(damping=1e-9))
    torch.testing.assert_close(rows @ step, wanted.reshape(-1), atol=1e-4, rtol=1e-4)
    assert float((away[0] + step).norm()) < float((away[0] + torch.linalg.pinv(rows) @ (rows @ step)).norm())


def test_a_handle_of_weight_zero_is_not_asked():
    rows = torch.randn(4, 10, generator=torch.Generator().manual_seed(0))
    wanted = torch.tensor([[1.0, 2.0], [-3.0, 0.5]])
    step = damped_step(rows, wanted, torch.tensor([1.0, 0.0]), torch.zeros(1, 10), IKSettings())
    alone = damped_step(rows[:2], wanted[:1], torch.ones(1), torch.zeros(1, 10), IKSettings())
    torch.testing.assert_close(step, alone)


def test_steps_beyond_the_trust_radius_are_shortened_to_it():
    clipped = clip_length(torch.tensor([[3.0, 4.0], [0.3, 0.4], [0.0, 0.0]]), 1.0)
    torch.testing.assert_close(clipped, torch.tensor([[0.6, 0.8], [0.3, 0.4], [0.0, 0.0]]))


@pytest.mark.parametrize(("achieved", "trust"), [(1.0, 15.0), (0.5, 10.0), (0.1, 5.0), (-1.0, 5.0)])
def test_trust_follows_how_well_the_last_step_was_predicted(achieved, trust):
    predicted = torch.tensor([[2.0, 1.0]])
    ik = IKSettings(trust_least=4.0, trust_most=16.0)
    assert next_trust(10.0, achieved * predicted, predicted, ik, 1.0) == trust


def test_trust_stays_within_its_bounds():
    predicted = torch.tensor([[2.0, 1.0]])
    ik = IKSettings(trust_least=4.0, trust_most=12.0)
    assert next_trust(10.0, predicted, predicted, ik, 1.0) == 12.0
    assert next_trust(6.0, -predicted, predicted, ik, 1.0) == 4.0


def test_settings_that_no_solve_can_use_are_refused():
    with pytest.raises(SolveError) as refused:
        IKSettings(damping=0.0)
    assert str(refused.value) == "solver.ik.damping: 0.0 must be a number above 0"


def test_the_pull_does_not_keep_handles_from_arriving_where_they_move_each_other():
    rows = torch.tensor([[1.0, 0.0, 0.3], [0.0, 1.0, 0.0], [1.0, 0.1, 0.3], [0.0, 1.0, 0.1]])
    wanted = torch.tensor([[2.0, 1.0], [1.8, 1.1]])
    y = torch.zeros(1, 3)
    for _ in range(30):
        left = wanted - (rows @ y[0]).reshape(2, 2)
        y = y + damped_step(rows, left, torch.ones(2), y, IKSettings())
    reachable = (rows @ torch.linalg.pinv(rows) @ wanted.reshape(-1)).reshape(2, 2)
    torch.testing.assert_close((rows @ y[0]).reshape(2, 2), reachable, atol=0.02, rtol=0)


def test_a_drag_that_has_arrived_settles_far_within_its_tolerance(texture):
    coarse = DragSettings(method="ik", tolerance=2.0)
    settled = dragged(texture, ONE, ONE + 5.0, coarse)
    at_once = dragged(texture, ONE, ONE + 5.0, replace(coarse, ik=replace(coarse.ik, settle=1.0)))
    assert settled.status == at_once.status == "ok"
    assert float(settled.error.max()) <= 0.4
    assert float(settled.error.max()) < float(at_once.error.max())


def test_settling_takes_no_more_iterations_than_it_may(texture):
    exact = DragSettings(method="ik", tolerance=2.0, ik=IKSettings(settle=1e-9, settle_iterations=3))
    at_once = replace(exact, ik=replace(exact.ik, settle=1.0))
    result, first = (dragged(texture, ONE, ONE + 5.0, settings) for settings in (exact, at_once))
    assert result.status == "ok"
    assert result.iterations <= first.iterations + 3


def settling(texture, errors, settings):
    """The progress and the arrival after iterates whose handles are `errors` px beside their targets."""
    reference = make_reference(texture, texture.start(), TWO, settings)
    task = DragTask(texture.start(), TWO, TWO, TWO, reference, None, torch.ones(2), 1.0, settings)
    finely = replace(task, tolerance=settings.ik.settle)
    progress, arrival = Progress(), Arrival()
    for index, pair in enumerate(errors):
        w = texture.start() + index
        handles = TWO + torch.tensor([[pair[0], 0.0], [0.0, pair[1]]])
        progress = advance(progress, finely, w, handles, torch.zeros(2))
        arrival = note_arrival(arrival, progress, task)
        progress = end_settling(progress, arrival, settings.ik.settle_iterations)
        if progress.status is not None:
            break
    return progress, arrival


CAPPED = DragSettings(method="ik", max_iterations=3)


@pytest.mark.parametrize(
    ("errors", "best"),
    [
        ([(0.0, 1.5), (0.9, 0.9), (0.0, 1.5), (0.0, 1.5)], 1),  # the others are nearer on average
        ([(0.9, 0.9), (0.0, 1.1), (0.6, 0.6), (0.7, 0.7)], 2),
        ([(3.0, 3.0), (3.0, 3.0), (3.0, 3.0), (0.9, 0.9)], 3),
        ([(0.2, 0.0), (0.09, 0.09), (9.0, 9.0)], 1),  # settled: goes no further
    ],
)
def test_of_the_iterates_within_the_tolerance_the_best_comes_back(texture, errors, best):
    progress, _ = settling(texture, errors, CAPPED)
    assert progress.status == "ok"
    assert progress.best is not None
    assert float(progress.best.w[0, 0]) == best


@pytest.mark.parametrize("later", [(0.9, 0.9), (0.2, 0.2), (5.0, 5.0)])
def test_settling_ends_whatever_comes(texture, later):
    settings = DragSettings(method="ik", ik=IKSettings(settle_iterations=2))
    progress, arrival = settling(texture, [(5.0, 5.0), (0.5, 0.5), *[later] * 20], settings)
    assert progress.status == "ok"
    assert arrival.count == 3
    assert progress.iterations == 4


def test_without_an_arrival_a_capped_drag_says_so(texture):
    progress, _ = settling(texture, [(0.0, 1.5)] * 4, CAPPED)
    assert progress.status == "max_iterations"


def test_a_drag_cannot_settle_outside_its_tolerance():
    with pytest.raises(SolveError, match=r"^solver\.ik\.settle: 1\.5 is above the most allowed, 1$"):
        IKSettings(settle=1.5)


def linear_after(rows, step, miss, **settings):
    return corrected(Linear(rows), step, miss, IKSettings(**settings))


def test_a_corrected_jacobian_predicts_the_step_that_was_seen():
    rows, step = torch.randn(4, 10, generator=torch.Generator().manual_seed(0)), torch.linspace(-1, 1, 10)
    miss = torch.tensor([[0.1, -0.2], [0.05, 0.0]])
    after = linear_after(rows, step, miss)
    torch.testing.assert_close(after.rows @ step, rows @ step + miss.flatten())
    across = torch.linspace(1, 1, 10) - step * step.sum() / step.square().sum()
    torch.testing.assert_close(after.rows @ across, rows @ across, atol=1e-5, rtol=1e-5)
    assert after.reused == 1


@pytest.mark.parametrize("settings", [{"reuse": 0.0}, {"reuse": 0.01}, {"reuse_steps": 0}])
def test_a_jacobian_that_predicted_badly_or_served_enough_is_taken_anew(settings):
    rows, step = torch.randn(4, 10, generator=torch.Generator().manual_seed(0)), torch.linspace(-1, 1, 10)
    assert linear_after(rows, step, torch.tensor([[0.1, -0.2], [0.05, 0.0]]), **settings) is None


def test_smoothing_keeps_what_is_flat_and_takes_away_what_alternates():
    flat = torch.full((2, 6, 8), 3.0)
    torch.testing.assert_close(smoothed(flat, 2), flat)
    alternating = torch.tensor([1.0, -1.0]).repeat(4).expand(1, 6, 8)
    assert float(smoothed(alternating, 1)[:, :, 1:-1].abs().max()) == 0
    assert smoothed(alternating, 0) is alternating


def test_smoothing_spreads_a_point_by_the_binomial():
    point = torch.zeros(1, 5, 5)
    point[0, 2, 2] = 16
    line = torch.tensor([0.0, 1.0, 2.0, 1.0, 0.0])
    torch.testing.assert_close(smoothed(point, 1)[0], torch.outer(line, line))
