"""The watch over series: what it lets pass, what it finds, and what it must not look at."""

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT

from retail_analytics.statistics.watch import (
    KINDS,
    false_discovery_q,
    from_scale,
    tail_weights,
    to_scale,
    watch,
)

NAB = next(
    (
        folder / "shared" / "data" / "nab_ad_cost"
        for folder in ROOT.parents
        if (folder / "shared").exists()
    ),
    ROOT.parent / "shared" / "data" / "nab_ad_cost",
)
WEEK = np.array([0, 0, 0, 0.5, 1, 2, -1.0])
YEAR = 365.25
DAY = pd.Timedelta(1, "D")
# two-sided chance of a day: about one false alert in a series-year and a half
LIMIT = 0.7 / YEAR


def per_year(p_values):
    return float((p_values[np.isfinite(p_values)] < LIMIT).mean() * YEAR)


def weekly(draw, series=60, days=800):
    return 50 + WEEK[np.arange(days) % 7] + draw.normal(size=(series, days))


@pytest.mark.parametrize(
    "name", ["normal", "counts", "few counts", "season", "shares", "sums", "persistent"]
)
def test_series_without_a_change_alert_less_than_once_a_year(name):
    draw = np.random.default_rng(5)
    shape = (60, 800)
    day = np.arange(shape[1])
    season = np.exp(0.3 * np.sin(2 * np.pi * day / YEAR) + WEEK[day % 7] / 10)
    floor = 1.0
    if name == "normal":
        seen, floor = weekly(draw), 0.0
    elif name == "counts":
        seen = to_scale(draw.poisson(5, shape), None, "count")
    elif name == "few counts":
        seen = to_scale(draw.poisson(0.3, shape), None, "count")
    elif name == "season":
        seen = to_scale(draw.poisson(60 * season, shape), None, "count")
    elif name == "shares":
        cases = draw.poisson(40, shape)
        seen = to_scale(draw.binomial(cases, 0.9) / cases, cases, "rate")
        floor = 1 / np.sqrt(cases)
    elif name == "sums":
        orders = draw.poisson(40, shape)
        money = np.array([[draw.lognormal(3, 0.8, n).sum() for n in row] for row in orders])
        seen, floor = to_scale(money, orders, "sum"), 0.0
    else:
        seen, floor = draw.normal(size=shape), 0.0
        for step in range(1, shape[1]):
            seen[:, step] += 0.4 * seen[:, step - 1]
    assert per_year(watch(seen, floor=floor).p_value()) < 1


def test_heavy_tails_are_learned():
    """Noise of Student's t with 4 degrees of freedom: a normal limit would alert six times a
    year."""
    seen = np.random.default_rng(5).standard_t(4, size=(60, 1100))
    found = watch(seen)
    assert per_year(found.p_value()[:, 365:]) < 3
    normal = np.abs(found.z[:, 365:]) > 3.1
    assert normal.mean() * YEAR > 2 * per_year(found.p_value()[:, 365:])
    assert tail_weights(found.z)[-1, :, -1].mean() < 0.1


@pytest.mark.parametrize(("size", "least"), [(3, 0.30), (4, 0.65), (5, 0.90), (6, 0.98)])
@pytest.mark.parametrize("sign", [-1, 1])
def test_injected_days_are_found(size, least, sign):
    """An oracle that knows level and spread finds .50, .83, .977 and .999 at one false alert a
    year."""
    draw = np.random.default_rng(6)
    seen = weekly(draw)
    days = draw.integers(400, 800, size=60)
    changed = seen.copy()
    changed[np.arange(60), days] += sign * size
    p_values = watch(changed).p_value()
    assert (p_values[np.arange(60), days] < LIMIT).mean() >= least - 0.1
    # over all days a change could have come on
    found = watch(seen)
    moved = found.p_value(found.z + sign * size * found.noise / found.spread)[:, 400:]
    assert (moved < LIMIT).mean() >= least


