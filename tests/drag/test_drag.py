"""A whole drag: where it arrives, how it ends, and what it refuses."""

from dataclasses import replace
from functools import partial

import pytest
import torch
from moving_texture import MovingTexture

from previz.drag import AUTO, SOLVERS, DragSettings, adam_start, adam_step, drag, make_reference, track_points
from previz.errors import SolveError

PAPER = partial(DragSettings, method="adam")
SETTINGS = PAPER()
ONE = torch.tensor([[30.0, 30.0]])


def dragged(generator, handles, targets, settings=SETTINGS, w=None, **kwargs):
    w = generator.start() if w is None else w
    reference = make_reference(generator, w, handles, settings)
    return drag(generator, w, handles, targets, reference, settings, **kwargs)


def test_a_handle_arrives_within_the_papers_one_pixel(texture):
    result = dragged(texture, ONE, torch.tensor([[37.0, 24.0]]))
    assert result.status == "ok"
    assert float(result.error.max()) <= 1.0
    torch.testing.assert_close(texture.shift(result.w)[0], result.handles[0] - ONE[0], atol=0.05, rtol=0)


def test_a_finer_tolerance_is_reached(texture):
    settings = PAPER(tolerance=0.2, learning_rate=5e-4)
    result = dragged(texture, ONE, torch.tensor([[33.0, 28.5]]), settings)
    assert result.status == "ok"
    assert float((texture.shift(result.w)[0] - torch.tensor([3.0, -1.5])).norm()) < 0.25


def test_handles_go_to_targets_of_their_own():
    texture = MovingTexture(halves=True)
    handles = torch.tensor([[12.0, 30.0], [52.0, 34.0]])
    result = dragged(texture, handles, handles + torch.tensor([[4.0, 0.0], [-3.0, 3.0]]))
    assert result.status == "ok"
    assert result.error.max() <= 1.0


def test_more_than_five_handles_may_be_two_pixels_off(texture):
    handles = torch.tensor([[x, y] for x in (20.0, 32.0, 44.0) for y in (24.0, 40.0)])
    result = dragged(texture, handles, handles + torch.tensor([6.0, 0.0]))
    assert result.status == "ok"
    assert 1.0 < float(result.error.max()) <= 2.0


def test_what_comes_back_belongs_together(texture):
    reference = make_reference(texture, texture.start(), ONE, SETTINGS)
    targets = torch.tensor([[37.0, 24.0]])
    result = drag(texture, texture.start(), ONE, targets, reference, SETTINGS)
    again, distance = track_points(texture, result.w, result.handles, reference, SETTINGS)
    torch.testing.assert_close(again, result.handles, atol=0.01, rtol=0)
    torch.testing.assert_close(distance, result.feature_distance, atol=1e-3, rtol=0)
    torch.testing.assert_close(result.error, (targets - result.handles).norm(dim=-1))


def test_a_target_at_the_start_takes_no_iteration(texture):
    result = dragged(texture, ONE, ONE)
    assert (result.status, result.iterations) == ("ok", 0)
    assert torch.equal(result.w, texture.start())
    assert torch.equal(result.handles, ONE)


def test_a_drag_goes_on_from_the_last_frame(texture):
    reference = make_reference(texture, texture.start(), ONE, SETTINGS)
    w, handles = texture.start(), ONE
    for frame in range(1, 5):
        result = drag(texture, w, handles, ONE + torch.tensor([3.0 * frame, 0.0]), reference, SETTINGS)
        assert result.status == "ok"
        w, handles = result.w, result.handles
    assert float(texture.shift(w)[0, 0]) == pytest.approx(12.0, abs=1.05)


def test_without_handles_the_latent_comes_back(texture):
    result = dragged(texture, torch.zeros(0, 2), torch.zeros(0, 2))
    assert (result.status, result.iterations) == ("ok", 0)
    assert torch.equal(result.w, texture.start())
    assert result.handles.shape == (0, 2)
    assert result.lost.shape == (0,)


def test_a_target_outside_pulls_the_handle_to_the_border(texture):
    handles = torch.tensor([[58.0, 30.0]])
    result = dragged(texture, handles, torch.tensor([[80.0, 30.0]]))
    assert result.status == "ok"
    assert result.out_of_reach.tolist() == [True]
    assert float(result.handles[0, 0]) >= 63.0
    assert float(result.error[0]) == pytest.approx(16.0, abs=1.1)


