"""The best split against a known answer, the conditions of an optimum, and what it forbids."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retail_analytics.marketing.budget import (
    BudgetError,
    Curves,
    best_split,
    check_bounds,
    kkt_residual,
    outcome,
)

KNOWN = Curves(("a", "b"), np.array([[100.0, 60.0]]), np.array([[10.0, 30.0]]))
FREE = np.full(2, np.inf)


def drawn(rng: np.random.Generator, channels: int, draws: int = 30) -> Curves:
    return Curves(
        tuple(f"c{number}" for number in range(channels)),
        rng.gamma(2.0, 50.0, (draws, channels)) * (rng.random((draws, channels)) > 0.2),
        rng.choice([2.5, 5.0, 10.0, 20.0, 40.0], (draws, channels)),
    )


def test_the_known_answer():
    spend = best_split(KNOWN, total=40.0, lower=np.zeros(2), upper=FREE)
    assert spend == pytest.approx([24.164079, 15.835921], abs=1e-6)
    assert KNOWN.mean(spend).sum() == pytest.approx(91.458980, abs=1e-6)
    bound = best_split(KNOWN, total=40.0, lower=np.zeros(2), upper=np.array([20.0, np.inf]))
    assert bound == pytest.approx([20.0, 20.0])


@given(st.integers(0, 10_000), st.integers(2, 7))
def test_the_split_is_an_optimum(seed, channels):
    rng = np.random.default_rng(seed)
    curves = drawn(rng, channels)
    current = rng.gamma(2.0, 10.0, channels)
    lower, upper = 0.5 * current, 1.5 * current
    total = float(current.sum())
    spend = best_split(curves, total=total, lower=lower, upper=upper)
    assert spend.sum() == pytest.approx(total)
    assert (spend >= lower - 1e-9).all() and (spend <= upper + 1e-9).all()
    assert kkt_residual(curves, spend, lower=lower, upper=upper) < 1e-6
    reached = curves.mean(spend).sum()
    assert reached >= curves.mean(current).sum() - 1e-9


def test_no_random_plan_is_better():
    rng = np.random.default_rng(5)
    for _ in range(5):
        curves = drawn(rng, 4)
        current = rng.gamma(2.0, 10.0, 4)
        lower, upper = 0.5 * current, 1.5 * current
        spend = best_split(curves, total=current.sum(), lower=lower, upper=upper)
        reached = curves.mean(spend).sum()
        plans = 0
        while plans < 1_000:
            plan = lower + rng.random(4) * (upper - lower)
            plan[3] = current.sum() - plan[:3].sum()
            if lower[3] <= plan[3] <= upper[3]:
                plans += 1
                assert curves.mean(plan).sum() <= reached + 1e-9


def test_channels_without_effect_get_the_least():
    curves = Curves(("a", "b"), np.array([[0.0, 60.0]]), np.array([[10.0, 30.0]]))
    lower, upper = np.array([5.0, 5.0]), np.array([15.0, 40.0])
    assert best_split(curves, total=30.0, lower=lower, upper=upper) == pytest.approx([5.0, 25.0])
    # what nobody can use goes where there is room
    assert best_split(curves, total=50.0, lower=lower, upper=upper) == pytest.approx([10.0, 40.0])


def test_a_total_that_the_bounds_forbid_is_refused():
    with pytest.raises(BudgetError, match="do not leave a way"):
        best_split(KNOWN, total=40.0, lower=np.array([30.0, 20.0]), upper=FREE)


@pytest.mark.parametrize(
    ("total", "minimum", "maximum", "message"),
    [
        (10.0, {"a": 6, "b": 6}, {}, "minimums add up to 12, more than the total of 10"),
        (10.0, {"a": 6}, {"a": 5}, r"minimum of a \(6\) is above its maximum \(5\)"),
        (10.0, {"tv": 6}, {}, "unknown channel tv; known: a, b"),
        (10.0, {}, {"a": 4, "b": 4}, "maximums add up to 8, less than the total of 10"),
        (-1.0, {}, {}, "the total must be an amount of 0 or more"),
        (10.0, {"a": -1}, {}, "minimum of a is below 0"),
    ],
)
def test_bad_bounds_are_named(total, minimum, maximum, message):
    with pytest.raises(BudgetError, match=message):
        check_bounds(("a", "b"), total=total, minimum=minimum, maximum=maximum)


def test_an_outcome_is_evident_where_its_interval_lies_above_nothing():
    sure = outcome(KNOWN, np.array([24.0, 16.0]), against=np.array([0.0, 40.0]))
    assert sure.is_evident
    torn = Curves(("a", "b"), np.array([[100.0, 0.0], [0.0, 100.0]]), np.full((2, 2), 10.0))
    moved = outcome(torn, np.array([30.0, 10.0]), against=np.array([20.0, 20.0]))
    assert not moved.is_evident
    assert moved.gain[1] <= moved.gain[0] <= moved.gain[2]
