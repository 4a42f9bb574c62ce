"""The forecast run as a table, the sample's forecasts, and sentiment drops put in on purpose."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import BuildWarehouse, Built

from retail_analytics.statistics.forecasting import forecast
from retail_analytics.statistics.forecasting.tables import forecast_metrics
from retail_analytics.statistics.trend import trends

pytestmark = pytest.mark.slow

OPTIONS = {"horizon_months": 3, "season_length": 12, "level": 0.8, "trend_months": 24}


def series(values: list[float], *, dimension: str, entity: str) -> pd.DataFrame:
    periods = pd.date_range("2020-01-01", periods=len(values), freq="MS")
    return pd.DataFrame(
        {
            "metric": "revenue",
            "dimension": dimension,
            "entity": entity,
            "period": periods,
            "value": values,
            "weight": 10,
        }
    )


def test_the_run_is_the_engine_s_forecast_backtest_and_trend() -> None:
    draw = np.random.default_rng(0)
    whole = series(list(100 + np.arange(40) + draw.normal(size=40)), dimension="all", entity="all")
    short = series([5.0, 6.0, 5.0], dimension="carrier", entity="all: of them")
    run = forecast_metrics(pd.concat([whole, short]), scales={"revenue": "count"}, **OPTIONS)
    assert list(zip(run["dimension"], run["entity"], run["horizon_months"], strict=True)) == [
        *(("all", "all", step) for step in (1, 2, 3)),
        *(("carrier", "all: of them", step) for step in (1, 2, 3)),
    ]
    alone = forecast(whole, scales={"revenue": "count"}, horizon=3)
    figures = ["value", "value_lower", "value_upper"]
    np.testing.assert_array_equal(run[figures][:3], alone.forecasts[figures])
    np.testing.assert_array_equal(run[["mae", "coverage"]][:3], alone.backtest[["mae", "coverage"]])
    last_two_years = trends(whole.iloc[-24:]).iloc[0]
    assert run["trend_direction"][0] == "rising"
    assert run["trend_slope"][0] == last_two_years["slope"]
    assert run["status"].tolist() == ["ok"] * 3 + ["short_history"] * 3


def test_no_series_give_an_empty_table_with_all_columns() -> None:
    some = series([5.0, 6.0, 5.0], dimension="all", entity="all")
    scales = {"revenue": "count"}
    empty = forecast_metrics(some.iloc[:0], scales=scales, **OPTIONS)
    assert empty.empty
    assert list(empty.columns) == list(forecast_metrics(some, scales=scales, **OPTIONS).columns)


def test_forecasts_of_the_sample_beat_the_naive_one_and_hold_their_intervals(
    sample_warehouse: Built,
) -> None:
    skills = sample_warehouse.query(
        "select target, skill from quality.model_quality "
        "where mart = 'metric_forecasts' and metric = 'mean_absolute_scaled_error'"
    )
    assert len(skills) == 16
    assert [target for target, skill in skills if not skill > 0] == []
    [(coverage, outcomes)] = sample_warehouse.query(
        "select sum(coverage * origin_count) / sum(origin_count), sum(origin_count) "
        "from quality.metric_forecast_backtest"
    )
    assert outcomes > 1000
    assert 0.70 <= coverage <= 0.90


DROP_MONTH = "2024-01-01"
# data tests of tables that this build leaves out could not run
ARGUMENTS = ("--select", "+sentiment_anomalies", "--exclude-resource-type", "test")


@pytest.fixture(scope="module")
def drops(build_warehouse: BuildWarehouse, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Sixty sources over 30 months of about 200 mentions, with a net of 25 points, give or take 2.

    Thirty of them lose 30 points in January 2024 and get them back in March.
    """
    draw = np.random.default_rng(1)
    months = pd.date_range("2022-01-01", periods=30, freq="MS")
    lines = ["mentioned_on,source,positive_count,negative_count,neutral_count"]
    for source in range(60):
        for month in months:
            fallen = source < 30 and month in pd.DatetimeIndex([DROP_MONTH, "2024-02-01"])
            net = 0.25 + 0.02 * draw.normal() - 0.30 * fallen
            opinions = draw.multinomial(
                draw.poisson(200), [0.35 + net / 2, 0.35 - net / 2, 1 - 0.7]
            )
            lines.append(f"{month:%Y-%m-%d},s{source:02d},{','.join(map(str, opinions))}")
    folder: Path = tmp_path_factory.mktemp("mentions")
    (folder / "mentions.csv").write_text("\n".join(lines) + "\n")
    built = build_warehouse(folder, args=ARGUMENTS)
    assert built.exit_code == 0, built.output
    return built


def drops_found(drops: Built, condition: str) -> tuple[int, int]:
    """Months flagged as a drop, and all months, of those that meet a condition."""
    return drops.query_build(
        "select count(*) filter (direction = 'drop'), count(*) from marts.sentiment_anomalies "
        f"where dimension = 'source' and {condition}"
    )[0]


def test_drops_put_in_are_found(drops: Built) -> None:
    found, injected = drops_found(drops, f"entity < 's30' and month = '{DROP_MONTH}'")
    assert injected == 30
    assert found >= 25
    assert drops.query_build(
        "select count(*) from marts.sentiment_anomalies "
        f"where dimension = 'all' and month = '{DROP_MONTH}' and direction = 'drop'"
    ) == [(1,)]


def test_stable_sentiment_raises_few_alarms(drops: Built) -> None:
    alarms, months = drops_found(drops, "entity >= 's30' and status = 'ok'")
    assert months == 30 * 24
    assert alarms <= 0.01 * months