def test_the_kinds_of_change_and_their_precision():
    """Spike, drop, level, slope, spread and a missing day, of 6 standard deviations."""
    draw = np.random.default_rng(8)
    changes = {
        "spike": lambda tail: tail + np.r_[6, np.zeros(19)],
        "drop": lambda tail: tail - np.r_[6, np.zeros(19)],
        "level": lambda tail: tail + 6,
        "slope": lambda tail: tail + 0.6 * np.arange(20),
        "spread": lambda tail: 50 + 4 * (tail - 50),
        "missing day": lambda tail: np.r_[0, tail[1:]],
    }
    recall, false, true = {}, 0, 0
    for kind, change in changes.items():
        seen = weekly(draw, series=60, days=420)
        seen[:, 400:] = [change(row) for row in seen[:, 400:]]
        alerts = watch(seen).p_value() < LIMIT
        recall[kind] = alerts[:, 400:].any(axis=1).mean()
        true += alerts[:, 400:].any(axis=1).sum()
        # days before the change, brought to as many as after it
        false += alerts[:, 60:400].sum() * 20 / 340
    assert recall["spike"] >= 0.95
    assert recall["drop"] >= 0.95
    assert recall["level"] >= 0.95
    assert recall["slope"] >= 0.9
    assert recall["spread"] >= 0.9
    assert recall["missing day"] == 1
    assert true / (true + false) >= 0.93


def test_a_new_level_is_believed_after_some_days():
    draw = np.random.default_rng(2)
    seen = weekly(draw, series=40, days=600)
    seen[:, 500:] += 20
    alerts = watch(seen).p_value() < LIMIT
    assert alerts[:, 500:504].all()
    assert alerts[:, 515:].mean() < 0.02


def test_a_day_has_no_part_in_what_it_is_compared_with():
    draw = np.random.default_rng(3)
    seen = weekly(draw, series=3, days=200)
    other = seen.copy()
    other[:, 150:] = draw.normal(size=(3, 50)) * 30
    before, after = watch(seen), watch(other)
    np.testing.assert_array_equal(before.expected[:, :151], after.expected[:, :151])
    np.testing.assert_array_equal(before.spread[:, :151], after.spread[:, :151])


def test_each_series_is_watched_for_itself():
    seen = weekly(np.random.default_rng(3), series=4, days=150)
    whole = watch(seen)
    for row in range(4):
        np.testing.assert_array_equal(watch(seen[[row]]).z, whole.z[[row]])


def test_scale_and_place_of_a_real_series_do_not_matter():
    seen = weekly(np.random.default_rng(3), series=4, days=150)
    np.testing.assert_allclose(watch(seen).z, watch(1000 * seen - 7).z, atol=1e-6)


@pytest.mark.parametrize("seasons", [2, 3, 4])
def test_a_series_is_tested_after_so_many_seasons(seasons):
    seen = weekly(np.random.default_rng(3), series=3, days=60)
    z = watch(seen, warm_seasons=seasons).z
    assert np.isnan(z[:, : 7 * seasons]).all()
    assert np.isfinite(z[:, 7 * seasons :]).all()


def test_zeros_a_late_start_and_gaps():
    seen = np.full((4, 120), np.nan)
    seen[0] = to_scale(np.zeros(120), None, "count")
    seen[1, 100:] = 5.0
    seen[2] = np.random.default_rng(1).normal(size=120)
    seen[2, 60:80] = np.nan
    found = watch(seen, floor=np.array([[1.0], [0.0], [0.0], [0.0]]))
    assert np.nanmax(np.abs(found.z[0])) == 0
    assert np.isnan(found.z[1]).all()
    assert np.isnan(found.z[3]).all()
    assert np.isnan(found.z[2, 60:80]).all()
    assert np.isfinite(found.z[2, 81:]).all()


def test_a_constant_that_moves_is_found():
    seen = np.full((1, 100), 7.0)
    seen[0, 80] = 8.0
    p_values = watch(seen).p_value()[0]
    assert p_values[80] < 1e-6
    assert np.nanmin(np.delete(p_values, 80)) > 0.5


@pytest.mark.parametrize("kind", KINDS)
def test_a_scale_and_its_inverse(kind):
    values = np.array([0.1, 0.5, 0.9]) if kind == "rate" else np.array([1.0, 5, 250])
    cases = np.full(3, 1e9)
    np.testing.assert_allclose(from_scale(to_scale(values, cases, kind), kind), values, rtol=1e-6)
    with pytest.raises(ValueError, match="kind"):
        to_scale(values, cases, "colour")


