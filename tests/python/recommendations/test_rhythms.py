"""Rhythms of repeat purchases: closed forms, planted intervals found again, honest chances."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import polygamma
from scipy.stats import gamma

from retail_analytics.recommendations.backtest import calibration_slope, log_loss
from retail_analytics.recommendations.pairs import Days, known_pairs
from retail_analytics.recommendations.repeats import (
    HORIZONS,
    bought_within,
    corrected_chances,
    frequency_chances,
    gap_coverage,
    repeat_figures,
)
from retail_analytics.recommendations.rhythms import (
    Pairs,
    Rhythms,
    fit_rhythms,
    gap_survival,
    next_chances,
    pair_shapes,
    predict,
    shape_of_log_variance,
)


def days_of(customer, product, day, *, customers: int, products: int) -> Days:
    order = np.lexsort((day, product, customer))
    return Days(
        customer=np.asarray(customer, dtype=np.int64)[order],
        product=np.asarray(product, dtype=np.int64)[order],
        day=np.asarray(day, dtype=np.int64)[order],
        quantity=np.ones(len(order)),
        customers=customers,
        products=products,
    )


def simulated(
    *, customers: int, gap_means: list[float], shape: float, stop: float, days: int, seed: int
) -> Days:
    """Customers who buy each product in gaps of a gamma with an own mean, until they stop."""
    rng = np.random.default_rng(seed)
    rows = []
    for product, mean in enumerate(gap_means):
        for customer in range(customers):
            own = mean * rng.gamma(20, 1 / 20)
            when = rng.uniform(0, days)
            while when < days:
                rows.append((customer, product, int(when)))
                if rng.random() < stop:
                    break
                when += max(1, rng.gamma(shape, own / shape))
    customer, product, day = np.unique(np.array(rows), axis=0).T
    return days_of(customer, product, day, customers=customers, products=len(gap_means))


def one_pair(**changes) -> Pairs:
    values = {
        "product": np.array([0]),
        "gaps": np.array([4]),
        "gap_days": np.array([120.0]),
        "log_gap_sum": np.array([4 * np.log(30.0)]),
        "log_gap_square_sum": np.array([4 * np.log(30.0) ** 2]),
        "elapsed": np.array([10.0]),
        "quantity": np.array([1.0]),
    }
    return Pairs(**{**values, **changes})


def rhythms(*, shape: float = 1.0, mean: float = 30.0, stop: float = 0.0, strength: float = 3.0):
    return Rhythms(
        log_variance=np.array([float(polygamma(1, shape))]),
        mean_gap=np.array([mean]),
        stop_chance=np.array([stop]),
        quantity=np.array([1.0]),
        prior_strength=strength,
    )


def test_a_shape_of_one_is_the_gamma_poisson() -> None:
    """P(next > t) = (c / (c + t))^(a + n) with c = b + T (Pareto of the second kind)."""
    days = np.array([1.0, 10.0, 45.0])
    found = gap_survival(days, k=np.ones(3), a=np.full(3, 7.0), b=np.full(3, 180.0))
    assert found == pytest.approx((180 / (180 + days)) ** 7)


def test_with_many_gaps_the_next_one_is_the_gamma_itself() -> None:
    gaps = 40_000
    pairs = one_pair(
        gaps=np.array([gaps]),
        gap_days=np.array([30.0 * gaps]),
        elapsed=np.array([0.0]),
        log_gap_sum=np.array([0.0]),
        log_gap_square_sum=np.array([(gaps - 1) * float(polygamma(1, 25.0))]),
    )
    found = predict(pairs, rhythms(shape=25.0), horizons=(25, 30, 40))
    expected = gamma.cdf([25, 30, 40], 25, scale=30 / 25)
    assert [found.chances[h][0] for h in (25, 30, 40)] == pytest.approx(expected, abs=2e-3)
    assert found.usual_gap[0] == pytest.approx(30, rel=1e-3)


def test_the_shape_is_read_from_the_spread_of_logs() -> None:
    rng = np.random.default_rng(5)
    for shape in (1.5, 4.0, 25.0):
        variance = np.log(rng.gamma(shape, 1.0, 100_000)).var()
        assert shape_of_log_variance(np.array([variance]))[0] == pytest.approx(shape, rel=0.05)


def test_few_purchases_are_shrunk_to_the_product_and_many_are_not() -> None:
    few = one_pair(gaps=np.array([1]), gap_days=np.array([90.0]), log_gap_sum=np.log([90.0]))
    few = replace(few, log_gap_square_sum=few.log_gap_sum**2)
    many = one_pair(
        gaps=np.array([40]),
        gap_days=np.array([3600.0]),
        log_gap_sum=np.array([0.0]),
        log_gap_square_sum=np.array([39 * float(polygamma(1, 1.0))]),
    )
    shrunk, own = (predict(p, rhythms(), horizons=()).usual_gap[0] for p in (few, many))
    assert 30 < shrunk < 70
    assert 85 < own < 90


def test_chances_rise_with_the_horizon_and_overdue_pairs_have_stopped() -> None:
    elapsed = np.array([5.0, 30.0, 60.0, 400.0])
    pairs = Pairs(
        product=np.zeros(4, dtype=int),
        gaps=np.full(4, 6),
        gap_days=np.full(4, 180.0),
        log_gap_sum=np.full(4, 6 * np.log(30.0)),
        log_gap_square_sum=np.full(4, 6 * np.log(30.0) ** 2),
        elapsed=elapsed,
        quantity=np.ones(4),
    )
    found = predict(pairs, rhythms(shape=20.0, stop=0.2), horizons=HORIZONS)
    assert (found.chances[7] <= found.chances[14]).all()
    assert (found.chances[14] <= found.chances[30]).all()
    assert (np.diff(found.stopped_chance) >= 0).all()
    assert found.stopped_chance[-1] > 0.95
    assert found.chances[30][-1] < 0.05
    assert found.chances[7][1] > found.chances[7][0]
    assert (found.days_ahead_lower <= found.days_ahead).all()
    assert (found.days_ahead <= found.days_ahead_upper).all()


def test_planted_intervals_are_found_again_and_covered() -> None:
    """Bought every 30 +- 6 days (shape 25), 60 days and 100 days."""
    days = simulated(
        customers=150, gap_means=[30, 60, 100], shape=25.0, stop=0.05, days=900, seed=6
    )
    known = known_pairs(days, as_of=899)
    found = fit_rhythms(known.pairs, products=3)
    usual = predict(known.pairs, found, horizons=()).usual_gap
    for product, true in enumerate([30, 60, 100]):
        of_product = usual[known.pairs.product == product]
        assert np.median(of_product) == pytest.approx(true, rel=0.08)
    assert np.median(pair_shapes(known.pairs, found.log_variance)) > 10
    covered, count = gap_coverage(days, as_of=899)
    assert count > 300
    assert 0.72 <= covered <= 0.88


def test_chances_are_calibrated_and_beat_frequency_on_days_not_seen() -> None:
    days = simulated(
        customers=400, gap_means=[30, 45, 70, 120], shape=4.0, stop=0.12, days=720, seed=7
    )
    figures = repeat_figures(days, as_of=719).set_index(["part", "horizon_days", "metric"])
    figures = figures.sort_index()
    for horizon in HORIZONS:
        own = figures.loc[("quality", horizon)]
        assert 0.8 <= own.loc["calibration_slope", "value"] <= 1.2
        for metric in ("log_loss", "brier_score"):
            assert own.loc[metric, "value"] < own.loc[metric, "baseline_value"]


def test_what_comes_after_the_day_changes_nothing() -> None:
    days = simulated(customers=80, gap_means=[30, 60], shape=4.0, stop=0.1, days=400, seed=8)
    past = days.where(days.day <= 300)
    rng = np.random.default_rng(9)
    moved = np.where(days.day > 300, rng.integers(301, 400, len(days.day)), days.day)
    other = days_of(days.customer, days.product, moved, customers=80, products=2)
    for changed in (past, other):
        first, second = known_pairs(days, as_of=300), known_pairs(changed, as_of=300)
        assert (first.pairs.gap_days == second.pairs.gap_days).all()
        assert (first.customer_rate == second.customer_rate).all()
    kept, cut = (repeat_figures(d, as_of=300) for d in (days, past))
    assert kept.equals(cut)


def test_corrections_are_left_out_where_too_little_was_bought() -> None:
    days = days_of([0, 0, 0], [0, 0, 0], [0, 30, 60], customers=1, products=1)
    figures = repeat_figures(days, as_of=70)
    assert figures.empty
    known = known_pairs(days, as_of=70)
    predicted = predict(known.pairs, fit_rhythms(known.pairs, products=1), horizons=HORIZONS)
    chances = corrected_chances(known, predicted, dict.fromkeys(HORIZONS))
    assert all(0 < chances[h][0] < 1 for h in HORIZONS)


def test_nothing_bought_twice_gives_no_pairs() -> None:
    for days in (
        days_of([], [], [], customers=0, products=0),
        days_of([0, 1], [0, 0], [1, 2], customers=2, products=1),
    ):
        known = known_pairs(days, as_of=10)
        found = fit_rhythms(known.pairs, products=days.products)
        assert known.pairs.size == 0
        assert len(predict(known.pairs, found, horizons=HORIZONS).usual_gap) == 0


def test_outcomes_and_the_naive_chance_are_what_they_say() -> None:
    days = days_of([0, 0, 0], [0, 0, 0], [0, 30, 65], customers=1, products=1)
    known = known_pairs(days, as_of=60)
    assert bought_within(days, known, as_of=60, horizon=7).tolist() == [1.0]
    assert bought_within(days, known, as_of=40, horizon=7).tolist() == [0.0]
    # two purchases in 60 days
    assert frequency_chances(known.pairs, horizon=30)[0] == pytest.approx(1 - np.exp(-1))
    assert log_loss(np.array([0.5]), np.array([1.0])) == pytest.approx(np.log(2))
    chances = np.tile([0.2, 0.8], 500)
    outcome = np.tile([0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0], 100)
    assert np.isfinite(calibration_slope(chances, outcome))


def test_the_chances_of_lists_are_those_of_next_purchases() -> None:
    # regular every 30 days, and twice in 300
    when = [*range(0, 360, 30), 5, 305]
    customer = [0] * 12 + [1, 1]
    days = days_of(customer, np.zeros(14, dtype=int), when, customers=2, products=1)
    known = known_pairs(days, as_of=340)
    rhythms = fit_rhythms(known.pairs, products=1)
    chance, come, due = next_chances(known.pairs, rhythms, horizon=30)
    assert np.allclose(chance, predict(known.pairs, rhythms, horizons=(30,)).chances[30])
    # ten days after the last of regular purchases few have come, sixty after nearly all
    assert come[0] < 0.05
    assert due[0] > 0.9
    later = replace(known.pairs, elapsed=known.pairs.elapsed + 50)
    assert next_chances(later, rhythms, horizon=30)[1][0] > 0.95
