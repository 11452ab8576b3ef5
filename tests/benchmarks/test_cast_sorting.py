from __future__ import annotations

import numpy as np
import pytest

from benchmarks.cast_sorting import score, shuffled
from previz.errors import CastError


def test_the_key_tells_which_pictures_are_generated() -> None:
    generated = [np.full((2, 2, 3), level, np.uint8) for level in range(5)]
    renders = [np.full((2, 2, 3), level, np.uint8) for level in range(100, 105)]
    pictures, places = shuffled(generated, renders, seed=3)
    assert sorted(int(picture.max()) for picture in pictures) == [*range(5), *range(100, 105)]
    assert [place for place, picture in enumerate(pictures, 1) if picture.max() < 100] == places
    assert shuffled(generated, renders, seed=4)[1] != places


def test_a_perfect_answer_sorts_all_and_the_opposite_none() -> None:
    assert score([1, 4], 4, [1, 4]) == (1.0, 0.25)
    assert score([1, 4], 4, [2, 3])[0] == 0.0
    assert score([1, 4], 4, [1, 2])[0] == 0.5


@pytest.mark.parametrize("named", [[], [0], [3, 73]])
def test_numbers_that_are_not_on_the_sheet_are_refused(named: list[int]) -> None:
    with pytest.raises(CastError, match="the sheet has pictures 1 to 72"):
        score(list(range(1, 37)), 72, named)
