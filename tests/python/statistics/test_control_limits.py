"""Limits of what is usual, and the chart of each value against what came before."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from retail_analytics.statistics.control_limits import (
    AUTOCORRELATION,
    LIMIT_COLUMNS,
    control_limits,
    expected,
    false_alarms_per_year,
    from_working,
    to_working,
)

SERIES, SIZE = 250, 48
MONTHS = np.arange(SIZE)


def long_frame(values, *, entity="all"):
    periods = pd.date_range("2015-01-01", periods=len(values), freq="MS")
    return pd.DataFrame({"metric": "m", "entity": entity, "period": periods, "value": values})


def many(table, **columns):
    frames = [long_frame(row, entity=f"{place:03}") for place, row in enumerate(table)]
    return pd.concat(frames, ignore_index=True).assign(**columns)


def usual(kind: str, seed: int) -> np.ndarray:
    """Series (series, month) of standard deviation 1 where nothing happens."""
    draw = np.random.default_rng(seed)
    noise = draw.normal(size=(SERIES, SIZE))
    phase = draw.integers(0, 12, size=(SERIES, 1))
    correlation = 0.5 if "autocorrelated" in kind else 0.0
    values = noise.copy()
    for place in range(1, SIZE):
        fresh = np.sqrt(1 - correlation**2) * noise[:, place]
        values[:, place] = correlation * values[:, place - 1] + fresh
    if "season" in kind:
        values = values + np.sqrt(2) * np.sin(np.pi / 6 * (MONTHS + phase))
    return values


def test_independent_values_have_students_prediction_interval(monkeypatch):
    monkeypatch.setattr("retail_analytics.statistics.control_limits.AUTOCORRELATION", 0.0)
    # flow rates of ten batches, NIST/SEMATECH e-Handbook of Statistical Methods, 6.3.2.2
    flow = np.array([49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1])
    found = control_limits(long_frame(np.r_[flow, 40.0]), tail=0.01).iloc[-1]
    reach = stats.t.ppf(0.99, 9) * flow.std(ddof=1) * np.sqrt(1 + 1 / 10)
    assert found["centre"] == pytest.approx(50.81)
    assert found["limit_lower"] == pytest.approx(50.81 - reach)
    assert found["limit_upper"] == pytest.approx(50.81 + reach)
    assert found["is_below"] and not found["is_above"]


def test_values_that_resemble_their_neighbours_widen_the_limits():
    values = np.random.default_rng(1).normal(size=(1, 20))
    found = expected(values, np.zeros((1, 21)))
    lags = np.arange(1, 20)
    inflation = 1 + 2 * np.sum((1 - lags / 20) * AUTOCORRELATION**lags)
    spread = np.sum((values - values.mean()) ** 2) / (20 - inflation)
    assert found.centre.item() == pytest.approx(values.mean())
    assert found.variance.item() == pytest.approx(spread * (1 + inflation / 20))


@pytest.mark.parametrize("scale", ["rate", "count", "positive", "real"])
def test_a_value_comes_back_from_the_working_scale(scale):
    values = np.array([0.0, 0.1, 0.5, 1.0])
    for weights in (np.full(4, 10.0), np.full(4, np.nan)):
        working, counting = to_working(values, weights, scale=scale)
        assert from_working(working, weights, scale=scale) == pytest.approx(values, abs=1e-12)
        assert (counting >= 0).all()


def test_the_spread_is_never_below_that_of_counting_alone():
    # ten of ten in every month: the next may well have nine
    frame = long_frame(np.ones(24)).assign(weight=10.0)
    last = control_limits(frame, scales={"m": "rate"}).iloc[-1]
    assert 0.7 < last["limit_lower"] < 0.9
    assert last["limit_upper"] == 1
    counts = control_limits(long_frame(np.full(24, 9.0)), scales={"m": "count"}).iloc[-1]
    assert counts["limit_lower"] < 4 and counts["limit_upper"] > 16


def test_a_month_of_few_cases_has_wider_limits_than_one_of_many():
    draw = np.random.default_rng(3)
    cases = np.r_[np.full(24, 200), 10, 1000]
    values = draw.binomial(cases, 0.9) / cases
    frame = long_frame(values).assign(weight=cases.astype(float))
    found = control_limits(frame, scales={"m": "rate"})
    widths = (found["limit_upper"] - found["limit_lower"]).iloc[-2:].tolist()
    assert widths[0] > 3 * widths[1]


def test_a_season_is_expected_once_two_years_have_shown_it():
    season = 10 * np.sin(np.pi / 6 * np.arange(49))
    noise = 0.5 * np.random.default_rng(5).normal(size=49)
    found = control_limits(long_frame(season + noise))
    error = (found["centre"] - season).abs()
    assert error.iloc[12:24].max() > 5
    assert error.iloc[24:].max() < 1.5


@pytest.mark.parametrize("kind", ["white", "autocorrelated", "season", "season and autocorrelated"])
def test_where_nothing_happens_alarms_are_as_rare_as_stated(kind):
    found = control_limits(many(usual(kind, seed=11))).query("status == 'ok'")
    years = len(found) / 12
    stated = false_alarms_per_year(tail=0.0075)
    assert stated <= 0.15
    # of either side, on average
    assert 0.05 < (found["is_below"].sum() + found["is_above"].sum()) / 2 / years <= stated


@pytest.mark.parametrize("kind", ["white", "autocorrelated", "season"])
def test_a_fall_by_three_standard_deviations_is_found_within_six_months(kind):
    values = usual(kind, seed=12)
    values[:, 36:42] -= 3
    found = control_limits(many(values))
    fallen = found["is_below"].to_numpy().reshape(SERIES, SIZE)[:, 36:42]
    assert fallen.any(axis=1).mean() >= 0.85


def test_an_injected_drop_is_found_and_does_not_widen_its_own_limit():
    values = 95 + np.random.default_rng(2).normal(size=24)
    values[20] -= 8
    found = control_limits(long_frame(values))
    assert found["is_below"].to_numpy().nonzero()[0].tolist() == [20]
    without = control_limits(long_frame(values[:20]))
    after = control_limits(long_frame(np.r_[values[:20], 0.0]))
    assert after["limit_lower"].iloc[20] == found["limit_lower"].iloc[20]
    pd.testing.assert_frame_equal(without, found.iloc[:20])


def test_a_missing_value_or_month_has_no_say():
    values = np.array([4.0, 6, 5, 7, 5, 6, 4])
    holed = np.array([4.0, 6, 5, np.nan, 7, 5, 6, 4])
    whole, gaps = control_limits(long_frame(values)), control_limits(long_frame(holed))
    absent = control_limits(long_frame(holed).drop(index=3))
    for found in (gaps, absent):
        assert found["limit_upper"].iloc[-1] == pytest.approx(whole["limit_upper"].iloc[-1])
        assert found["history_count"].iloc[-1] == 6
    assert len(absent) == 7
    assert not gaps["is_below"].iloc[3] and not gaps["is_above"].iloc[3]


def test_a_crisis_does_not_hide_the_next():
    values = 95 + np.random.default_rng(8).normal(size=36)
    values[[14, 15, 16]] -= [30, 50, 40]
    values[30] -= 6
    found = control_limits(long_frame(values))
    assert found["is_below"].to_numpy().nonzero()[0].tolist() == [14, 15, 16, 30]


def test_other_series_change_nothing():
    long, short = usual("white", 3)[0], usual("season", 4)[0][:20]
    alone = control_limits(long_frame(short, entity="a"))
    later = long_frame(long, entity="b")
    later["period"] += pd.DateOffset(years=3)
    both = control_limits(pd.concat([later, long_frame(short, entity="a")]))
    pd.testing.assert_frame_equal(both.query("entity == 'a'"), alone)


def test_too_little_history_gives_no_limits():
    found = control_limits(long_frame([1.0, 1, 1, 1, 1, 1, 9]), fewest=6)
    assert found["status"].tolist() == ["insufficient_data"] * 6 + ["ok"]
    assert found["limit_upper"].isna().tolist() == [True] * 6 + [False]
    assert found["is_above"].tolist() == [False] * 6 + [True]


def test_empty_frame_and_bad_frames():
    assert list(control_limits(long_frame([])).columns) == list(LIMIT_COLUMNS)
    with pytest.raises(ValueError, match="entity"):
        control_limits(long_frame([1.0]).drop(columns="entity"))
    with pytest.raises(ValueError, match="value"):
        control_limits(long_frame([1.0]).drop(columns="value"))
    with pytest.raises(ValueError, match="period"):
        control_limits(long_frame([1.0]).assign(period=pd.Timestamp("2024-01-05")))
    with pytest.raises(ValueError, match="metric"):
        control_limits(long_frame([1.0]), scales={"m": "rate_pct"})
    with pytest.raises(ValueError, match="fewest"):
        control_limits(long_frame([1.0]), fewest=1)
    with pytest.raises(ValueError, match="tail"):
        control_limits(long_frame([1.0]), tail=0.5)
