"""Principal components: against a covariance worked out by hand, and where there are none."""

from __future__ import annotations

import numpy as np
import pytest

from aebench.streams import stream
from aebench.training.principal import principal


def test_by_hand() -> None:
    """Four points of a tilted cross about (1, 2), arms of 5 and 10: the long arm first, 100 : 25 in variance."""
    rows = np.array([[7.0, 10.0], [-5.0, -6.0], [-3.0, 5.0], [5.0, -1.0]])
    places, shares = principal(rows, 2)
    assert places == pytest.approx(np.array([[10.0, 0.0], [-10.0, 0.0], [0.0, -5.0], [0.0, 5.0]]))
    assert shares == pytest.approx([0.8, 0.2])


def test_a_sign_is_no_matter_of_chance() -> None:
    """Rows in another order have the same components."""
    rows = stream(0, "test/rows").normal((20, 7))
    places, shares = principal(rows, 2)
    turned, same = principal(rows[::-1], 2)
    assert places == pytest.approx(turned[::-1])
    assert shares == pytest.approx(same)


def test_what_is_not_finite_is_left_out() -> None:
    """The other rows' components are those without it."""
    rows = stream(0, "test/rows").normal((6, 3))
    broken = np.insert(rows, 2, [0.0, np.nan, np.inf], axis=0)
    places, shares = principal(broken, 2)
    assert np.isnan(places[2]).all()
    assert np.delete(places, 2, axis=0) == pytest.approx(principal(rows, 2)[0])
    assert 0.5 < shares.sum() < 1


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (np.ones((4, 3)), np.zeros((4, 2))),
        (np.arange(4.0)[:, None], np.array([[-1.5, 0.0], [-0.5, 0.0], [0.5, 0.0], [1.5, 0.0]])),
        (np.full((3, 2), np.nan), np.full((3, 2), np.nan)),
        (np.array([[1.0, 2.0, 3.0]]), np.zeros((1, 2))),
    ],
)
def test_too_little_for_two_components(rows: np.ndarray, expected: np.ndarray) -> None:
    """All alike, one value each, none finite, one row: no component, no share and no warning."""
    places, shares = principal(rows, 2)
    assert places == pytest.approx(expected, nan_ok=True)
    assert 0 == shares[1]
