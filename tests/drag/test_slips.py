"""A handle that has slipped to another place is said to be lost, though its features are much the same."""

from dataclasses import replace

import pytest
import torch
from moving_texture import MovingTexture

from previz.drag import DragSettings, drag, make_reference
from previz.drag._slips import flows_back, slipped, way_back
from previz.errors import SolveError

SETTINGS = DragSettings(method="ik", tolerance=0.2)
POINTS = torch.tensor([[30.0, 30.0], [40.0, 34.0]])


def seen(texture, w):
    return texture.features(w[None], 5)[0]


def test_the_way_back_of_a_followed_handle_leads_to_where_it_was(texture):
    reference = make_reference(texture, texture.start(), POINTS, SETTINGS)
    w = texture.start()
    w[:, 0] = 0.1  # 5 px to the right
    back = way_back(seen(texture, w), POINTS + torch.tensor([5.0, 0.0]), reference, SETTINGS)
    torch.testing.assert_close(back, POINTS, atol=0.1, rtol=0)
    assert not slipped(seen(texture, w), POINTS + torch.tensor([5.0, 0.0]), reference, SETTINGS).any()


def test_the_way_back_of_a_handle_that_has_slipped_leads_elsewhere(texture):
    reference = make_reference(texture, texture.start(), POINTS, SETTINGS)
    w = texture.start()
    w[:, 0] = 0.1
    said = POINTS + torch.tensor([[5.0, 3.0], [5.0, 0.0]])
    back = way_back(seen(texture, w), said, reference, SETTINGS)
    torch.testing.assert_close(back[0], POINTS[0] + torch.tensor([0.0, 3.0]), atol=0.15, rtol=0)
    assert slipped(seen(texture, w), said, reference, replace(SETTINGS, slip=8.0)).tolist() == [True, False]


def test_flow_leads_back_from_a_followed_handle_and_elsewhere_from_one_that_has_slipped(texture):
    reference = make_reference(texture, texture.start(), POINTS, SETTINGS)
    w = texture.start()
    w[:, 0] = 0.1
    slip = torch.tensor([[0.0, 5.0], [0.0, 0.0]])
    ways = flows_back(seen(texture, w), POINTS + torch.tensor([5.0, 0.0]) + slip, reference)
    assert len(ways) == 3
    for back in ways:
        torch.testing.assert_close(back, POINTS + slip, atol=1.0, rtol=0)


def test_a_handle_that_has_changed_its_looks_is_not_lost_as_long_as_flow_leads_back(texture):
    reference = make_reference(texture, texture.start(), POINTS, SETTINGS)
    now = seen(texture, texture.start()).clone()
    now[:, 26:35, 26:35] = now[
        :, 26:35, 32:41
    ].clone()  # around the first handle it looks like 6 px beside it
    assert (way_back(now, POINTS, reference, SETTINGS)[0] - POINTS[0]).norm() > 5
    for back in flows_back(now, POINTS, reference):
        torch.testing.assert_close(back, POINTS, atol=0.5, rtol=0)
    assert slipped(now, POINTS, reference, SETTINGS).tolist() == [False, False]


def test_a_map_that_is_too_small_for_flow_is_judged_by_looks_alone():
    texture = MovingTexture(map_size=(15, 15))
    reference = make_reference(texture, texture.start(), POINTS, SETTINGS)
    assert flows_back(seen(texture, texture.start()), POINTS, reference) == []
    assert not slipped(seen(texture, texture.start()), POINTS, reference, SETTINGS).any()


def test_a_flat_map_has_a_flow_of_nothing(texture):
    reference = replace(
        make_reference(texture, texture.start(), POINTS, SETTINGS), feature_map=torch.zeros(16, 64, 64)
    )
    for back in flows_back(torch.zeros(16, 64, 64), POINTS, reference):
        torch.testing.assert_close(back, POINTS)


def test_how_far_is_too_far_is_a_setting(texture):
    reference = make_reference(texture, texture.start(), POINTS, SETTINGS)
    said = POINTS + torch.tensor([0.0, 2.0])  # a setting of 8: a feature pixel counts four
    here = seen(texture, texture.start())
    found = [slipped(here, said, reference, replace(SETTINGS, slip=slip)).tolist() for slip in (6.0, 10.0)]
    assert found == [[True, True], [False, False]]


@pytest.mark.parametrize("method", ["ik", "adam", "lbfgs"])
def test_a_drag_says_of_a_handle_that_arrived_that_it_is_not_lost(texture, method):
    settings = replace(SETTINGS, method=method, learning_rate=0.01, tolerance=0.5)
    reference = make_reference(texture, texture.start(), POINTS, settings)
    result = drag(texture, texture.start(), POINTS, POINTS + 4.0, reference, settings)
    assert result.status == "ok"
    assert result.lost.tolist() == [False, False]


def test_a_drag_says_of_a_handle_that_stands_on_something_else_that_it_is_lost(texture):
    settings = replace(SETTINGS, max_iterations=0, radius_tracking=1.0, slip=16.0)
    reference = make_reference(texture, texture.start(), POINTS, settings)
    said = POINTS + torch.tensor([[0.0, 6.0], [0.0, 0.0]])
    result = drag(texture, texture.start(), said, said, reference, replace(settings, lost_threshold=9.0))
    assert result.lost.tolist() == [True, False]


def test_a_slip_of_no_length_is_refused():
    with pytest.raises(SolveError) as refused:
        DragSettings(slip=0.0)
    assert str(refused.value) == "solver.slip: 0.0 must be a number above 0"