def test_a_handle_at_the_very_corner_can_be_dragged_inside(texture):
    result = dragged(texture, torch.tensor([[1.0, 1.0]]), torch.tensor([[7.0, 7.0]]))
    assert result.status == "ok"
    assert result.out_of_reach.tolist() == [False]


def test_handles_on_top_of_one_another_go_together(texture):
    handles = torch.tensor([[30.0, 30.0], [30.0, 30.0]])
    result = dragged(texture, handles, handles + torch.tensor([5.0, 0.0]))
    assert result.status == "ok"
    assert torch.equal(result.handles[0], result.handles[1])


def test_handles_on_top_of_one_another_with_opposite_targets_do_not_arrive(texture):
    handles = torch.tensor([[30.0, 30.0], [30.0, 30.0]])
    settings = PAPER(stall_window=10)
    result = dragged(texture, handles, handles + torch.tensor([[6.0, 0.0], [-6.0, 0.0]]), settings)
    assert result.status == "stalled"
    assert torch.isfinite(result.w).all()
    assert float(result.error.mean()) == pytest.approx(6.0, abs=0.1)


def test_a_generator_that_cannot_move_stalls_with_its_best_iterate():
    result = dragged(MovingTexture(gain=0.0), ONE, ONE + 5.0, PAPER(stall_window=7))
    assert (result.status, result.iterations) == ("stalled", 7)
    assert float(result.error[0]) == pytest.approx(50**0.5, abs=0.01)


def test_the_cap_ends_a_drag_with_its_best_iterate(texture):
    errors = []
    result = dragged(
        texture,
        ONE,
        ONE + 9.0,
        PAPER(max_iterations=6),
        callback=lambda iteration: errors.append(float(iteration.error.mean())),
    )
    assert (result.status, result.iterations) == ("max_iterations", 6)
    assert len(errors) == 7
    assert float(result.error.mean()) == min(errors)


def test_an_overshooting_step_does_not_lose_the_best_iterate(texture):
    result = dragged(texture, ONE, ONE + 3.0, PAPER(learning_rate=0.5, stall_window=5, tolerance=0.01))
    assert result.status == "stalled"
    assert float(result.error.mean()) <= 18**0.5 + 1e-3


def test_no_iterations_only_tracks(texture):
    result = dragged(texture, ONE, ONE + 9.0, PAPER(max_iterations=0))
    assert (result.status, result.iterations) == ("max_iterations", 0)
    assert torch.equal(result.w, texture.start())


def test_a_handle_of_weight_zero_is_followed_but_not_judged():
    texture = MovingTexture(halves=True)
    handles = torch.tensor([[12.0, 30.0], [52.0, 34.0]])
    targets = handles + torch.tensor([[4.0, 0.0], [0.0, 9.0]])
    result = dragged(texture, handles, targets, weights=torch.tensor([1.0, 0.0]))
    assert result.status == "ok"
    assert float(result.error[0]) <= 1.0
    assert float(result.error[1]) > 1.0
    followed = handles[1] + texture.shift(result.w)[1]
    torch.testing.assert_close(result.handles[1], followed, atol=0.05, rtol=0)


def test_a_mask_that_fixes_everything_holds_everything(texture):
    settings = PAPER(stall_window=15)
    result = dragged(texture, ONE, ONE + 8.0, settings, mask=torch.zeros(64, 64))
    assert result.status == "stalled"
    assert float(texture.shift(result.w).abs().max()) < 1.0


def test_a_mask_that_frees_everything_changes_nothing(texture):
    free = dragged(texture, ONE, ONE + 4.0)
    masked = dragged(texture, ONE, ONE + 4.0, mask=torch.ones(64, 64))
    assert torch.equal(free.w, masked.w)


def test_a_mask_holds_the_part_that_it_fixes():
    texture = MovingTexture(halves=True)
    handles = torch.tensor([[12.0, 30.0], [52.0, 34.0]])
    weights = torch.tensor([1.0, 0.01])
    targets = handles + torch.tensor([[4.0, 0.0], [4.0, 0.0]])
    mask = torch.ones(64, 64)
    mask[:, 40:] = 0
    settings = PAPER(stall_window=20, max_iterations=60)
    result = dragged(texture, handles, targets, settings, mask=mask, weights=weights)
    moved = texture.shift(result.w)[:, 0]
    assert float(moved[0]) > 2.9
    assert float(moved[1]) < 0.5


def test_a_handle_whose_looks_vanish_is_reported_lost(texture):
    reference = make_reference(texture, texture.start(), ONE, SETTINGS)
    stranger = replace(reference, features=-reference.features)
    result = drag(texture, texture.start(), ONE, ONE, stranger, SETTINGS)
    assert result.lost.tolist() == [True]


