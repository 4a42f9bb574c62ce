"""The forecast engine: scales, components, weights, intervals, replay and whole forecasts."""

import warnings

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri, stdtrit

from retail_analytics.statistics.forecasting import backtest, forecast
from retail_analytics.statistics.forecasting.combine import combination_weights
from retail_analytics.statistics.forecasting.engine import interval_score
from retail_analytics.statistics.forecasting.intervals import (
    conformal_factor,
    grown,
    short_half_widths,
    spread_growth,
)
from retail_analytics.statistics.forecasting.models import (
    COMPONENTS,
    airline_path,
    component_paths,
    is_long,
    newest_path,
    seasonal_profile,
)
from retail_analytics.statistics.forecasting.replay import (
    Replay,
    replay,
    replayed_half_widths,
    replayed_hits,
)
from retail_analytics.statistics.forecasting.series import (
    BOUNDS,
    SCALES,
    Series,
    counting_start,
    from_working,
    to_working,
)

SEASON = 10 * np.sin(np.arange(12) * np.pi / 6)


def long_frame(values, *, metric="sales", entity="all", freq="MS", weight=None):
    periods = pd.date_range("2012-01-01", periods=len(values), freq=freq)
    frame = pd.DataFrame(
        {"metric": metric, "entity": entity, "period": periods, "value": np.asarray(values, float)}
    )
    return frame if weight is None else frame.assign(weight=weight)


