import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from previz.cast._frechet import frechet_distance
from previz.errors import CastError


@given(st.floats(-3, 3), st.floats(0.1, 3), st.floats(0.1, 3))
def test_in_one_dimension_it_is_the_difference_of_means_and_of_deviations(
    shift: float, first: float, second: float
) -> None:
    values = np.random.default_rng(0).standard_normal((500, 1))
    values = (values - values.mean()) / values.std(ddof=1)
    distance = frechet_distance(first * values, second * values + shift)
    assert distance == pytest.approx(shift**2 + (first - second) ** 2, abs=1e-7)


def test_correlations_count_where_means_and_deviations_agree() -> None:
    draw = np.random.default_rng(1).standard_normal((4000, 2))
    together = np.stack([draw[:, 0], draw[:, 0]], axis=1)
    apart = np.stack([draw[:, 0], -draw[:, 0]], axis=1)
    # Covariances [[1, 1], [1, 1]] and [[1, -1], [-1, 1]]: their product is zero, so the traces remain.
    assert frechet_distance(together, apart) == pytest.approx(4, rel=0.1)
    assert frechet_distance(together, together) == pytest.approx(0, abs=1e-9)


def test_turning_both_sets_changes_nothing() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.standard_normal((300, 5)), 1.5 * rng.standard_normal((200, 5)) + 1
    turn = np.linalg.qr(rng.standard_normal((5, 5)))[0]
    assert frechet_distance(a @ turn, b @ turn) == pytest.approx(frechet_distance(a, b))


@pytest.mark.parametrize(
    ("a", "b", "text"),
    [
        ((3, 2), (3, 4), "features have shapes [3, 2] and [3, 4] where [N, D] twice is needed"),
        ((1, 2), (5, 2), "a Fréchet distance of 1 and 5 pictures: 2 are the least"),
    ],
)
def test_sets_that_cannot_be_compared_are_refused(a: tuple[int, int], b: tuple[int, int], text: str) -> None:
    with pytest.raises(CastError) as error:
        frechet_distance(np.zeros(a), np.zeros(b))
    assert str(error.value) == text


def test_features_that_are_not_finite_are_refused() -> None:
    with pytest.raises(CastError, match=r"^features hold values that aren't finite$"):
        frechet_distance(np.full((3, 2), np.nan), np.zeros((3, 2)))
