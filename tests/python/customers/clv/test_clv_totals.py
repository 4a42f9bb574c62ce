"""Totals put right by what replays say: the mean error beyond chance, and the clock for it."""

from dataclasses import replace

import numpy as np
import pytest

from retail_analytics.customers.clv.backtest import Outcomes, held
from retail_analytics.customers.clv.fit import MODELS
from retail_analytics.customers.clv.simulate import simulate_histories
from retail_analytics.customers.clv.totals import (
    common_sds,
    log_errors,
    pace,
    total_coverage,
    usual_error,
)

FALLING = {
    "backtest": {90: -0.28, 180: -0.32, 365: -0.36},
    "replay 270": {90: -0.27, 180: -0.33},
    "replay 180": {90: -0.25, 180: -0.3},
    "replay 90": {90: -0.35},
}
STEADY = {
    "backtest": {90: 0.06, 180: 0.03, 365: 0.02},
    "replay 270": {90: -0.04, 180: 0.05},
    "replay 180": {90: 0.08, 180: 0.06},
    "replay 90": {90: -0.02},
}


def test_errors_to_one_side_are_put_right_and_chance_is_not():
    usual = usual_error(FALLING, is_season_known=True)
    mean = np.mean([np.mean(list(own.values())) for own in FALLING.values()])
    assert mean < usual < 0.9 * mean
    assert usual_error(STEADY, is_season_known=True) == 0
    # Half a year of an unknown season is no trend, and one replay may be any luck.
    assert usual_error(FALLING, is_season_known=False) == 0
    assert usual_error({"backtest": FALLING["backtest"]}, is_season_known=True) == 0
    assert usual_error({}, is_season_known=True) == 0
    broken = {name: {90: -1.5} for name in FALLING}
    assert usual_error(broken, is_season_known=True) == -0.4


def test_each_replay_is_held_against_what_the_others_say():
    assert total_coverage(FALLING, days=90, is_season_known=True) == (1.0, 4)
    lone = {"backtest": {90: -0.6}, "replay 180": {90: 0.0}, "replay 90": {90: 0.02}}
    assert total_coverage(lone, days=90, is_season_known=True)[0] == pytest.approx(2 / 3)
    # What was put right stays in the spread.
    assert common_sds(FALLING, horizons=[90], is_season_known=True)[90] > 0.2


def test_quiet_replays_do_not_make_an_unknown_season_mild():
    seen = common_sds(STEADY, horizons=[90, 180, 365], is_season_known=False)
    assert max(seen.values()) < 0.2
    unseen = common_sds(
        STEADY, horizons=[90, 180, 365], is_season_known=False, is_season_ahead_known=False
    )
    assert unseen == {90: 0.3, 180: 0.3, 365: 0.2}
    # What replays missed by more counts all the same.
    wild = {name: {90: -0.8} for name in STEADY}
    found = common_sds(wild, horizons=[90], is_season_known=False, is_season_ahead_known=False)
    assert found[90] > 0.6


@pytest.mark.parametrize("log_factor", [-0.4, 0.25])
def test_the_clock_brings_the_total_that_is_asked_for(log_factor):
    truth = np.array([0.8, 60.0, 0.7, 400.0])
    customers = simulate_histories(
        MODELS["pareto_nbd"], truth, age=np.linspace(100, 900, 800), horizon=365.0, seed=3
    )
    customers = customers.rename(columns={"recency": "recency_days", "age": "age_days"})
    spend = np.random.default_rng(1).gamma(4.0, 10.0, len(customers))
    customers = customers.assign(
        repeat_mean_spend=np.where(customers["frequency"] > 0, spend, 0.0), first_spend=spend
    )
    orders = customers["holdout_orders"].to_numpy()

    def outcome(days):
        return [Outcomes(365, days, orders, orders * spend)]

    split = held(customers, outcomes=outcome(365.0), models=["pareto_nbd"], max_groups=400)
    before = log_errors(split, model="pareto_nbd")[365]
    found = pace(split, model="pareto_nbd", log_factor=log_factor)
    # Customers leave, so trade has to slow down by more than the total falls.
    assert abs(np.log(found)) > abs(log_factor)
    split = replace(split, outcomes=outcome(365.0 * found))
    assert before - log_errors(split, model="pareto_nbd")[365] == pytest.approx(
        log_factor, abs=0.01
    )
    assert pace(split, model="pareto_nbd", log_factor=0.0) == 1.0