def test_clean_tracking_is_not_reported_lost(texture):
    result = dragged(texture, ONE, ONE + 9.0)
    assert result.lost.tolist() == [False]
    assert float(result.feature_distance.max()) < 0.2


def test_only_the_leading_layers_move(texture):
    result = dragged(texture, ONE, ONE + 3.0, PAPER(layers=1))
    assert result.w[0].abs().max() > 0
    assert torch.equal(result.w[1:], texture.start()[1:])


def test_in_w_all_of_them_move_alike(texture):
    result = dragged(texture, ONE, ONE + 3.0, PAPER(space="w"))
    assert result.status == "ok"
    assert result.w[0].abs().max() > 0
    assert torch.equal(result.w[:6], result.w[:1].expand(6, -1))
    assert torch.equal(result.w[6:], texture.start()[6:])


def test_the_callback_sees_every_iteration(texture):
    seen = []
    result = dragged(texture, ONE, ONE + 3.0, callback=seen.append)
    assert [event.index for event in seen] == list(range(result.iterations + 1))
    assert torch.equal(seen[-1].w, result.w)
    assert torch.equal(seen[-1].handles, result.handles)
    assert not seen[-1].w.requires_grad


def test_the_same_call_gives_the_same_bits(random_generator):
    w = random_generator.sample_w(3)[0]
    handles = torch.tensor([[10.0, 12.0], [20.0, 20.0]])
    settings = PAPER(max_iterations=5, learning_rate=2e-2)
    mask = torch.ones(32, 32)
    mask[:, 24:] = 0
    runs = [dragged(random_generator, handles, handles + 6.0, settings, w=w, mask=mask) for _ in range(2)]
    assert torch.equal(runs[0].w, runs[1].w)
    assert torch.equal(runs[0].handles, runs[1].handles)
    assert not torch.equal(runs[0].w, w)


def test_on_random_weights_the_drag_brings_the_handles_nearer(random_generator):
    w = random_generator.sample_w(3)[0]
    handles = torch.tensor([[10.0, 12.0], [20.0, 20.0]])
    result = dragged(random_generator, handles, handles + 3.0, PAPER(learning_rate=2e-2), w=w)
    assert float(result.error.mean()) < 0.8 * 18**0.5


def test_weights_stay_frozen(random_generator):
    w = random_generator.sample_w(3)[0]
    dragged(random_generator, ONE / 2, ONE / 2 + 3.0, PAPER(max_iterations=2), w=w)
    assert all(parameter.grad is None for parameter in random_generator.parameters())


def test_nothing_beyond_the_feature_block_is_computed(random_generator):
    import copy

    w = random_generator.sample_w(3)[0]
    settings = PAPER(max_iterations=2, block=2)
    poisoned = copy.deepcopy(random_generator)
    for name, parameter in poisoned.named_parameters():
        if "torgb" in name or ".b16." in name or ".b32." in name:
            parameter.data.fill_(float("nan"))
    whole = dragged(random_generator, ONE / 2, ONE / 2 + 3.0, settings, w=w)
    part = dragged(poisoned, ONE / 2, ONE / 2 + 3.0, settings, w=w)
    assert torch.equal(whole.w, part.w)


class RunsAway(MovingTexture):
    """A generator whose features are not numbers once the latent has moved."""

    def features(self, w, block, noise="const"):
        moved = bool((w[0] != self.start()).any())
        return super().features(w, block) * (float("nan") if moved else 1.0)


@pytest.mark.parametrize("method", ["adam", "ik"])
def test_features_that_are_no_longer_numbers_end_the_solve_in_one_line(method):
    with pytest.raises(SolveError) as error:
        dragged(RunsAway(), ONE, ONE + 3.0, DragSettings(method=method))
    assert str(error.value) == (
        "the solve ran away: the generator's features are no longer numbers; a lower solver.learning_rate "
        "may help, and so may targets nearer by"
    )


def test_auto_is_a_registered_solver(texture):
    assert AUTO in SOLVERS
    auto = dragged(texture, ONE, ONE + 3.0, DragSettings())
    named = dragged(texture, ONE, ONE + 3.0, DragSettings(method=AUTO))
    assert torch.equal(auto.w, named.w)


