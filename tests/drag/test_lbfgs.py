"""The quality mode, and the solver that falls back on it."""

from dataclasses import replace

import pytest
import torch
from moving_texture import MovingTexture

from previz.drag import DragSettings, IKSettings, drag, make_reference
from previz.drag._drag import SOLVERS

LBFGS = DragSettings(method="lbfgs", tolerance=0.5)
ONE = torch.tensor([[30.0, 30.0]])
TWO = torch.tensor([[12.0, 30.0], [52.0, 34.0]])


def dragged(generator, handles, targets, settings=LBFGS, w=None, **kwargs):
    w = generator.start() if w is None else w
    reference = make_reference(generator, w, handles, settings)
    return drag(generator, w, handles, targets, reference, settings, **kwargs)


def test_a_handle_arrives(texture):
    result = dragged(texture, ONE, torch.tensor([[37.0, 24.0]]))
    assert (result.status, result.method) == ("ok", "lbfgs")
    torch.testing.assert_close(texture.shift(result.w)[0], torch.tensor([7.0, -6.0]), atol=0.6, rtol=0)


def test_handles_go_to_targets_of_their_own():
    result = dragged(MovingTexture(halves=True), TWO, TWO + torch.tensor([[6.0, 2.0], [-4.0, 3.0]]))
    assert result.status == "ok"
    assert float(result.error.max()) <= 0.5


def test_iterations_are_evaluations_of_the_objective(texture):
    class Counting(MovingTexture):
        count = 0

        def features(self, w, block, noise="const"):
            type(self).count += torch.is_grad_enabled() and w.requires_grad
            return super().features(w, block, noise)

    result = dragged(Counting(), ONE, ONE + 5.0)
    assert result.iterations == Counting.count > 0


def test_a_mask_holds_the_part_that_it_fixes():
    texture = MovingTexture(halves=True)
    mask = torch.ones(64, 64)
    mask[:, 40:] = 0
    targets = TWO + torch.tensor([[6.0, 2.0], [6.0, 0.0]])
    result = dragged(texture, TWO, targets, mask=mask, weights=torch.tensor([1.0, 0.01]))
    moved = texture.shift(result.w)
    assert float((moved[0] - torch.tensor([6.0, 2.0])).norm()) < 0.7
    assert float(moved[1].norm()) < 1.0


def test_only_the_leading_layers_move_and_in_w_all_alike(texture):
    result = dragged(texture, ONE, ONE + 3.0, replace(LBFGS, layers=2, space="w"))
    assert torch.equal(result.w[0], result.w[1])
    assert float(result.w[0].abs().max()) > 0
    assert torch.equal(result.w[2:], texture.start()[2:])


def test_the_same_call_gives_the_same_bits(random_generator):
    w = random_generator.sample_w(3)[0]
    handles = torch.tensor([[10.0, 12.0], [20.0, 20.0]])
    settings = replace(LBFGS, max_iterations=2)
    runs = [dragged(random_generator, handles, handles + 3.0, settings, w=w) for _ in range(2)]
    assert torch.equal(runs[0].w, runs[1].w)
    assert not torch.equal(runs[0].w, w)


def test_a_generator_that_cannot_move_stalls():
    result = dragged(MovingTexture(gain=0.0), ONE, ONE + 5.0)
    assert result.status == "stalled"
    torch.testing.assert_close(result.w, torch.zeros(8, 6))


def test_auto_is_latent_ik_where_that_arrives(texture):
    auto = dragged(texture, ONE, ONE + 5.0, replace(LBFGS, method="auto"))
    ik = dragged(texture, ONE, ONE + 5.0, replace(LBFGS, method="ik"))
    assert (auto.status, auto.method) == ("ok", "ik")
    assert torch.equal(auto.w, ik.w)
    assert auto.iterations == ik.iterations


def test_auto_goes_on_with_the_quality_mode_where_latent_ik_is_stuck(texture):
    stuck = replace(LBFGS, method="auto", ik=IKSettings(max_iterations=1))
    result = dragged(texture, ONE, ONE + 8.0, stuck)
    assert (result.status, result.method) == ("ok", "lbfgs")
    assert result.iterations > 1


def test_auto_keeps_what_latent_ik_found_where_nothing_is_better():
    handles = torch.cat([ONE, ONE])
    targets = handles + torch.tensor([[6.0, 0.0], [-6.0, 0.0]])
    result = dragged(MovingTexture(), handles, targets, replace(LBFGS, method="auto"))
    assert (result.status, result.method) == ("stalled", "ik")


def test_auto_tells_of_the_iterates_of_both_in_order(texture):
    seen = []
    stuck = replace(LBFGS, method="auto", ik=IKSettings(max_iterations=1))
    dragged(texture, ONE, ONE + 8.0, stuck, callback=seen.append)
    assert [event.index for event in seen] == list(range(len(seen)))
    assert len(seen) > 3


@pytest.mark.parametrize("method", SOLVERS)
def test_every_result_names_the_solver_that_found_it(texture, method):
    result = dragged(texture, ONE, ONE + 2.0, DragSettings(method=method))
    assert result.method == ("ik" if method == "auto" else method)
