"""Forecasts of intermittent demand against hand-computed examples and an independent library."""

import numpy as np
import pytest

from retail_analytics.inventory.intermittent import adida, croston, rate_share, ses, trend, tsb

GAPS = np.array([[0.0, 0, 3, 0, 0, 0, 4, 0]])


def test_smoothing_by_hand():
    path = ses(np.array([[10.0, 20.0, 0.0]]), alpha=0.5, warm_up=False)
    assert path.tolist() == [[10.0, 15.0, 7.5]]


def test_warm_up_is_the_mean_until_there_is_enough_to_smooth():
    demand = np.array([[6.0, 0.0, 3.0, 11.0]])
    assert np.allclose(ses(demand, alpha=0.25), [[6.0, 3.0, 3.0, 5.0]])
    assert np.allclose(ses(demand, alpha=0.0)[0, -1], demand.mean())


def test_croston_by_hand():
    # Size 3 + .1 (4 - 3) = 3.1 over interval 3 + .1 (4 - 3) = 3.1.
    path = croston(GAPS, alpha=0.1, bias_corrected=False, warm_up=False)[0]
    assert np.isnan(path[:2]).all()
    assert np.allclose(path[2:6], 1.0)
    assert np.allclose(path[6:], 1.0)
    twice = croston(
        np.array([[0.0, 2, 0, 0, 0, 6]]), alpha=0.5, bias_corrected=False, warm_up=False
    )
    assert twice[0, -1] == pytest.approx(4.0 / 3.0)


def test_sba_takes_off_half_of_alpha():
    biased = croston(GAPS, alpha=0.2, bias_corrected=False, warm_up=False)
    corrected = croston(GAPS, alpha=0.2, warm_up=False)
    assert np.allclose(corrected[0, 2:], 0.9 * biased[0, 2:])


def test_tsb_by_hand():
    # Probability 1, .9, .81, .81 + .1 x .19; size 2, 2, 2, 3.
    path = tsb(np.array([[2.0, 0, 0, 4]]), alpha=0.5, beta=0.1, warm_up=False)
    assert np.allclose(path, [[2.0, 1.8, 1.62, 2.487]])


@pytest.mark.parametrize("slope", [-0.02, 0.015])
def test_a_trend_is_found_and_its_level_is_today_s(slope):
    demand = np.exp(slope * np.arange(200))[None, :] * np.array([[100.0], [1.0]])
    variance = np.full(demand.shape, 1e-6)
    found, factor, share = trend(demand, alpha=0.1, beta=0.03, variance=variance)
    # The mean that the smoothing begins with still tells.
    assert found[:, -1] == pytest.approx(slope, rel=0.15)
    level = ses(demand, alpha=0.1)[:, -1] * factor[:, -1]
    assert level == pytest.approx(demand[:, -1], rel=0.04)
    assert (share[:, -1] > rate_share(alpha=0.1, seen=np.arange(1, 201)[None, :])[0, -1]).all()
    # What luck would make of it as well is none.
    luck = trend(demand, alpha=0.1, beta=0.03, variance=demand**2 * 1e4)
    assert (luck[0] == 0).all()
    assert (luck[1] == 1).all()
    assert luck[2][0] == pytest.approx(rate_share(alpha=0.1, seen=np.arange(1, 201)[None, :])[0])


def test_a_rise_is_followed_less_far_than_a_fall():
    # Of half a year: three weeks of five times the usual sales are no growth of 5 % a week.
    usual = np.full(30, 10.0)
    peak = np.where(np.arange(30) >= 27, 50.0, usual)
    end = np.where(np.arange(30) >= 24, 0.0, usual)
    demand = np.stack([peak, end])
    found, factor, _ = trend(demand, alpha=0.1, beta=0.03, variance=np.full((2, 30), 1.0))
    level = ses(demand, alpha=0.1)[:, -1] * factor[:, -1]
    assert found[0, -1] == pytest.approx(0.02)
    assert level[0] < 25
    assert found[1, -1] < -0.02


def test_few_have_a_trend_where_there_is_none():
    demand = np.random.default_rng(1).poisson(9.0, (500, 150)).astype(float)
    found, _, share = trend(demand, alpha=0.1, beta=0.03, variance=np.full(demand.shape, 9.0))
    # Two-sided, 1.5 standard deviations.
    assert 0.08 < (found[:, -1] != 0).mean() < 0.2
    level = ses(demand, alpha=0.1)[:, -1]
    assert share[found[:, -1] == 0, -1].max() == pytest.approx(level.var() / 9, rel=0.2)


def test_tsb_decays_where_croston_stands_still():
    dead = np.array([[5.0, 5, 5, 5] + [0.0] * 60])
    assert tsb(dead, alpha=0.1, beta=0.1)[0, -1] < 0.02
    assert croston(dead, alpha=0.1)[0, -1] == pytest.approx(4.75)


