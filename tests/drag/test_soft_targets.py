"""Soft targets pull, and yield to hard ones; which layers a drag moves."""

import pytest
import torch
from moving_texture import MovingTexture

from previz.drag import DragSettings, drag, make_reference
from previz.errors import SolveError

IK = DragSettings(method="ik", tolerance=0.2)
TWO = torch.tensor([[12.0, 30.0], [52.0, 34.0]])
SECOND = torch.tensor([False, True])


def dragged(generator, targets, settings=IK, **kwargs):
    w = generator.start()
    reference = make_reference(generator, w, TWO, settings)
    return drag(generator, w, TWO, targets, reference, settings, **kwargs)


# The whole texture moves as one: the two targets contradict each other.
APART = TWO + torch.tensor([[5.0, 0.0], [-5.0, 3.0]])


@pytest.mark.parametrize("method", ["ik", "auto"])
def test_a_soft_target_yields_to_a_hard_one(texture, method):
    result = dragged(texture, APART, DragSettings(method=method, tolerance=0.2), soft=SECOND)
    assert result.status == "ok"
    assert float(result.error[0]) <= 0.2
    assert float(result.error[1]) > 5
    assert result.method == "ik"


def test_of_hard_targets_neither_yields(texture):
    result = dragged(texture, APART)
    assert result.status != "ok"
    assert float(result.error.min()) > 2


def test_a_soft_target_is_reached_where_nothing_is_against_it():
    targets = TWO + torch.tensor([[5.0, 0.0], [-5.0, 3.0]])
    result = dragged(MovingTexture(halves=True), targets, soft=SECOND)
    assert result.status == "ok"
    assert float(result.error.max()) <= 0.2


def test_a_soft_target_pulls_in_what_the_hard_one_leaves_open():
    """The hard handle is of the left half; the right half is free to follow the soft one."""
    targets = TWO + torch.tensor([[0.0, 0.0], [6.0, 0.0]])
    result = dragged(MovingTexture(halves=True), targets, soft=SECOND)
    assert float(result.error[1]) <= 0.2
    assert float((result.handles[0] - TWO[0]).norm()) <= 0.2


def test_soft_targets_alone_are_reached_as_hard_ones_are(texture):
    result = dragged(texture, TWO + 4.0, soft=torch.tensor([True, True]))
    assert result.status == "ok"
    assert float(result.error.max()) <= 0.2


@pytest.mark.parametrize("method", ["adam", "lbfgs"])
def test_other_solvers_do_not_judge_soft_targets(texture, method):
    settings = DragSettings(method=method, tolerance=0.3, max_iterations=200, learning_rate=0.01)
    targets = TWO + torch.tensor([[4.0, 0.0], [4.0, 1.5]])
    weights = torch.tensor([1.0, 0.02])
    assert dragged(texture, targets, settings, weights=weights).status != "ok"
    assert dragged(texture, targets, settings, weights=weights, soft=SECOND).status == "ok"


def test_no_soft_handle_is_as_if_nothing_had_been_said(texture):
    plain, none = (dragged(texture, TWO + 4.0, soft=soft) for soft in (None, torch.tensor([False, False])))
    assert torch.equal(plain.w, none.w)


def test_a_list_of_soft_handles_that_does_not_fit_is_refused(texture):
    with pytest.raises(SolveError) as refused:
        dragged(texture, TWO, soft=torch.tensor([True]))
    assert str(refused.value) == "soft: torch.bool [1] is not torch.bool [2], one for each handle"


@pytest.mark.parametrize("method", ["ik", "adam", "lbfgs"])
def test_only_the_layers_that_are_named_move(method):
    texture = MovingTexture(moved_by=4)
    settings = DragSettings(method=method, layers=(2, 4), tolerance=0.5, learning_rate=0.01)
    result = dragged(texture, TWO + 2.0, settings)
    assert result.status == "ok"
    changed = (result.w != texture.start()).any(dim=1)
    assert changed.tolist() == [False, True, False, True, False, False, False, False]


def test_named_leading_layers_are_the_same_as_their_count(texture):
    counted, named = (
        dragged(texture, TWO + 3.0, DragSettings(method="ik", layers=layers)) for layers in (3, (1, 2, 3))
    )
    assert torch.equal(counted.w, named.w)


def test_named_layers_move_alike_in_w():
    texture = MovingTexture(moved_by=4)
    result = dragged(texture, TWO + 2.0, DragSettings(method="ik", layers=(2, 4), space="w"))
    assert result.status == "ok"
    assert torch.equal(result.w[1], result.w[3])
    assert torch.equal(result.w[2], texture.start()[2])


@pytest.mark.parametrize(
    ("layers", "told"),
    [
        ((), "solver.layers: [] must be layers in ascending order, each of them once"),
        ((2, 2), "solver.layers: [2, 2] must be layers in ascending order, each of them once"),
        ((3, 1), "solver.layers: [3, 1] must be layers in ascending order, each of them once"),
        ((0, 1), "solver.layers: 0 is no layer; they count from 1"),
    ],
)
def test_layers_that_are_none_are_refused(layers, told):
    with pytest.raises(SolveError) as refused:
        DragSettings(layers=layers)
    assert str(refused.value) == told


@pytest.mark.parametrize("method", ["ik", "adam", "lbfgs"])
def test_a_layer_that_the_generator_does_not_have_is_refused(texture, method):
    with pytest.raises(SolveError) as refused:
        dragged(texture, TWO + 1.0, DragSettings(method=method, layers=(1, 9)))
    assert (
        str(refused.value) == "solver.layers: 9 is after the generator's last layer, 8; layers count from 1"
    )
