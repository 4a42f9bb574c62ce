"""Revenue by channel in the months ahead, in three scenarios that add up to the whole.

Every channel and the whole are forecast on their own by the one mechanism of the project; then the
channels are brought to the whole's sum, in each scenario, by the width of their own intervals: a
channel whose future is known well moves less (Wickramasuriya and others 2019, with a diagonal
covariance). Where revenue was never negative, no channel is brought below 0.
"""

import numpy as np
import pandas as pd

from retail_analytics.statistics.forecasting import forecast
from retail_analytics.statistics.forecasting.series import NET

ALL = "all"
SCENARIOS = ("low", "expected", "high")
FORECAST_COLUMNS = ["channel", "scenario", "method", "status", "horizon_months", "revenue"]
FORECAST_COLUMNS += ["unreconciled_revenue", "history_count", "coverage", "relative_error", "month"]


def revenue_forecasts(
    months: pd.DataFrame, *, horizon_months: int, season_length: int = 12, level: float = 0.80
) -> pd.DataFrame:
    """Revenue per month ahead, channel (or `all`) and scenario.

    Parameters
    ----------
    months : DataFrame
        month, channel, revenue: one row per whole month and channel.
    horizon_months, season_length : int
    level : float
        Level of the interval whose ends are the scenarios low and high.

    Returns
    -------
    DataFrame : in each scenario and month the channels add up to `all`. coverage and
        relative_error (against the naive forecast) are those of the series' own backtest, that far
        ahead. Without a forecast of the whole everything is null, with its status.
    """
    for column in ("month", "channel", "revenue"):
        if column not in months.columns:
            raise ValueError(f"{column}: column is missing")
    if months.empty:
        return pd.DataFrame(columns=FORECAST_COLUMNS)
    # in one order: the last digit of a sum depends on it
    rows = months.assign(month=pd.to_datetime(months["month"])).sort_values(["month", "channel"])
    whole = rows.groupby("month", as_index=False)["revenue"].sum().assign(channel=ALL)
    series = pd.concat([rows, whole], ignore_index=True)
    found = forecast(
        pd.DataFrame(
            {
                "metric": "revenue",
                "entity": series["channel"],
                "period": series["month"],
                "value": series["revenue"],
            }
        ),
        scales={"revenue": NET},
        horizon=horizon_months,
        season_length=season_length,
        level=level,
    )
    tests = found.backtest[["entity", "horizon", "coverage", "relative_mae"]]
    table = found.forecasts.merge(tests, on=["entity", "horizon"])
    # a series of zeros ends before the others: its months ahead are those of the whole
    last = rows["month"].max()
    table = table[table["as_of_period"] == last]
    wide = table.set_index(["horizon", "entity"])
    parts = []
    lowest = -np.inf if (rows["revenue"] < 0).any() else 0.0
    for _, step in table.groupby("horizon", sort=True):
        parts.append(_reconciled(step.set_index("entity"), lowest=lowest))
    result = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    if wide.empty:
        return pd.DataFrame(columns=FORECAST_COLUMNS)
    return result.rename(
        columns={
            "entity": "channel",
            "horizon": "horizon_months",
            "period": "month",
            "relative_mae": "relative_error",
        }
    )[FORECAST_COLUMNS]


def _reconciled(step: pd.DataFrame, *, lowest: float) -> pd.DataFrame:
    """The three scenarios of one month ahead; step: one row per series, by name."""
    ends = {"low": "value_lower", "expected": "value", "high": "value_upper"}
    channels = [name for name in step.index if name != ALL]
    width = (step["value_upper"] - step["value_lower"])[channels].to_numpy(dtype=float)
    own = step.loc[channels, "value"].to_numpy(dtype=float)
    variance = np.nan_to_num(width) ** 2
    if not variance.sum() > 0:
        variance = np.ones(len(channels))
    is_known = np.isfinite(own).all() and np.isfinite(step.loc[ALL, "value"])
    parts = []
    for scenario in SCENARIOS:
        end = step[ends[scenario]].astype(float)
        revenue = pd.Series(np.nan, index=step.index)
        if is_known:
            revenue[channels] = spread(own, variance, total=end[ALL], lowest=lowest)
            revenue[ALL] = end[ALL]
        parts.append(
            step.assign(
                scenario=scenario,
                revenue=revenue,
                unreconciled_revenue=end,
                status=step["status"] if is_known else "insufficient_data",
            ).reset_index()
        )
    return pd.concat(parts, ignore_index=True)


def spread(own: np.ndarray, variance: np.ndarray, *, total: float, lowest: float) -> np.ndarray:
    """Figures brought to a total, each by its share of the variance and none below `lowest`.

    Where the total leaves no room for that, only the total is kept to.
    """
    result = own + (total - own.sum()) * variance / variance.sum()
    held = np.zeros(len(own), dtype=bool)
    while (result < lowest).any() and total >= lowest * len(own):
        held |= result < lowest
        if held.all():
            break
        share = np.where(held, 0.0, variance)
        share = share if share.sum() > 0 else (~held).astype(float)
        left = total - lowest * held.sum() - own[~held].sum()
        result = np.where(held, lowest, own + left * share / share.sum())
    return result
