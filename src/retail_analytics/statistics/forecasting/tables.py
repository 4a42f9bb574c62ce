"""The forecast run of the project's metric series as one table: forecasts, backtest and trend."""

import pandas as pd

from retail_analytics.statistics.forecasting.engine import forecast
from retail_analytics.statistics.trend import trends

# The engine knows one name a series; a unit separator stands in no name.
SEPARATOR = "\x1f"
STEP = ["metric", "entity", "horizon", "as_of_period", "method", "status"]
TREND = {
    "direction": "trend_direction",
    "p_value": "trend_p_value",
    "slope": "trend_slope",
    "slope_lower": "trend_slope_lower",
    "slope_upper": "trend_slope_upper",
}


def forecast_metrics(
    series: pd.DataFrame,
    *,
    scales: dict[str, str],
    horizon_months: int,
    season_length: int,
    level: float,
    trend_months: int,
    combination: str = "ets_ces_airline",
) -> pd.DataFrame:
    """One row per series and month ahead: forecast, errors over the replay, trend of the history.

    `series` has metric, dimension, entity, period (first days of months), value and weight;
    `scales` and `combination` as in `forecast`. The trend (Mann-Kendall, Sen) is that of the last
    `trend_months`, in units of the metric per month.
    """
    frame = series.assign(entity=series["dimension"] + SEPARATOR + series["entity"])
    found = forecast(
        frame,
        scales=scales,
        horizon=horizon_months,
        season_length=season_length,
        level=level,
        combination=combination,
    )
    slopes = trends(frame, periods=trend_months, level=level).rename(columns=TREND)
    table = found.forecasts.merge(found.backtest, on=STEP, validate="one_to_one").merge(
        slopes[["metric", "entity", *TREND.values()]], on=["metric", "entity"]
    )
    names = table["entity"].str.split(SEPARATOR, n=1)
    return table.assign(dimension=names.str[0], entity=names.str[1]).rename(
        columns={"horizon": "horizon_months"}
    )