def test_adam_is_torch_adam():
    value = torch.tensor([1.0, -2.0, 3.0])
    parameter = torch.nn.Parameter(value.clone())
    optimiser, state = torch.optim.Adam([parameter], lr=0.1), adam_start(value)
    for step in range(5):
        gradient = torch.tensor([0.5, -1.0, 0.0]) * (step - 2)
        parameter.grad = gradient.clone()
        optimiser.step()
        value, state = adam_step(value, gradient, state, 0.1)
    assert state.step == 5
    torch.testing.assert_close(value, parameter.detach())


def refusal(texture, w=None, handles=ONE, targets=ONE, settings=SETTINGS, **kwargs):
    reference = make_reference(texture, texture.start(), ONE, SETTINGS)
    with pytest.raises(SolveError) as refused:
        drag(texture, texture.start() if w is None else w, handles, targets, reference, settings, **kwargs)
    return str(refused.value)


def test_a_target_that_is_not_a_number_is_refused(texture):
    targets = torch.tensor([[float("nan"), 3.0]])
    assert refusal(texture, targets=targets) == "targets[0]: (nan, 3) is not a position"


def test_a_handle_that_is_not_a_number_is_refused(texture):
    handles = torch.tensor([[float("inf"), 3.0]])
    assert refusal(texture, handles=handles) == "handles[0]: (inf, 3) is not a position"


def test_another_number_of_targets_is_refused(texture):
    text = "targets: 2 given for a reference of 1 handles"
    assert refusal(texture, targets=torch.zeros(2, 2)) == text


def test_targets_of_another_shape_are_refused(texture):
    assert refusal(texture, targets=torch.zeros(1, 3)) == "targets: shape [1, 3] is not [N, 2]"


def test_a_mask_of_the_wrong_size_is_refused(texture):
    text = "mask: shape [32, 64] is not the image's [height, width], [64, 64]"
    assert refusal(texture, mask=torch.ones(32, 64)) == text


def test_a_mask_with_values_outside_0_to_1_is_refused(texture):
    text = "mask: holds values outside 0 (fixed) to 1 (movable)"
    assert refusal(texture, mask=torch.full((64, 64), 255.0)) == text
    assert refusal(texture, mask=torch.full((64, 64), float("nan"))) == text


def test_weights_for_another_number_of_handles_are_refused(texture):
    assert refusal(texture, weights=torch.ones(3)) == "weights: shape [3] is not [1], one for each handle"


def test_negative_weights_are_refused(texture):
    assert refusal(texture, weights=torch.tensor([-1.0])) == "weights: must be numbers from 0 up"


def test_a_latent_of_another_generator_is_refused(texture):
    text = "w: shape [8, 512] is not the generator's [num_ws, w_dim], [8, 6]"
    assert refusal(texture, w=torch.zeros(8, 512)) == text


def test_a_latent_that_is_not_finite_is_refused(texture):
    w = torch.full((8, 6), float("nan"))
    assert refusal(texture, w=w) == "w: holds values that are not finite numbers"


def test_a_reference_of_another_generator_is_refused():
    wide, half = MovingTexture(width=128, map_size=(128, 64)), MovingTexture(map_size=(32, 32))
    for other in (wide, half):
        reference = make_reference(other, other.start(), ONE, SETTINGS)
        with pytest.raises(SolveError) as refused:
            drag(MovingTexture(), torch.zeros(8, 6), ONE, ONE, reference)
        shape = list(reference.feature_map.shape)
        assert str(refused.value) == (
            f"reference: block 5, {shape}, of a {other.width}x64 image is not one of this generator's"
        )


def test_an_unknown_method_is_refused_with_those_that_there_are(texture):
    text = f'solver.method: "newton" is not one of {", ".join(SOLVERS)}'
    assert refusal(texture, settings=DragSettings(method="newton")) == text


@pytest.mark.parametrize(
    ("setting", "text"),
    [
        ({"layers": 0}, "solver.layers: 0 is below the least allowed, 1"),
        ({"max_iterations": -1}, "solver.max_iterations: -1 is below the least allowed, 0"),
        ({"block": 0}, "solver.block: 0 is below the least allowed, 1"),
        ({"tolerance": 0.0}, "solver.tolerance: 0.0 must be a number above 0"),
        ({"learning_rate": float("nan")}, "solver.learning_rate: nan must be a number above 0"),
        ({"mask_weight": -1.0}, "solver.mask_weight: -1.0 is below the least allowed, 0"),
        ({"space": "z"}, 'solver.space: "z" is neither "w+" nor "w"'),
    ],
)
def test_settings_that_no_drag_can_use_are_refused(setting, text):
    with pytest.raises(SolveError) as refused:
        DragSettings(**setting)
    assert str(refused.value) == text