def test_false_discovery_is_that_of_benjamini_and_hochberg():
    """Example of their paper (1995): of 15 p-values four hold at .05."""
    p_values = np.array(
        [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344]
        + [0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0]
    )
    assert (false_discovery_q(p_values) <= 0.05).sum() == 4
    with_gap = false_discovery_q(np.r_[np.nan, p_values])
    assert np.isnan(with_gap[0])
    np.testing.assert_array_equal(with_gap[1:], false_discovery_q(p_values))


# hours of a step, its first hour, steps of its season and seasons before the first test; and the
# largest chances of a day at which six simulated series together bring half a false alert, and one,
# a week: tests/bench/bench_scales.py
ADVERT_STEPS = ((6, 0, 4, 4), (12, 0, 2, 4), (12, 6, 2, 4), (24, 0, 7, 3), (24, 12, 7, 3))
HALF_A_WEEK, ONE_A_WEEK = 0.00319, 0.00925
# between them, and chosen by looking: what the windows themselves allow
BY_LABELS = 0.0065


@pytest.fixture(scope="module")
def adverts() -> pd.DataFrame:
    """Hourly costs per click and per thousand views of three exchanges (columns)."""
    if not NAB.exists():
        pytest.skip(f"{NAB} is not there")
    series = pd.read_parquet(NAB / "series.parquet")
    series["hour"] = pd.to_datetime(series["timestamp"]).dt.floor("h")
    return series.pivot_table(index="hour", columns="series", values="value").asfreq("h")


def advert_alerts(table: pd.DataFrame, limit: float) -> pd.DataFrame:
    """Alerts of steps of a quarter, half and whole day, the last two also from the middle of
    one to that of the next; `window` is that of its series which it lies in."""
    parts = []
    for length, first, season, warm in ADVERT_STEPS:
        steps = table.resample(f"{length}h", offset=f"{first}h")
        means = steps.mean().where(steps.count() * 2 >= length)
        seen = to_scale(means.to_numpy().T, None, "mean")
        p_values = watch(seen, season=season, warm_seasons=warm).p_value()
        row, step = np.nonzero(p_values < limit * length / 24)
        told_at = means.index[step] + pd.Timedelta(length - 1, "h")
        parts.append(pd.DataFrame({"series": means.columns[row], "told_at": told_at}))
    alerts = pd.concat(parts).sort_values(["told_at", "series"], ignore_index=True)
    windows = pd.read_csv(NAB / "windows.csv", parse_dates=["window_from", "window_to"])
    windows["window_from"] = windows["window_from"].dt.floor("h")
    both = alerts.reset_index().merge(windows.reset_index(names="window"), on="series")
    both = both[both["told_at"].between(both["window_from"], both["window_to"])]
    return alerts.assign(window=both.set_index("index")["window"])


def false_alerts(alerts: pd.DataFrame) -> int:
    """Alerts within a day of each other are one, and true where one of them is."""
    group = (alerts["told_at"].diff() > DAY).cumsum()
    return int((~alerts["window"].notna().groupby(group).any()).sum())


@pytest.mark.parametrize(
    ("limit", "least", "per_week", "per_series"),
    [(HALF_A_WEEK, 8, 0.5, 0.15), (BY_LABELS, 9, 0.5, 0.2), (ONE_A_WEEK, 10, 0.85, 0.25)],
)
def test_labelled_windows_of_real_advert_costs_are_found(
    adverts, limit, least, per_week, per_series
):
    """Of 14 windows, and the false alerts a week over all six series and of each of them."""
    alerts = advert_alerts(adverts, limit)
    assert alerts["window"].nunique() >= least
    assert false_alerts(alerts) / (len(adverts) / 168) <= per_week
    outside = alerts[alerts["window"].isna()].groupby("series")
    false = sum(false_alerts(own) for _, own in outside)
    assert false / (adverts.notna().to_numpy().sum() / 168) <= per_series