def test_adida_by_hand():
    # Blocks of 2 from the end: (1 left over), 3, 7; smoothed 3, 5; a half each.
    path = adida(np.array([[9.0, 1, 2, 3, 4]]), alpha=0.5, block_periods=2, warm_up=False)
    assert np.isnan(path[0, :2]).all()
    assert path[0, 2:].tolist() == [1.5, 1.5, 2.5]


def test_adida_knows_nothing_before_a_block_is_full():
    path = adida(np.ones((2, 5)), alpha=0.5, block_periods=np.array([6, 5]))
    assert np.isnan(path[0]).all()
    assert np.isnan(path[1, :4]).all() and path[1, 4] == 1.0


def test_adida_of_single_periods_is_smoothing():
    demand = np.random.default_rng(1).poisson(1.0, (5, 40)).astype(float)
    assert np.allclose(adida(demand, alpha=0.1, block_periods=1), ses(demand, alpha=0.1))


def test_methods_agree_with_an_independent_library():
    models = pytest.importorskip("statsforecast.models")
    series = np.random.default_rng(3).negative_binomial(0.3, 0.2, (8, 60)).astype(float)
    series[:, 0] = 1.0
    for row in series:
        matrix = row[None, :]
        ours = [
            croston(matrix, alpha=0.1, bias_corrected=False, warm_up=False),
            croston(matrix, alpha=0.1, warm_up=False),
            tsb(matrix, alpha=0.2, beta=0.1, warm_up=False),
        ]
        theirs = [
            models.CrostonClassic(),
            models.CrostonSBA(),
            models.TSB(alpha_d=0.2, alpha_p=0.1),
        ]
        for path, model in zip(ours, theirs, strict=True):
            assert path[0, -1] == pytest.approx(model.forecast(y=row, h=1)["mean"][0])


@pytest.mark.parametrize("demand", [np.zeros((2, 12)), np.full((2, 12), 7.0)])
def test_a_constant_series_forecasts_itself(demand):
    level = demand[0, 0]
    paths = [ses(demand, alpha=0.1), tsb(demand, alpha=0.1, beta=0.1)]
    paths.append(croston(demand, alpha=0.1, bias_corrected=False))
    paths.append(adida(demand, alpha=0.1, block_periods=3))
    for path in paths:
        last = path[:, -1]
        assert np.allclose(last[~np.isnan(last)], level)


def test_history_before_the_start_does_not_count():
    demand = np.random.default_rng(4).poisson(2.0, (3, 30)).astype(float)
    padded = np.concatenate([np.zeros((3, 10)), demand], axis=1)
    started = np.full(3, 10)
    for forecast in (
        lambda d, s: ses(d, alpha=0.1, started=s),
        lambda d, s: croston(d, alpha=0.1, started=s),
        lambda d, s: tsb(d, alpha=0.1, beta=0.2, started=s),
        lambda d, s: adida(d, alpha=0.1, block_periods=3, started=s),
    ):
        assert np.allclose(forecast(padded, started)[:, -1], forecast(demand, None)[:, -1])


def test_forecasts_scale_with_demand_and_see_no_future():
    demand = np.random.default_rng(5).negative_binomial(0.5, 0.3, (4, 50)).astype(float)
    changed = demand.copy()
    changed[:, 30:] += 9
    for forecast in (
        lambda d: ses(d, alpha=0.1),
        lambda d: croston(d, alpha=0.1),
        lambda d: tsb(d, alpha=0.1, beta=0.1),
        lambda d: adida(d, alpha=0.1, block_periods=5),
    ):
        assert np.allclose(forecast(demand * 50), 50 * forecast(demand), equal_nan=True)
        assert np.allclose(forecast(demand)[:, :30], forecast(changed)[:, :30], equal_nan=True)


def test_variance_of_the_level_is_that_of_repeated_smoothing():
    seen = np.arange(1, 41)[None, :]
    shares = rate_share(alpha=0.2, seen=seen)[0]
    assert shares[0] == 1.0
    assert shares[3] == pytest.approx(1 / 4)
    assert shares[-1] == pytest.approx(0.2 / 1.8, rel=1e-3)
    noise = np.random.default_rng(6).normal(0, 1, (20_000, 12))
    assert ses(noise, alpha=0.2)[:, -1].var() == pytest.approx(shares[11], rel=0.05)


@pytest.mark.parametrize("alpha", [-0.1, 1.1, float("nan")])
def test_a_weight_out_of_range_is_named(alpha):
    with pytest.raises(ValueError, match="^alpha:"):
        ses(GAPS, alpha=alpha)
    with pytest.raises(ValueError, match="^block_periods:"):
        adida(GAPS, alpha=0.1, block_periods=0)
