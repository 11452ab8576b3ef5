"""A handle whose looks change is searched for by how it looked last, and placed by how it looked first."""

from dataclasses import replace

import pytest
import torch

from previz.drag import DragSettings, IKSettings, drag, make_reference
from previz.drag._jacobian import patch_template
from previz.drag._matching import Sight, match, match_again, read_template
from previz.drag._tracking import search_offsets
from previz.errors import SolveError

SETTINGS = DragSettings(method="ik", tolerance=0.2)
POINT = torch.tensor([[30.0, 30.0]])
MOVE = torch.tensor([2.0, 0.0])
IN_SEARCH = (1.0, 0.016)  # reach, prior


def first_frame(texture):
    """The texture's first frame, the patch of a handle in it, and where that is looked for."""
    reference = make_reference(texture, texture.start(), POINT, SETTINGS)
    return reference.feature_map, patch_template(reference, 2.0), search_offsets(reference, 12.0)


def blob(at, size=64):
    """[size, size] 1 at a place, 0 beyond some pixels around it."""
    line = torch.arange(size) + 0.5
    away = (line[None] - at[0]).square() + (line[:, None] - at[1]).square()
    return torch.exp(-away / 18)


def with_a_double(texture):
    """The patch has changed by half where it has gone, and its first looks are 4 px beside it, nearly."""
    first, template, search = first_frame(texture)
    other = torch.roll(first, (9, -7), dims=(1, 2))
    true, double = POINT[0] + MOVE, POINT[0] + torch.tensor([-3.0, 3.0])
    moved = torch.roll(first, 2, dims=2)
    now = torch.lerp(moved, other, 0.5 * blob(true))
    copy = torch.roll(first, (3, -3), dims=(1, 2))
    return torch.lerp(now, copy, 0.9 * blob(double)), template, search, true


def test_by_its_first_looks_alone_a_handle_is_found_in_its_double(texture):
    now, template, search, true = with_a_double(texture)
    found, _ = match(now, POINT, template, search, *IN_SEARCH)
    assert (found[0] - true).norm() > 3


def test_by_its_last_looks_too_it_is_found_where_it_has_gone(texture):
    now, template, search, true = with_a_double(texture)
    sight = Sight(read_template(now, true[None], template), 3.0)
    found, _ = match_again(now, POINT, template, search, *IN_SEARCH, sight)
    assert (found[0] - true).norm() < 1.5


@pytest.mark.parametrize("share", [0.0, 0.5, 3.0])
def test_last_looks_from_beside_it_do_not_move_where_a_handle_is(texture, share):
    first, template, search = first_frame(texture)
    beside = Sight(read_template(first, POINT + 0.4, template), share)
    found, distance = match_again(first, POINT, template, search, *IN_SEARCH, beside)
    torch.testing.assert_close(found, POINT, atol=0.02, rtol=0)
    assert distance.max() < 0.01


def test_without_a_share_last_looks_do_not_count(texture):
    now, template, search, _ = with_a_double(texture)
    sight = Sight(torch.full_like(template.features, 9.0), 0.0)
    again = match_again(now, POINT, template, search, *IN_SEARCH, sight)
    for found, plain in zip(again, match(now, POINT, template, search, *IN_SEARCH), strict=True):
        assert torch.equal(found, plain)


def test_the_search_weighs_both_differences_and_the_way(texture):
    now, template, search, true = with_a_double(texture)
    sight = Sight(read_template(now, true[None] + 0.7, template), 2.0)
    places = POINT[:, None] + search
    seen = read_template(now, places.transpose(0, 1), template)[:, 0]  # [M, K, C]
    to = [(seen - one[0]).square().sum(-1).mean(-1) for one in (template.features, sight.features)]
    way = search.square().sum(-1) / search.square().sum(-1).max()
    cost = to[0] + 2.0 * to[1] + IN_SEARCH[1] * template.contrast.square() * way
    found, _ = match_again(now, POINT, template, search, 1e-6, IN_SEARCH[1], sight)
    torch.testing.assert_close(found[0], places[0, int(cost.argmin())], atol=1e-5, rtol=0)


def test_a_handle_that_was_said_to_be_a_little_off_is_found_at_the_first_look(texture):
    settings = replace(SETTINGS, max_iterations=0)
    reference = make_reference(texture, texture.start(), POINT, settings)
    said = POINT + torch.tensor([2.0, -1.0])
    result = drag(texture, texture.start(), said, POINT, reference, settings)
    torch.testing.assert_close(result.handles, POINT, atol=0.1, rtol=0)


def test_a_negative_share_is_refused():
    with pytest.raises(SolveError) as refused:
        IKSettings(recent=-1.0)
    assert str(refused.value) == "solver.ik.recent: -1.0 is below the least allowed, 0"
