"""Without a reference a framework's own strays judge: those of disturbed parameters, and no less than rounding."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from aebench.agreement import own
from aebench.agreement.bounds import Spread, bound
from aebench.agreement.own import own_spreads
from aebench.records.trace import Place, Trace

LOSS = Place("phase1", "extremes", 0, "decided.loss.reconstruction")


@pytest.mark.parametrize(("stray", "expected"), [(0.0, 4452.0 * 2.0**-24), (1.0, 1.0), (np.nan, np.nan)])
def test_nothing_strays_less_than_the_rounding_of_its_result(
    monkeypatch: pytest.MonkeyPatch, stray: float, expected: float
) -> None:
    """What strays further keeps its stray, also one that is no number."""
    monkeypatch.setattr(own, "draw", lambda *_: {LOSS: Spread(stray, stray)})
    climb: Any = type("Climb", (), {"dtype": "float32"})
    trace = Trace("linear", "pytorch", "float32", {LOSS: np.float32([4452.0])})
    nothing: Any = None
    found = own_spreads(nothing, climb, nothing, trace)[LOSS]
    np.testing.assert_equal((expected, expected), (found.largest, found.rms))


@pytest.mark.parametrize(("dtype", "unit"), [("float32", 2.0**-24), ("float64", 2.0**-53)])
def test_the_largest_and_the_mean_stray_by_their_own_rounding(
    monkeypatch: pytest.MonkeyPatch, dtype: str, unit: float
) -> None:
    """Where numbers of an array are of different sizes: a largest of 7, a root mean square of 5."""
    monkeypatch.setattr(own, "draw", lambda *_: {LOSS: Spread(0.0, 0.0)})
    climb: Any = type("Climb", (), {"dtype": dtype})
    trace = Trace("linear", "pytorch", dtype, {LOSS: np.array([7.0, -1.0], dtype)})
    nothing: Any = None
    found = own_spreads(nothing, climb, nothing, trace)[LOSS]
    np.testing.assert_allclose((7.0 * unit, 5.0 * unit), (found.largest, found.rms), rtol=1e-12)


def test_what_a_dtype_cannot_hold_has_no_rounding_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what overflows there only the rest counts, as in every bound."""
    monkeypatch.setattr(own, "draw", lambda *_: {LOSS: Spread(0.0, 0.0)})
    climb: Any = type("Climb", (), {"dtype": "float32"})
    trace = Trace("linear", "pytorch", "float32", {LOSS: np.array([1e300, 3.0])})
    nothing: Any = None
    assert 3.0 * 2.0**-24 == own_spreads(nothing, climb, nothing, trace)[LOSS].largest


def test_two_units_in_the_last_place_of_a_loss_are_rounding() -> None:
    """As two sound frameworks differed in a loss that no parameter moved; a millionth of it is none."""
    unit = 4452.0 * 2.0**-24
    found = bound(LOSS, np.float32([4452.0]), Spread(unit, unit), "float32", continued=False, both=True)
    assert 2 * float(np.spacing(np.float32(4452.0))) < found.largest < 2e-6 * 4452.0
