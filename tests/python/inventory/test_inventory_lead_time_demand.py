"""The distribution of interval demand against exact answers and simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from retail_analytics.inventory.lead_time_demand import (
    bootstrap_quantile,
    choose_distribution,
    demand_rhythm,
    gamma_quantile,
    have_sizes_moved,
    interval_moments,
    lead_time_draws,
    negative_binomial_quantile,
    normal_quantile,
    predictive_level,
    recent_sizes,
    review_waits,
    undershoot_moments,
)
from retail_analytics.inventory.streams import product_keys


def bootstrap(demand, service, *, review=7.0, lead=14.0, lead_sd=0.0, **changes):
    count = len(demand)
    options = {
        "demand": demand,
        "mean_daily": demand.mean(axis=1),
        "rate_variance": np.zeros(count),
        "review_days": np.full(count, review),
        "lead_time_days": np.full(count, lead),
        "lead_time_sd_days": np.full(count, lead_sd),
        "crossing_days": np.full(count, np.nan),
        "crossing_sd_days": np.zeros(count),
        "keys": product_keys([f"p{number}" for number in range(count)], seed=1),
        "is_moving": np.zeros(count, dtype=bool),
        "draws": 4000,
    }
    return bootstrap_quantile(np.full(count, service), **(options | changes))


def test_moments_are_those_of_a_random_sum():
    rng = np.random.default_rng(0)
    lead_time = rng.poisson(9.0, 100_000)
    sums = rng.negative_binomial(0.5 * (7 + lead_time), 0.2)
    mean, variance = interval_moments(
        mean_daily=np.array([0.5 * 4]),
        var_daily=np.array([0.5 * 4 / 0.2]),
        rate_variance=np.array([0.0]),
        interval_days=np.array([16.0]),
        lead_time_sd_days=np.array([3.0]),
    )
    assert mean[0] == pytest.approx(sums.mean(), rel=0.01)
    assert variance[0] == pytest.approx(sums.var(), rel=0.02)


def test_variance_is_predictive():
    # With the rate known from 50 days only, the variance grows by (days ahead) squared / 50.
    _, variance = interval_moments(
        mean_daily=np.array([3.0]),
        var_daily=np.array([4.0]),
        rate_variance=np.array([4.0 / 50]),
        interval_days=np.array([10.0]),
        lead_time_sd_days=np.array([0.0]),
    )
    rng = np.random.default_rng(1)
    errors = rng.normal(3, 2, (50_000, 10)).sum(axis=1) - 10 * rng.normal(3, 2 / 50**0.5, 50_000)
    assert variance[0] == pytest.approx(errors.var(), rel=0.02)


@pytest.mark.parametrize("mean", [0.05, 0.5, 3.0, 50.0, 1e4])
def test_negative_binomial_is_discrete_and_ends_in_the_poisson(mean):
    for service in (0.9, 0.95, 0.98):
        level, moment = np.array([service]), np.array([mean])
        poisson = negative_binomial_quantile(level, mean=moment, variance=moment)
        assert poisson == stats.poisson.ppf(service, mean)
        exact = stats.nbinom.ppf(service, 2.0, 2.0 / (2.0 + mean))
        found = negative_binomial_quantile(level, mean=moment, variance=moment + moment**2 / 2)
        assert found == exact


def test_huge_and_zero_demand_have_quantiles():
    mean = np.array([0.0, 1e6, 1e12])
    variance = np.array([0.0, 1e12, 4e22])
    service = np.full(3, 0.98)
    found = negative_binomial_quantile(service, mean=mean, variance=variance)
    assert found[0] == 0
    assert np.allclose(
        found[1:], gamma_quantile(service, mean=mean, variance=variance)[1:], rtol=0.01
    )


def test_gamma_quantile_is_close_to_the_exact_one():
    mean, variance = np.array([10.0, 100.0, 5.0]), np.array([20.0, 900.0, 10.0])
    for service in (0.9, 0.95, 0.98):
        exact = stats.gamma.ppf(service, mean**2 / variance, scale=variance / mean)
        assert np.allclose(
            gamma_quantile(np.full(3, service), mean=mean, variance=variance), exact, rtol=0.01
        )


def test_few_degrees_of_freedom_ask_for_a_higher_level():
    levels = predictive_level(np.full(4, 0.95), np.array([3.0, 12.0, 100.0, 1e6]))
    assert (np.diff(levels) < 0).all()
    assert levels[-1] == pytest.approx(0.95, abs=1e-6)
    assert np.isfinite(stats.norm.ppf(predictive_level(np.array([0.99999]), np.array([2.0])))).all()


def test_distribution_is_normal_only_where_it_fits():
    found = choose_distribution(
        mean=np.array([1000.0, 1000.0, 50.0, 10.0, 2.0, 3.0]),
        variance=np.array([2000.0, 250_000.0, 20.0, 20.0, 24.0, 3.1]),
        events=np.array([20.0, 20.0, 20.0, 10.0, 0.2, 3.0]),
        size=np.array([50.0, 50.0, 2.5, 1.0, 10.0, 1.0]),
        interval_days=np.full(6, 21.0),
        rhythm=demand_rhythm(np.zeros((6, 30))),
        sizes_moved=np.zeros(6, dtype=bool),
    )
    assert found.tolist() == [
        "normal",
        "negative_binomial",
        "normal",
        "negative_binomial",
        "bootstrap",
        "negative_binomial",
    ]


def test_sizes_of_other_days_are_not_drawn():
    rng = np.random.default_rng(11)
    days = rng.random((200, 700)) < 0.4
    steady = np.where(days, 1.0 + rng.poisson(2.0, days.shape), 0.0)
    shrinking = np.where(
        days, 1.0 + rng.poisson(6.0 * np.exp(-0.004 * np.arange(700)), days.shape), 0
    )
    found = []
    for demand in (steady, shrinking):
        is_moving = np.ones(len(demand), dtype=bool)
        moved = have_sizes_moved(demand, recent_sizes(demand, is_moving=is_moving))
        found.append(moved.mean())
        # of what has no trend all sizes count
        assert not have_sizes_moved(demand, recent_sizes(demand, is_moving=~is_moving)).any()
    assert found[0] < 0.1 and found[1] > 0.95
    mean, variance = np.full(2, 3.0), np.full(2, 12.0)
    assert choose_distribution(
        mean=mean,
        variance=variance,
        events=np.full(2, 1.5),
        size=np.full(2, 2.0),
        interval_days=np.full(2, 21.0),
        rhythm=demand_rhythm(np.zeros((2, 30))),
        sizes_moved=np.array([False, True]),
    ).tolist() == ["bootstrap", "negative_binomial"]


def test_normal_quantile():
    found = normal_quantile(np.array([0.5, 0.95]), mean=np.full(2, 10.0), variance=np.full(2, 4.0))
    assert found == pytest.approx([10.0, 13.2897], abs=1e-4)


def by_chance(count, days, units, seed=5):
    """So many days with demand, anywhere."""
    demand = np.zeros((1, days))
    demand[0, np.random.default_rng(seed).choice(days, count, replace=False)] = units
    return demand


def test_bootstrap_of_packs_is_the_exact_binomial():
    # 12 a time with probability .1 a day over 21 days.
    demand = by_chance(40, 400, 12.0)
    for service in (0.9, 0.95, 0.98):
        assert bootstrap(demand, service) == 12 * stats.binom.ppf(service, 21, 0.1)


def test_normal_misses_what_the_bootstrap_finds():
    demand = by_chance(10, 400, 12.0, seed=6)
    exact = 12 * stats.binom.ppf(0.95, 21, 0.025)
    mean, variance = np.array([21 * 0.3]), np.array([21 * 144 * 0.025 * 0.975])
    rounded = np.ceil(normal_quantile(np.array([0.95]), mean=mean, variance=variance))[0]
    assert bootstrap(demand, 0.95)[0] == exact
    assert stats.binom.cdf(rounded // 12, 21, 0.025) < 0.91


@settings(max_examples=25)
@given(
    seed=st.integers(0, 1000),
    lead=st.integers(1, 30),
    more=st.integers(1, 15),
    service=st.floats(0.6, 0.97),
    step=st.floats(0.0, 0.02),
)
def test_bootstrap_is_monotone_in_service_and_lead_time(seed, lead, more, service, step):
    rng = np.random.default_rng(seed)
    demand = (rng.random((3, 300)) < 0.1) * rng.integers(1, 20, (3, 300)).astype(float)
    base = bootstrap(demand, service, lead=lead, lead_sd=1.0, draws=400)
    assert (bootstrap(demand, service, lead=lead + more, lead_sd=1.0, draws=400) >= base).all()
    assert (bootstrap(demand, service + step, lead=lead, lead_sd=1.0, draws=400) >= base).all()


@settings(max_examples=100)
@given(
    rate=st.floats(0.001, 1e5),
    dispersion=st.floats(1.0, 50.0),
    days=st.floats(1, 60),
    # with a deviation near the mean, a lead time's tail may weigh more than five days
    sd_share=st.floats(0, 0.5),
    service=st.floats(0.6, 0.995),
)
def test_negative_binomial_is_monotone_in_service_and_lead_time(
    rate, dispersion, days, sd_share, service
):
    def level(span, probability):
        mean, variance = interval_moments(
            mean_daily=np.array([rate]),
            var_daily=np.array([rate * dispersion]),
            rate_variance=np.array([rate * dispersion / 100]),
            interval_days=np.array([span]),
            lead_time_sd_days=np.array([sd_share * days]),
        )
        return negative_binomial_quantile(np.array([probability]), mean=mean, variance=variance)[0]

    assert level(days + 5, service) >= level(days, service)
    assert level(days, min(service + 0.004, 0.999)) >= level(days, service)


def test_bootstrap_scales_with_the_unit():
    rng = np.random.default_rng(7)
    demand = (rng.random((20, 300)) < 0.1) * rng.integers(1, 9, (20, 300)).astype(float)
    assert np.allclose(bootstrap(demand * 100, 0.95), 100 * bootstrap(demand, 0.95), atol=100)


def test_sizes_of_what_has_a_trend_fade():
    demand = np.zeros((2, 280))
    demand[:, :140], demand[:, 140:] = 4.0, 2.0
    recent = recent_sizes(demand, is_moving=np.array([False, True]))
    assert recent.mean[0] == pytest.approx(3.0)
    assert recent.number[0] == pytest.approx(280)
    weights = 0.96 ** (np.arange(280)[::-1] / 7)
    assert recent.mean[1] == pytest.approx(weights @ demand[1] / weights.sum())
    assert recent.number[1] == pytest.approx(weights.sum() ** 2 / (weights @ weights))
    # A half of .96 to the 20th: the sizes drawn are those of the mean.
    held = bootstrap(demand, 0.5, is_moving=np.array([False, True]), mean_daily=recent.mean)
    assert held == pytest.approx(21 * recent.mean, abs=1)


def test_lead_time_draws_have_the_stated_moments():
    keys = product_keys(["a", "b", "c"], seed=3)
    draws = lead_time_draws(
        keys, mean=np.array([10.0, 3.0, 0.0]), sd=np.array([3.0, 0.0, 0.0]), stream=0, count=20_000
    )
    assert draws[0].mean() == pytest.approx(10, abs=0.1)
    assert draws[0].std() == pytest.approx(3, abs=0.1)
    assert (draws[1] == 3).all() and (draws[2] == 0).all()


def test_undershoot_is_that_of_a_walk_through_a_level():
    rng = np.random.default_rng(8)
    days = (rng.random(400_000) < 0.3) * rng.choice([1.0, 5.0, 20.0], 400_000)
    total = np.cumsum(days)
    levels = np.arange(500.0, total[-1], 137.0)
    beyond = total[np.searchsorted(total, levels)] - levels
    mean, variance = undershoot_moments(days[None, :])
    assert mean[0] == pytest.approx(beyond.mean(), rel=0.05)
    assert variance[0] == pytest.approx(beyond.var(), rel=0.05)
    assert undershoot_moments(np.array([[1.0, 0, 1], [0, 0, 0]]))[0].tolist() == [0.0, 0.0]


def test_wait_for_the_review_is_uniform_or_at_one_phase():
    waits = review_waits(
        (np.arange(1000) + 0.5) / 1000,
        review_days=np.array([7.0, 7.0, 7.0, 1.0]),
        crossing_days=np.array([90.0, 16.0, np.nan, 90.0]),
        crossing_sd_days=np.array([20.0, 0.0, 0.0, 5.0]),
    )
    assert np.allclose(np.bincount(waits[0].astype(int)) / 1000, 1 / 7, atol=0.02)
    assert (waits[1] == 5).all()
    assert (waits[2] == 7).all()
    assert (waits[3] == 0).all()


def test_flat_rule_covers_what_it_happens_to_cover():
    # 30 % over the mean where 95 % was asked: the thing to beat.
    assert stats.poisson.cdf(1.3 * 0.5, 0.5) == pytest.approx(0.61, abs=0.005)
    assert stats.norm.cdf(1.3 * 50, 50, 5) == pytest.approx(0.999, abs=0.0005)
    assert stats.poisson.cdf(1.3 * 50, 50) == pytest.approx(0.983, abs=0.0005)


def test_the_rhythm_of_demand_by_hand():
    demand = np.zeros((5, 220))
    demand[0, ::7] = 3.0
    demand[1, ::30] = 3.0
    demand[2, ::10] = 3.0
    demand[3] = by_chance(40, 220, 1.0)
    demand[4, [3, 10]] = 1.0
    found = demand_rhythm(demand)
    assert found.count.tolist() == [31, 7, 21, 39, 1]
    assert found.mean[:3] == pytest.approx([7.0, 30.0, 10.0])
    assert found.is_own.tolist() == [True, True, True, False, False]
    assert found.booking_days.tolist() == [7.0, 30.4375, 0.0, 0.0, 0.0]


@pytest.mark.parametrize(("interval", "most"), [(7, 1), (10, 2), (21, 3)])
def test_what_sells_every_seventh_day_is_drawn_so(interval, most):
    """An interval of 10 days holds one of them or two, with chances of 4 and 3 in 7."""
    demand = np.zeros((1, 364))
    demand[0, ::7] = 20.0
    found = [
        bootstrap_quantile(
            np.array([service]),
            demand=demand,
            mean_daily=np.array([20 / 7]),
            rate_variance=np.zeros(1),
            review_days=np.array([float(interval)]),
            lead_time_days=np.zeros(1),
            lead_time_sd_days=np.zeros(1),
            crossing_days=np.array([np.nan]),
            crossing_sd_days=np.array([np.nan]),
            keys=product_keys(["a"], seed=1),
            is_moving=np.zeros(1, dtype=bool),
            draws=2000,
        )[0]
        for service in (0.5, 0.95)
    ]
    assert found == [20 * (interval // 7), 20 * most]
