"""Trend of a short series without assuming its shape: Mann-Kendall test and Sen's slope."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from retail_analytics.statistics.series import checked_series, on_grid

EXACT_UP_TO = 10
FEWEST_POINTS = 3
FEW_POINTS = 8

TREND_COLUMNS = {
    "metric": "object",
    "entity": "object",
    "from_period": "datetime64[ns]",
    "to_period": "datetime64[ns]",
    "point_count": "int64",
    "kendall_tau": "float64",
    "p_value": "float64",
    "slope": "float64",
    "slope_lower": "float64",
    "slope_upper": "float64",
    "direction": "object",
    "status": "object",
}


@dataclass(frozen=True)
class MannKendall:
    """`s` is the count of rising less falling pairs, `variance` that of `s` without a trend,
    `tau` Kendall's tau-b, `p_value` two-sided; NaN where there are fewer than two points."""

    s: float
    variance: float
    tau: float
    p_value: float


@dataclass(frozen=True)
class SenSlope:
    """Change of the value in one period, with its interval."""

    slope: float
    lower: float
    upper: float


def mann_kendall(values: np.ndarray) -> MannKendall:
    """Test whether values in time order rise or fall (Mann 1945, Kendall 1975).

    NaN are left out. Up to ten points without ties the p-value is exact; else it is the normal
    one with tie and continuity corrections.
    """
    seen = values[np.isfinite(values)]
    size = len(seen)
    if size < 2:
        return MannKendall(np.nan, np.nan, np.nan, np.nan)
    earlier, later = np.triu_indices(size, k=1)
    s = float(np.sign(seen[later] - seen[earlier]).sum())
    ties = np.unique(seen, return_counts=True)[1].astype(float)
    pairs = size * (size - 1) / 2
    variance = (
        size * (size - 1) * (2 * size + 5) - np.sum(ties * (ties - 1) * (2 * ties + 5))
    ) / 18
    untied = pairs - np.sum(ties * (ties - 1) / 2)
    tau = s / np.sqrt(pairs * untied) if untied > 0 else np.nan
    if variance == 0:
        return MannKendall(s, 0.0, tau, 1.0)
    if size <= EXACT_UP_TO and len(ties) == size:
        return MannKendall(s, variance, tau, _exact_p_value(abs(s), size))
    z = max(abs(s) - 1, 0) / np.sqrt(variance)
    return MannKendall(s, variance, tau, float(2 * ndtr(-z)))


def sen_slope(values: np.ndarray, *, level: float = 0.80) -> SenSlope:
    """Median of the slopes of all pairs of points, with the rank interval of Sen 1968.

    `values` stand at equal distances; NaN keep their place and are left out. A slope is in units
    of the value a period; NaN where there are fewer than two points.
    """
    positions = np.flatnonzero(np.isfinite(values))
    if len(positions) < 2:
        return SenSlope(np.nan, np.nan, np.nan)
    seen = values[positions]
    earlier, later = np.triu_indices(len(seen), k=1)
    slopes = np.sort((seen[later] - seen[earlier]) / (positions[later] - positions[earlier]))
    reach = ndtri((1 + level) / 2) * np.sqrt(mann_kendall(seen).variance)
    low = max(round((len(slopes) - reach) / 2) - 1, 0)
    high = min(round((len(slopes) + reach) / 2), len(slopes) - 1)
    return SenSlope(float(np.median(slopes)), float(slopes[low]), float(slopes[high]))


def trends(
    frame: pd.DataFrame,
    *,
    freq: str = "MS",
    periods: int | None = None,
    level: float = 0.80,
    significance: float = 0.05,
) -> pd.DataFrame:
    """Trend of every series of a long frame (metric, entity, period, value), one row each.

    Only the last `periods` of a series count, all where None. `direction` is `rising` or
    `falling` where the test rejects no trend at `significance`, else `none`. Status: `ok`,
    `short_history` below 8 points, `insufficient_data` below 3, with null figures. ValueError
    names the column at fault.
    """
    rows = []
    for metric, entity, one in on_grid(checked_series(frame), freq=freq):
        one = one.iloc[-periods if periods else 0 :]
        span = {"from_period": one.index[0], "to_period": one.index[-1]}
        found = _trend(one["value"].to_numpy(), level=level, significance=significance)
        rows.append({"metric": metric, "entity": entity, **span, **found})
    return pd.DataFrame(rows, columns=list(TREND_COLUMNS)).astype(TREND_COLUMNS)


def _trend(values: np.ndarray, *, level: float, significance: float) -> dict[str, object]:
    count = int(np.isfinite(values).sum())
    if count < FEWEST_POINTS:
        return {"point_count": count, "direction": None, "status": "insufficient_data"}
    test = mann_kendall(values)
    slope = sen_slope(values, level=level)
    direction = "none"
    if test.p_value < significance:
        direction = "rising" if test.s > 0 else "falling"
    return {
        "point_count": count,
        "kendall_tau": test.tau,
        "p_value": test.p_value,
        "slope": slope.slope,
        "slope_lower": slope.lower,
        "slope_upper": slope.upper,
        "direction": direction,
        "status": "short_history" if count < FEW_POINTS else "ok",
    }


def _exact_p_value(s: float, size: int) -> float:
    """Share of all orders of `size` different values whose S is at least as far from zero."""
    orders = np.ones(1)
    for length in range(2, size + 1):
        # One more value can be put before 0 to length - 1 of those already in order.
        orders = np.convolve(orders, np.ones(length))
    scores = np.arange(len(orders)) * 2 - (len(orders) - 1)
    return float(orders[np.abs(scores) >= s].sum() / orders.sum())