def one(values, *, scale="real", weight=None, **options):
    """Forecast a single series; every warning is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return forecast(long_frame(values, weight=weight), scales={"sales": scale}, **options)


def simulated(seed):
    """A monthly series of one of six processes, 66 to 144 long."""
    draw = np.random.default_rng(seed)
    size = int(draw.integers(66, 145))
    season = draw.choice([0, 0.5, 1.0]) * SEASON[np.arange(size) % 12]
    noise, steps = draw.normal(size=(2, size))
    level = 100 + draw.normal() * 0.3 * np.arange(size)
    return [
        level + season + 3 * noise,
        100 + np.cumsum(steps) + season + noise,
        level + np.where(np.arange(size) > draw.integers(10, size), 15.0, 0.0) + season + 2 * noise,
        100 + season + 3 * draw.standard_t(3, size=size),
        draw.poisson(np.exp(3 + 0.03 * season + 0.02 * np.cumsum(steps))).astype(float),
        100 + np.cumsum(np.cumsum(0.05 * steps) + 0.3 * noise) + season,
    ][seed % 6]


# scales


@pytest.mark.parametrize("scale", SCALES)
def test_a_value_survives_the_way_there_and_back(scale):
    low, high = BOUNDS.get(scale, (0.0 if scale != "real" else -50.0, 500.0))
    values = np.linspace(low, high, 12)[1:-1]
    back = from_working(to_working(values, scale=scale), scale=scale)
    np.testing.assert_allclose(back, values, rtol=1e-12)


def test_a_rate_at_its_end_is_drawn_in_by_half_a_case():
    share = np.array([1.0, 0.5])
    found = to_working(share, scale="rate", weights=np.array([19.0, 19.0]))
    np.testing.assert_allclose(from_working(found, scale="rate"), [0.975, 0.5])


# components


def test_profile_of_a_line_with_a_season_is_the_season():
    working = 3.0 * np.arange(60) + SEASON[np.arange(60) % 12]
    np.testing.assert_allclose(
        seasonal_profile(working, season_length=12).values, SEASON, atol=0.35
    )


def test_profile_of_noise_is_shrunk_away():
    draws = np.random.default_rng(0).normal(size=(200, 60))
    raw = np.mean([np.var(draw.reshape(5, 12).mean(axis=0)) for draw in draws])
    shrunk = np.mean([np.var(seasonal_profile(draw, season_length=12).values) for draw in draws])
    assert shrunk < 0.25 * raw


def test_no_profile_below_two_seasons():
    assert seasonal_profile(SEASON[np.arange(23) % 12], season_length=12).values.tolist() == [0.0]


def test_naive_and_drift_by_hand():
    found = component_paths(np.array([2.0, 3, 5, 5, 6]), season_length=12, horizon=3).components
    assert found[COMPONENTS.index("seasonal_naive")].tolist() == [6, 6, 6]
    assert found[COMPONENTS.index("drift")].tolist() == [7, 8, 9]


def test_an_explosive_path_is_discarded_for_the_naive_one():
    working = np.r_[np.zeros(8), 2.0 ** np.arange(8)]
    found = component_paths(working, season_length=1, horizon=60)
    low, high = working.min(), working.max()
    assert np.all(found.components >= low - (high - low))
    assert np.all(found.components <= high + (high - low))


# weights and intervals


def test_weights_fall_with_the_sixth_power_of_the_error():
    errors = np.array([[1.0, 2.0, 1.0], [3.0, 6.0, 3.0]])
    np.testing.assert_allclose(combination_weights(errors), np.array([64, 1, 64]) / 129)


def test_weights_without_errors_are_equal():
    assert combination_weights(np.empty((0, 4))).tolist() == [0.25] * 4
    assert combination_weights(np.zeros((3, 4))).tolist() == [0.25] * 4
    np.testing.assert_allclose(combination_weights(np.array([[0.0, 1.0]])), [1, 0], atol=1e-9)


def test_factor_without_residuals_is_the_usual_one_and_falls_with_origins():
    nothing = np.array([])
    assert conformal_factor(nothing, origins=0, level=0.8) == pytest.approx(1.1 * stdtrit(13, 0.9))
    usual = np.full(10, 1.1 * ndtri(0.9))
    factors = [conformal_factor(usual, origins=count, level=0.8) for count in (1, 4, 12)]
    assert factors[0] > factors[1] > factors[2] > usual[0]
    # where no forecast ever missed there is no spread to give
    assert conformal_factor(np.zeros(10), origins=4, level=0.8) == 0


def test_factor_follows_the_residuals_more_the_more_origins_there_are():
    wide = np.full(50, 4.0)
    pooled = np.exp((3 * np.log(4.0) + 12 * np.log(1.1 * ndtri(0.9))) / 15)
    few = conformal_factor(wide, origins=3, level=0.8)
    assert few == pytest.approx(pooled * stdtrit(16, 0.9) / ndtri(0.9))
    assert conformal_factor(wide, origins=200, level=0.8) == pytest.approx(4.0, rel=0.06)


def airline(draw, size, *, step, year):
    """A series of the airline model with these parameters."""
    fresh = draw.normal(size=size + 13)
    changes = fresh[13:] - step * fresh[12:-1] - year * fresh[1:-12] + step * year * fresh[:-13]
    values = np.r_[10 * draw.normal(size=12), np.zeros(size)]
    for time in range(12, len(values)):
        before = values[time - 1] + values[time - 12] - (values[time - 13] if time > 12 else 0.0)
        values[time] = before + changes[time - 12]
    return values


@pytest.mark.parametrize(("step", "year"), [(0.4, 0.6), (0.8, 0.3)])
def test_the_airline_model_is_as_good_as_who_knows_its_parameters(step, year):
    """One step ahead the error of who knows them is the fresh noise, of variance 1."""
    draw = np.random.default_rng(5)
    errors = []
    for _ in range(200):
        values = airline(draw, 121, step=step, year=year)
        path = airline_path(values[:-1], season_length=12, horizon=1)
        errors.append(path[0] - values[-1])
    assert np.mean(np.square(errors)) == pytest.approx(1.0, abs=0.3)


def test_the_airline_model_by_hand():
    # a line with a season goes on: both differences are zero
    working = 3.0 * np.arange(60) + SEASON[np.arange(60) % 12]
    ahead = np.arange(60, 72)
    found = airline_path(working, season_length=12, horizon=12)
    np.testing.assert_allclose(found, 3.0 * ahead + SEASON[ahead % 12], atol=1e-8)
    assert airline_path(np.full(60, 7.0), season_length=12, horizon=3).tolist() == [7.0] * 3
    for size, origins in ((47, 4), (48, 5)):
        past = replay(
            simulated(0)[:size], np.full(size, True), season_length=12, horizon=6
        ).components
        assert past.shape[1] == origins
    assert not is_long(500, season_length=52)


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_intervals_widen_as_fast_as_the_errors_did(power):
    unit = np.tile(np.sqrt(np.arange(1.0, 19)), (400, 1))
    errors = unit**power * np.abs(np.random.default_rng(2).laplace(size=unit.shape))
    assert spread_growth(errors, unit, np.full(unit.shape, True)) == pytest.approx(power, abs=0.1)
    np.testing.assert_allclose(grown(unit, power), unit**power)


def test_with_few_errors_intervals_widen_as_the_model_says():
    unit = np.ones((1, 5))
    assert spread_growth(unit, unit, np.full(unit.shape, False)) == 1.0
    # one origin of which every power is as likely, beside the three that the model counts as
    assert spread_growth(unit, unit, np.full(unit.shape, True)) == pytest.approx((0.5 + 3) / 4)


def test_a_profile_of_two_years_widens_the_spread():
    draws = np.random.default_rng(3).normal(size=(60, 26))
    seasonal = draws + 3 * np.sin(np.pi / 6 * np.arange(26))
    plain = np.mean([component_paths(draw, season_length=1, horizon=1).spread for draw in draws])
    with_season = [component_paths(one, season_length=12, horizon=1).spread for one in seasonal]
    # a mean of two Januaries, beside the noise of the third
    assert np.mean(with_season) > plain * np.sqrt(1.4)


# replay


def test_the_replay_knows_nothing_of_the_future():
    working = simulated(1)
    known = np.ones(len(working), dtype=bool)
    before = replay(working, known, season_length=12, horizon=6)
    cut = int(before.origins[6])
    changed = working.copy()
    changed[cut:] += 1000 * np.random.default_rng(0).normal(size=len(working) - cut)
    after = replay(changed, known, season_length=12, horizon=6)
    np.testing.assert_array_equal(before.components[:7], after.components[:7])
    np.testing.assert_array_equal(before.combined[:7], after.combined[:7])
    earlier = before.origins[:7, None] + np.arange(1, 7) <= cut
    for path in ("combined", "actual"):
        np.testing.assert_array_equal(
            getattr(before, path)[:7][earlier], getattr(after, path)[:7][earlier]
        )


def test_an_outcome_has_no_say_in_the_interval_it_is_held_against():
    working = simulated(1)
    past = replay(working, np.ones(len(working), dtype=bool), season_length=12, horizon=6)
    half = replayed_half_widths(past, served=past.combined, level=0.8)
    hits = replayed_hits(past, served=past.combined, half=half)
    for row in (0, 5, len(past.origins) - 1):
        actual = past.actual.copy()
        actual[row] += 1000
        moved = Replay(past.origins, past.components, past.spread, actual)
        half = replayed_half_widths(moved, served=past.combined, level=0.8)
        found = replayed_hits(moved, served=past.combined, half=half)
        known = np.isfinite(actual[row])
        assert not found[row][known].any()
        options = {"served": past.combined, "spread": past.spread[row], "level": 0.8}
        halves = [one.half_widths_at(len(working), without=row, **options) for one in (past, moved)]
        np.testing.assert_array_equal(halves[0], halves[1])
    assert 0.6 < np.nanmean(hits) < 1


def test_the_interval_score_is_the_width_and_ten_times_what_lies_outside():
    # ends of 3 and 5, one outcome inside, one 2 above, one 1 below: 2, 2 + 20, 2 + 10
    actual = np.array([[4.0], [7.0], [2.0]])
    past = Replay(np.array([1, 2, 3]), np.full((3, 1, 1), 4.0), np.ones((3, 1)), actual)
    values = np.r_[0.0, actual[:, 0]]
    series = Series("m", "e", "real", pd.Timestamp("2024-01-01"), values, values)
    found = interval_score(
        past, series, served=np.full((3, 1), 4.0), half=np.ones((3, 1)), level=0.8
    )
    assert found == pytest.approx([12.0])


def test_filled_gaps_are_never_scored_and_no_origin_lies_in_one():
    known = np.ones(60, dtype=bool)
    known[[20, 33, 34, 35, 50]] = False
    past = replay(np.arange(60.0), known, season_length=12, horizon=6)
    assert known[past.origins - 1].all()
    targets = past.origins[:, None] + np.arange(6)
    inside = targets < 60
    assert np.array_equal(np.isfinite(past.actual[inside]), known[targets[inside]])


# whole forecasts


@pytest.mark.parametrize(
    ("scale", "value"),
    [("rate_pct", 100.0), ("rate", 0.0), ("balance", -1.0), ("count", 0.0), ("positive", 7.3)],
)
@pytest.mark.parametrize("size", [3, 9, 40])
def test_a_constant_series_forecasts_itself(scale, value, size):
    found = one(np.full(size, value), scale=scale).forecasts
    assert (found["value"] == value).all()
    if size >= 9:
        assert (found["value_lower"] == value).all() and (found["value_upper"] == value).all()


def test_one_other_month_among_equal_ones_leaves_no_forecast_without_a_width():
    found = one(np.r_[np.full(60, 66.7), 61.5, 66.7, 66.7, 0.0], scale="rate_pct").forecasts
    assert (found["value_lower"] < found["value"]).all()
    assert (found["value_upper"] - found["value_lower"] > 20).all()


def test_a_few_equal_months_do_not_promise_the_next():
    found = one(np.ones(3), scale="count").forecasts.iloc[0]
    # by hand: Student's 90 % with two degrees of freedom times sqrt(1.5) / 2, around log 2
    reach = 1.8856 * np.sqrt(1.5) / 2
    assert found["value"] == 1 and found["value_lower"] == 0
    assert found["value_upper"] == pytest.approx(np.expm1(np.log(2) + reach), rel=1e-4)
    rates = one(np.full(3, 1.0), scale="rate").forecasts
    assert (rates["value"] == 1).all() and (rates["value_upper"] == 1).all()
    assert (rates["value_lower"] < 0.95).all()


@pytest.mark.parametrize("value", [0.0, 1.0, 100.0])
def test_equal_counts_reach_no_further_than_counts_scatter(value):
    found = one(np.full(3, value), scale="count").forecasts
    reach = 4 * np.sqrt(value + 0.5)
    assert found["value_upper"].iloc[-1] <= value + reach + 1e-9
    assert found["value_lower"].iloc[-1] >= max(value - reach, 0) - 1e-9
    assert (found["value_upper"] > value).all()


def test_a_repeated_season_forecasts_itself():
    found = one(np.tile(SEASON, 5), horizon=12).forecasts
    np.testing.assert_allclose(found["value"], SEASON, atol=1e-9)


def test_a_line_goes_on():
    found = one(5 + 2.0 * np.arange(60)).forecasts
    np.testing.assert_allclose(found["value"], 5 + 2.0 * np.arange(60, 66), rtol=1e-4)


EDGES = {
    "nothing": ([np.nan] * 4, "count", "insufficient_data"),
    "one point": ([5.0], "count", "insufficient_data"),
    "two points": ([5.0, 6.0], "positive", "insufficient_data"),
    "off the scale": ([-1.0] * 20, "count", "insufficient_data"),
    "seven months": ([95.0, 93, 88, 70, 60, 80, 92], "rate_pct", "short_history"),
    "eight months": ([5.0, 3, 8, 7, 6, 8, 9, 4], "count", "ok"),
    "one year": (np.arange(12.0) % 5, "count", "ok"),
    "two years": (np.arange(24.0) % 7, "real", "ok"),
    "level shift": (np.r_[np.zeros(30), np.full(30, 50.0)], "count", "ok"),
    "one spike": (np.r_[np.zeros(59), 1.0], "count", "ok"),
    "NaN in the middle": (np.where(np.arange(60) % 7 == 3, np.nan, np.arange(60)), "real", "ok"),
    "every other month": (np.where(np.arange(40) % 2, np.nan, np.arange(40)), "real", "ok"),
    "infinite": (np.r_[np.arange(20.0), np.inf, -np.inf, np.arange(20.0)], "real", "ok"),
    "huge": (1e140 * (1 + np.arange(40) % 3), "positive", "ok"),
    "tiny": (1e-140 * (1 + np.arange(40) % 3), "positive", "ok"),
    "negative": (-50 - np.arange(40.0) % 7, "real", "ok"),
    "from end to end": (100.0 * (np.arange(60) % 2), "rate_pct", "ok"),
    "explosion": (np.exp(0.5 * np.arange(60)), "real", "ok"),
    "wild": (np.random.default_rng(0).standard_cauchy(80) * 1e6, "real", "ok"),
}


@pytest.mark.parametrize("horizon", [1, 18])
@pytest.mark.parametrize("name", EDGES)
def test_always_a_status_never_a_crash(name, horizon):
    values, scale, status = EDGES[name]
    found = one(values, scale=scale, horizon=horizon)
    assert (found.forecasts["status"] == status).all()
    assert found.forecasts["horizon"].tolist() == list(range(1, horizon + 1))
    assert found.backtest["horizon"].tolist() == list(range(1, horizon + 1))
    figures = found.forecasts[["value_lower", "value", "value_upper"]]
    if status == "insufficient_data":
        assert figures.isna().all(axis=None) and found.forecasts["method"].isna().all()
    else:
        assert np.isfinite(figures).all(axis=None)
        assert (figures.diff(axis=1).iloc[:, 1:] >= 0).all(axis=None)
    if status != "ok":
        assert (found.backtest["origin_count"] == 0).all()


@settings(max_examples=15)
@given(
    scale=st.sampled_from([*BOUNDS, "count", "positive"]),
    shares=st.lists(st.floats(0, 1) | st.sampled_from([0.0, 1.0]), min_size=3, max_size=40),
)
def test_bounds_hold(scale, shares):
    low, high = BOUNDS.get(scale, (0.0, np.inf))
    reach = high - low if np.isfinite(high) else 1000.0
    values = np.clip(low + reach * np.array(shares), 1e-9 if scale == "positive" else low, high)
    figures = one(values, scale=scale, horizon=12).forecasts[
        ["value", "value_lower", "value_upper"]
    ]
    assert (figures >= low).all(axis=None) and (figures <= high).all(axis=None)


def test_an_interval_can_hold_the_end_of_a_scale():
    draw = np.random.default_rng(6)
    parcels = np.full(60, 40.0)
    rates = 100 * draw.binomial(40, 0.98, size=60) / parcels
    found = one(rates, scale="rate_pct", weight=parcels).forecasts
    assert (found["value_upper"] == 100).all()
    assert (found["value_lower"] < 100).all() and (found["value"] < 100).all()


def test_a_late_start_and_an_old_gap():
    values = np.r_[np.nan, np.arange(20.0), np.full(14, np.nan), 5, 7, 6, 8, 7, np.nan, 9, np.nan]
    found = one(values).forecasts.iloc[0]
    assert found["status"] == "short_history"
    assert (found["history_count"], found["missing_count"]) == (6, 1)
    assert found["as_of_period"] == pd.Timestamp("2012-01-01") + pd.DateOffset(months=41)
    assert found["period"] == found["as_of_period"] + pd.DateOffset(months=1)


def test_as_of_hides_what_came_later():
    values = simulated(0)
    frame = long_frame(values)
    then = forecast(frame, scales={"sales": "real"}, as_of=frame["period"].iloc[49])
    pd.testing.assert_frame_equal(then.forecasts, one(values[:50]).forecasts)


def test_weekly_series():
    frame = long_frame(simulated(3), freq="W-MON")
    found = forecast(frame, scales={"sales": "real"}, season_length=1, freq="W-MON").forecasts
    assert (found["period"].diff().dropna() == pd.Timedelta(days=7)).all()


def test_a_wider_level_gives_wider_bounds():
    values = simulated(1)
    narrow, wide = (one(values, level=level).forecasts for level in (0.5, 0.95))
    assert (narrow["value_upper"] < wide["value_upper"]).all()
    assert (narrow["value_lower"] > wide["value_lower"]).all()


def test_the_unit_does_not_matter():
    values = simulated(2)
    figures = ["value", "value_lower", "value_upper"]
    small, large = one(values).forecasts[figures], one(1e6 * values).forecasts[figures]
    np.testing.assert_allclose(1e6 * small, large, rtol=1e-5)


@pytest.fixture(scope="module")
def many():
    series = {f"series_{seed:02d}": simulated(seed) for seed in range(36)}
    frame = pd.concat(
        long_frame(np.maximum(values[:-18], 0), metric="count", entity=entity)
        for entity, values in series.items()
    )
    return series, frame, forecast(frame, scales={"count": "count"}, horizon=18)


def test_neither_row_order_nor_other_series_nor_workers_matter(many):
    _, frame, found = many
    some = frame[frame["entity"] < "series_03"]
    expected = [part[part["entity"] < "series_03"] for part in found]
    for workers in (1, 2):
        again = forecast(
            some.sample(frac=1, random_state=workers),
            scales={"count": "count"},
            horizon=18,
            workers=workers,
        )
        for left, right in zip(expected, again, strict=True):
            pd.testing.assert_frame_equal(left, right, check_exact=True)


def test_backtest_alone_is_the_same(many):
    _, frame, found = many
    alone = backtest(frame[frame["entity"] == "series_00"], scales={"count": "count"}, horizon=18)
    pd.testing.assert_frame_equal(alone, found.backtest.iloc[:18])


def test_what_does_not_beat_the_baseline_does_not_serve(many):
    table = many[2].backtest
    combined = table["method"] == "combination"
    assert 0 < combined.mean() < 1
    assert (table.loc[combined, "combination_relative_mae"] < 1.1).all()
    assert (table.loc[~combined, "combination_relative_mae"] >= 1.1).all()
    assert (table.loc[~combined, "method"] == "seasonal_naive").all()
    assert (table.loc[~combined, "mae"] == table.loc[~combined, "baseline_mae"]).all()


def replayed_coverage(found):
    scored = found.backtest[found.backtest["origin_count"] > 0]
    return np.average(scored["coverage"], weights=scored["origin_count"])


def judged(truth, found, *, season_length, horizon):
    """Mean MASE of the forecasts and of the seasonal naive, and coverage, on held-out ends."""
    errors, naive_errors, hits = [], [], []
    for entity, rows in found.forecasts.groupby("entity"):
        past, future = truth[entity][:-horizon], truth[entity][-horizon:]
        unit = np.mean(np.abs(past[season_length:] - past[:-season_length]))
        naive = np.resize(past[-season_length:], horizon)
        errors.append(np.mean(np.abs(rows["value"] - future)) / unit)
        naive_errors.append(np.mean(np.abs(naive - future)) / unit)
        hits.append((future >= rows["value_lower"]) & (future <= rows["value_upper"]))
    return np.mean(errors), np.mean(naive_errors), np.mean(hits)


def test_simulated_series_skill_and_coverage(many):
    series, _, found = many
    truth = {entity: np.maximum(values, 0) for entity, values in series.items()}
    mase, naive_mase, coverage = judged(truth, found, season_length=12, horizon=18)
    assert mase < 0.85 * naive_mase
    assert 0.70 < coverage < 0.90
    assert 0.70 < replayed_coverage(found) < 0.90


def windows(values, *, name, size):
    """Stretches of a long series that do not overlap, the latest first."""
    ends = range(len(values), size - 1, -size)
    return {f"{name}_{end}": values[end - size : end] for end in ends}


def public_monthly():
    co2 = sm.datasets.co2.load_pandas().data["co2"].resample("MS").mean().interpolate()
    sea = sm.datasets.elnino.load_pandas().data.drop(columns="YEAR").to_numpy().ravel()
    return windows(co2.to_numpy(), name="co2", size=100) | windows(sea, name="sea", size=100)


def public_quarterly():
    macro = sm.datasets.macrodata.load_pandas().data
    columns = ["realgdp", "realcons", "realinv", "realgovt", "cpi", "m1", "unemp", "tbilrate"]
    return {
        key: values
        for column in columns
        for key, values in windows(macro[column].to_numpy(), name=column, size=67).items()
    }


@pytest.mark.parametrize(
    ("load", "season_length", "horizon", "freq"),
    [(public_monthly, 12, 18, "MS"), (public_quarterly, 4, 8, "QS")],
)
def test_public_series_skill_and_coverage(load, season_length, horizon, freq):
    truth = load()
    frame = pd.concat(
        long_frame(values[:-horizon], entity=entity, freq=freq) for entity, values in truth.items()
    )
    found = forecast(
        frame, scales={"sales": "real"}, horizon=horizon, season_length=season_length, freq=freq
    )
    mase, naive_mase, _ = judged(truth, found, season_length=season_length, horizon=horizon)
    assert mase < 0.85 * naive_mase
    # The held-out ends share their shocks (all of 2008 is one event), the origins do not.
    assert 0.70 < replayed_coverage(found) < 0.90


HELD_OUT = 6


@pytest.fixture(scope="module")
def short():
    """Series of six processes, some with a season, cut to every length: forecasts and outcomes."""
    lengths = (10, 12, 15, 18, 21, 24, 26, 28, 32, 36)
    frames, outcomes = [], {}
    for seed in range(60):
        values = np.maximum(simulated(seed), 0)[-60:]
        for length in lengths:
            entity = f"{length:02d} {seed:02d}"
            past = values[: len(values) - HELD_OUT][-length:]
            frames.append(long_frame(past, metric="count", entity=entity))
            outcomes[entity] = values[-HELD_OUT:]
    found = forecast(pd.concat(frames), scales={"count": "count"}, horizon=HELD_OUT)
    table = found.forecasts.merge(
        found.backtest[["entity", "horizon", "coverage", "origin_count"]], on=["entity", "horizon"]
    )
    table["actual"] = np.concatenate([outcomes[entity] for entity in table["entity"].unique()])
    table["is_held"] = table["actual"].between(table["value_lower"], table["value_upper"])
    table["length"] = table["entity"].str[:2].astype(int)
    return table


def test_intervals_of_short_histories_hold_what_they_say_and_what_is_published(short):
    held = short.groupby("length")["is_held"].mean()
    assert held.between(0.72, 0.90).all(), held
    assert held.mean() == pytest.approx(0.80, abs=0.03)
    weighted = (short["coverage"] * short["origin_count"]).groupby(short["length"]).sum()
    published = weighted / short.groupby("length")["origin_count"].sum()
    assert (published - held).abs().mean() < 0.05, published
    assert (published - held).abs().max() < 0.10, published


def test_no_bound_of_a_short_history_lies_beyond_five_ranges(short):
    for entity, rows in short.groupby("entity"):
        seed, length = int(entity[3:]), int(entity[:2])
        past = np.maximum(simulated(seed), 0)[-60:-HELD_OUT][-length:]
        reach = 5 * np.ptp(past)
        assert (rows["value_upper"] <= past.max() + reach).all()
        assert (rows["value_lower"] >= past.min() - reach).all()


def test_a_richer_combination_needs_four_seasons():
    three, five = (simulated(0)[:size] for size in (36, 60))
    for values, is_richer in ((three, False), (five, True)):
        plain, mean, median, four = (
            one(values, combination=name).forecasts
            for name in ("plain", "ets", "ets_ces", "ets_ces_airline")
        )
        assert plain["method"][0] == "combination"
        assert np.allclose(plain["value"], mean["value"]) != is_richer
        assert np.allclose(mean["value"], median["value"]) != is_richer
        assert np.allclose(median["value"], four["value"]) != is_richer
    with pytest.raises(ValueError, match="combination"):
        one(five, combination="arima")


@pytest.mark.parametrize(
    "values",
    [
        np.tile([0.0, 1.0], 30),
        np.r_[np.zeros(59), 1.0],
        np.arange(60.0),
        SEASON[np.arange(60) % 12],
    ],
)
def test_what_a_richer_model_cannot_fit_is_left_to_the_others(values):
    for name in ("ets", "ets_ces", "ets_ces_airline"):
        path, width = newest_path(
            np.full(6, values[-1]), values, season_length=12, combination=name
        )
        assert np.isfinite(path).all() and 0.9 < width <= 1


def test_an_empty_frame_gives_empty_frames():
    empty = long_frame([])
    found = forecast(empty, scales={})
    full = one(np.arange(9.0))
    for left, right in zip(found, full, strict=True):
        assert left.empty
        assert left.dtypes.equals(right.dtypes)


@pytest.mark.parametrize("column", ["metric", "entity", "period", "value"])
def test_a_missing_column_is_named(column):
    with pytest.raises(ValueError, match=f"^{column}"):
        forecast(long_frame(np.arange(9.0)).drop(columns=column), scales={"sales": "real"})


def test_bad_frames_and_options_are_refused():
    frame = long_frame(np.arange(9.0))
    with pytest.raises(ValueError, match="^metric: sales needs a scale"):
        forecast(frame, scales={"sales": "logarithmic"})
    with pytest.raises(ValueError, match="^period"):
        forecast(pd.concat([frame, frame]), scales={"sales": "real"})
    with pytest.raises(ValueError, match="^period: sales of all"):
        forecast(frame, scales={"sales": "real"}, freq="QS")
    with pytest.raises(ValueError, match="horizon"):
        forecast(frame, scales={"sales": "real"}, horizon=0)
    with pytest.raises(ValueError, match="level"):
        forecast(frame, scales={"sales": "real"}, level=80)


def months(values, metric="revenue"):
    periods = pd.date_range("2021-01-01", periods=len(values), freq="MS")
    return pd.DataFrame({"metric": metric, "entity": "all", "period": periods, "value": values})


def test_months_of_negative_revenue_are_known():
    found = forecast(months([100.0, 100.0, -150.0] * 13), scales={"revenue": "net"}).forecasts
    assert found["history_count"].eq(39).all() and found["missing_count"].eq(0).all()
    assert found["value_lower"].min() <= -150
    # Money that was never negative is not forecast to be.
    grown = forecast(months(100 * 1.03 ** np.arange(40)), scales={"revenue": "net"}).forecasts
    assert grown["value_lower"].min() > 100
    assert grown["value"].iloc[-1] == pytest.approx(100 * 1.03**45, rel=0.03)


@pytest.mark.parametrize(
    "values",
    [
        [100, 20, 150, 30, 120],
        [1000, 1200, 15, 1100, 1300],
        [5, 900, 3],
        [1, 2, 1, 40, 2, 1, 3, 2, 60],
    ],
)
def test_no_bound_is_beyond_what_paths_obey(values):
    values = np.array(values, dtype=float)
    reach = 2 * (values.max() - values.min())
    found = forecast(months(values), scales={"revenue": "count"}).forecasts
    for column in ("value", "value_lower", "value_upper"):
        assert found[column].between(values.min() - reach, values.max() + reach).all()
    assert (found["value_lower"] <= found["value"]).all()
    assert (found["value"] <= found["value_upper"]).all()


def test_months_of_next_to_nothing_do_not_widen_all_others():
    rng = np.random.default_rng(8)
    values = 2e7 * rng.lognormal(0.0, 0.5, 80)
    plain = forecast(months(values), scales={"revenue": "count"}).forecasts
    values[:7] = [11_000.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    began = forecast(months(values), scales={"revenue": "count"})
    # 113 m before, where the most that ever came were 60 m
    assert began.forecasts["value_upper"].max() < 1.3 * plain["value_upper"].max()
    in_cents = forecast(months(100 * values), scales={"revenue": "count"}).forecasts
    np.testing.assert_allclose(in_cents["value_upper"], 100 * began.forecasts["value_upper"])
    back = from_working(to_working(values, scale="count", start=2e6), scale="count", start=2e6)
    np.testing.assert_allclose(back, values, rtol=1e-9, atol=1e-6)
    assert counting_start(np.array([0.0, 3.0, 8.0])) == 1
    assert counting_start(np.zeros(3)) == 1
    assert counting_start(np.array([50.0, 100.0, 150.0])) == 1
    assert counting_start(np.array([5.0, 100.0, 150.0])) == pytest.approx(10.0)


def test_a_short_history_is_as_wide_as_a_random_walk():
    # changes of 1 and -1: steps of size 1, whose error grows with the root of the months ahead
    found = short_half_widths(np.array([5.0, 6.0, 5.0]), horizon=4, level=0.8)
    assert found / found[0] == pytest.approx(np.sqrt([1, 2, 3, 4]))
    assert found[0] == pytest.approx(stdtrit(2, 0.9))
    still = short_half_widths(np.array([5.0, 5.0]), horizon=1, level=0.8, unseen=0.5)
    assert still[0] == pytest.approx(0.5 * stdtrit(1, 0.9))
