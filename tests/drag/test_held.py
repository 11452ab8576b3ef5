"""What a mask holds: its change, the gradient of that, and the directions that change it."""

from dataclasses import replace

import pytest
import torch

from previz.drag import DragSettings, IKSettings, make_reference
from previz.drag._crops import Evaluation
from previz.drag._held import HeldChange, difference, hold, view
from previz.drag._ik import Derive, Seen, derive
from previz.drag._layers import with_offset
from previz.drag._step import damped_step, soften
from previz.drag._types import DragTask

LAYERS = tuple(range(6))


def task_of(generator, w, fixed, settings=DragSettings()):  # noqa: B008  frozen
    points = torch.tensor([[10.0, 12.0]])
    reference = make_reference(generator, w, points, settings)
    return DragTask(w, points, points, points, reference, fixed, torch.ones(1), 1.0, settings)


@pytest.fixture
def task(random_generator):
    fixed = torch.zeros(32, 32)
    fixed[:, 20:] = 1
    return task_of(random_generator, random_generator.sample_w(3)[0], fixed)


def test_of_a_generator_its_picture_at_the_size_of_the_features_is_held(random_generator, task):
    held = hold(random_generator, task, LAYERS, None)
    assert held is not None
    torch.testing.assert_close(held.view, random_generator.synthesis(task.w[None], max_block=4)[0])


def test_of_anything_else_its_features_are(texture):
    held = hold(texture, task_of(texture, texture.start(), torch.ones(64, 64)), LAYERS, None)
    assert held is not None
    torch.testing.assert_close(held.view, texture.features(texture.start()[None], 5)[0])


def test_the_gradient_is_that_of_half_the_squared_change(random_generator, task):
    held = hold(random_generator, task, LAYERS, None)
    aside = 0.3 * torch.randn(6, 16, generator=torch.Generator().manual_seed(0))
    offset = aside.clone().requires_grad_()
    seen = view(random_generator, with_offset(task.w, LAYERS, offset), 4)
    (plain,) = torch.autograd.grad(0.5 * difference(seen, held).square().sum(), offset, retain_graph=True)
    cotangent = difference(seen.detach(), held) * held.fixed
    looked = Seen(offset, Evaluation(seen, None, task.w, None, 4), seen)
    torch.testing.assert_close(derive(Derive(looked, None, cotangent))[1], plain)


def test_the_axes_are_orthonormal_and_hold_most_of_the_curvature(random_generator, task):
    sketched = replace(task, settings=DragSettings(ik=IKSettings(mask_rows=48)))
    held = hold(random_generator, sketched, LAYERS, None)
    torch.testing.assert_close(held.axes @ held.axes.t(), torch.eye(48).double(), atol=1e-8, rtol=0)
    offset = torch.zeros(6, 16, requires_grad=True)

    def changed(step):
        return (view(random_generator, with_offset(task.w, LAYERS, step), 4) * held.fixed).flatten()

    jacobian = torch.autograd.functional.jacobian(changed, offset).reshape(-1, 96).double()
    whole = jacobian.square().sum()
    kept = (jacobian @ held.axes.t()).square().sum()
    assert float(kept / whole) > 0.95
    largest = torch.linalg.svdvals(jacobian)[0].square()
    assert 0.5 < float(held.curvature[0] / largest) < 2


def test_what_is_fixed_is_found_once_for_a_start_and_a_mask(random_generator, task):
    held = hold(random_generator, task, LAYERS, None)
    assert hold(random_generator, replace(task, w=task.w + 1), LAYERS, None) is held
    assert hold(random_generator, replace(task, fixed=task.fixed * 0.5), LAYERS, None) is not held
    assert hold(random_generator, task, LAYERS[:3], None) is not held


@pytest.mark.parametrize(
    "settings", [DragSettings(mask_weight=0.0), DragSettings(ik=IKSettings(mask_rows=0))]
)
def test_a_mask_that_weighs_nothing_holds_nothing(random_generator, task, settings):
    assert hold(random_generator, replace(task, settings=settings), LAYERS, None) is None


def change_along_first_axis(held, amount=0.0):
    return HeldChange(held, (amount * held.curvature[0] * held.axes[0]).float())


def test_the_shortest_way_shuns_what_changes_the_fixed_area(random_generator, task):
    held = hold(random_generator, task, LAYERS, None)
    rows = torch.randn(2, 96, generator=torch.Generator().manual_seed(0))
    wanted, ik = torch.tensor([[1.0, 2.0]]), IKSettings(damping=1e-9, pull=0.0)
    plain, shy = (
        damped_step(rows, wanted, torch.ones(1), torch.zeros(6, 16), ik, None, 9.0, change)
        for change in (None, change_along_first_axis(held))
    )
    torch.testing.assert_close(rows @ shy, wanted[0], atol=1e-4, rtol=1e-4)
    assert float((held.axes[:4].float() @ shy).norm()) < 0.5 * float((held.axes[:4].float() @ plain).norm())


def test_what_has_changed_is_undone_where_no_handle_minds(random_generator, task):
    held = hold(random_generator, task, LAYERS, None)
    rows = torch.randn(2, 96, generator=torch.Generator().manual_seed(0))
    ik = IKSettings(damping=1e-9, pull=0.0)
    rest = (torch.zeros(1, 2), torch.ones(1), torch.zeros(6, 16), ik, None, 1e9)
    step = damped_step(rows, *rest, change_along_first_axis(held, 1.0))
    torch.testing.assert_close(rows @ step, torch.zeros(2), atol=1e-4, rtol=0)
    assert float(held.axes[0].float() @ step) == pytest.approx(-1 / 1.1, abs=0.1)


def test_what_undoes_the_change_keeps_within_the_trust_radius(random_generator, task):
    held = hold(random_generator, task, LAYERS, None)
    rows = torch.randn(2, 96, generator=torch.Generator().manual_seed(0))
    rest = (torch.zeros(1, 2), torch.ones(1), torch.zeros(6, 16), IKSettings(), None)
    change = change_along_first_axis(held, 1e4)
    free, step = (damped_step(rows, *rest, trust, change) for trust in (1e9, 2.0))
    torch.testing.assert_close(step / step.norm(), free / free.norm())
    rms_row = float(rows.square().sum(dim=1).mean().sqrt())
    assert float(step.norm()) <= 4.0 / rms_row < float(free.norm())


def test_without_a_mask_rows_are_as_they_are():
    rows = torch.randn(2, 96)
    assert soften(rows, None, IKSettings()) is rows


def test_in_w_one_vector_is_held(random_generator, task):
    held = hold(random_generator, replace(task, settings=DragSettings(space="w")), LAYERS, None)
    assert held.axes.shape[1] == 16
