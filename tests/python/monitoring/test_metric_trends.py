"""Trends of the months: past their season, under a false discovery rate, silent where unclear."""

from datetime import date

import numpy as np
import pandas as pd

from retail_analytics.monitoring.changes import metric_trends

SETTINGS = {"trend_months": 36, "trend_significance": 0.05}
TODAY = date(2024, 12, 31)
COLUMNS = ["metric", "dimension", "entity", "unit", "is_higher_better", "period", "value"]
SEASON = np.array([0, 0, 0, 5, 5, 60, 0, 0, 0, 5, 80, 90.0])


def months(metric, values, *, is_higher_better=True, entity="all"):
    return pd.DataFrame(
        {
            "metric": metric,
            "dimension": "all",
            "entity": entity,
            "unit": "orders",
            "is_higher_better": is_higher_better,
            "period": pd.date_range("2022-01-01", periods=len(values), freq="MS"),
            "value": values,
        },
        columns=COLUMNS,
    )


def trends_of(*frames):
    return metric_trends(
        pd.concat(frames, ignore_index=True), settings=SETTINGS, as_of_date=TODAY
    ).set_index("metric")


def test_growth_under_a_season_is_seen_and_a_season_alone_is_unclear():
    noise = np.random.default_rng(1).normal(size=(2, 36)) * 4
    season = SEASON[np.arange(36) % 12]
    found = trends_of(
        months("grows", 200 + season + noise[0] + 2 * np.arange(36)),
        months("stays", 200 + season + noise[1]),
    )
    grows, stays = found.loc["grows"], found.loc["stays"]
    assert grows["direction"] == "rising"
    assert grows["is_better"]
    assert grows["slope_per_month_lower"] <= 2 <= grows["slope_per_month_upper"]
    assert 0.5 < grows["slope_pct_per_month"] < 1.5
    assert grows["method"].startswith("season taken out")
    assert stays["direction"] == "unclear"
    assert stays["is_better"] is None


def test_of_series_without_a_trend_few_have_one():
    draw = np.random.default_rng(2)
    frames = [months(f"m{number:03}", draw.normal(size=36)) for number in range(200)]
    assert (trends_of(*frames)["direction"] != "unclear").sum() <= 2


def test_what_falls_is_good_where_less_is_better():
    found = trends_of(months("late", 100.0 - np.arange(36), is_higher_better=False))
    assert found.loc["late", "direction"] == "falling"
    assert found.loc["late", "is_better"]


def test_short_constant_and_no_series():
    found = trends_of(
        months("two", [1.0, 2.0]), months("year", np.arange(12.0)), months("flat", [5.0] * 36)
    )
    assert found.loc["two", "status"] == "insufficient_data"
    assert found.loc["two", "direction"] is None
    assert found.loc["year", "method"].startswith("Mann-Kendall")
    assert found.loc["year", "direction"] == "rising"
    assert found.loc["flat", "direction"] == "unclear"
    empty = metric_trends(months("x", []), settings=SETTINGS, as_of_date=TODAY)
    assert empty.empty
    assert {"metric", "dimension", "direction", "as_of_date"} <= set(empty.columns)
