"""Trend of a short series without assuming its shape: Mann-Kendall test and Sen's slope."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from retail_analytics.statistics.season import SEASON_YEARS, season_of
from retail_analytics.statistics.series import checked_series, on_grid

EXACT_UP_TO = 10
# Below a year a season cannot be told from a trend.
FEWEST_POINTS = 12
# Below it nothing can be said of persistence.
FEWEST_FOR_PERSISTENCE = 8
# Seasons from which on they are taken out; of two, what is left looks steadier than it was.
FEWEST_SEASONS = 3
# the exact variance under persistence goes over pairs of pairs
EXACT_VARIANCE_UP_TO = 40
# beyond it a series of usual length holds no more than a few values' worth of knowledge
MOST_AUTOCORRELATION = 0.95

TREND_COLUMNS = {
    "metric": "object",
    "entity": "object",
    "from_period": "datetime64[ns]",
    "to_period": "datetime64[ns]",
    "point_count": "int64",
    "kendall_tau": "float64",
    "autocorrelation": "float64",
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
    `tau` Kendall's tau-b, `p_value` two-sided, `z` its normal deviate with continuity correction,
    `autocorrelation` the lag-one persistence that the variance allows for; NaN where there are
    fewer than two points."""

    s: float
    variance: float
    tau: float
    p_value: float
    z: float
    autocorrelation: float


@dataclass(frozen=True)
class SenSlope:
    """Change of the value in one period, with its interval."""

    slope: float
    lower: float
    upper: float


def mann_kendall(
    values: np.ndarray, *, is_corrected: bool = False, autocorrelation: float | None = None
) -> MannKendall:
    """Test whether values in time order rise or fall (Mann 1945, Kendall 1975).

    NaN are left out. Up to ten points without ties the p-value is exact; else it is the normal
    one with tie and continuity corrections. The plain test calls a persistent series without a
    trend a trend far too often (24 months, lag-one autocorrelation .4: 16 % at 5 %). With
    `is_corrected` the variance of `s` is that of a first-order autoregressive series (Hamed 2009)
    whose coefficient is estimated from what Sen's slope leaves, from 8 points on and only upwards,
    or is `autocorrelation` where a longer history says more. Where the values themselves say that
    they persist, by more than its standard error without persistence, so few give a poor variance,
    and Student's distribution with n - 2 degrees of freedom stands for the normal one.
    """
    seen = values[np.isfinite(values)]
    size = len(seen)
    if size < 2:
        return MannKendall(np.nan, np.nan, np.nan, np.nan, np.nan, np.nan)
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
        return MannKendall(s, 0.0, tau, 1.0, 0.0, 0.0)
    persistence = 0.0
    if is_corrected:
        persistence = lag_one(values) if autocorrelation is None else autocorrelation
    inflation = variance_inflation(size, round(persistence, 3))
    variance *= inflation
    z = float(np.sign(s) * max(abs(s) - 1, 0) / np.sqrt(variance))
    if size <= EXACT_UP_TO and len(ties) == size:
        p_value = _exact_p_value(abs(s) / np.sqrt(inflation), size)
    elif autocorrelation is None and is_beyond_chance(persistence, size):
        p_value = float(2 * stdtr(size - 2, -abs(z)))
    else:
        p_value = float(2 * ndtr(-abs(z)))
    return MannKendall(s, variance, tau, p_value, z, persistence)


def lag_one(values: np.ndarray) -> float:
    """Lag-one autocorrelation, 0 to .95, of what is left of a series after Sen's slope.

    `values` stand at equal distances; pairs with a NaN are left out. The estimate of a series of
    n points whose trend was taken out is low by (2 + 4 rho) / n (Kendall 1954); that is put back.
    Below 8 points it is 0: nothing can be said.
    """
    place = np.flatnonzero(np.isfinite(values))
    size = len(place)
    if size < FEWEST_FOR_PERSISTENCE:
        return 0.0
    left = values - _sen(values) * np.arange(len(values))
    left = left - np.nanmean(left)
    square = float(np.nanmean(left * left))
    products = left[1:] * left[:-1]
    if square <= (1e-9 * np.nanmax(np.abs(values))) ** 2 or not np.isfinite(products).any():
        return 0.0
    # each mean over what is there: a gap neither adds nor takes persistence
    seen = float(np.nanmean(products)) / square * (size - 1) / size
    return float(np.clip((size * seen + 2) / (size - 4), 0.0, MOST_AUTOCORRELATION))


def is_beyond_chance(autocorrelation: float, size: int) -> bool:
    """Whether a lag-one autocorrelation exceeds its standard error in `size` independent values."""
    return autocorrelation > size**-0.5


@cache
def variance_inflation(size: int, autocorrelation: float) -> float:
    """How many times the variance of `s` is that of independent values.

    Of `size` values of a normal first-order autoregressive series: exact (Hamed 2009, sum of
    arcsines over pairs of pairs) up to 40 values, beyond by the rank formula of Hamed and Rao
    1998. One for no autocorrelation.
    """
    if autocorrelation == 0:
        return 1.0
    if size > EXACT_VARIANCE_UP_TO:
        lag = np.arange(1, size, dtype=float)
        ranks = 6 / np.pi * np.arcsin(autocorrelation**lag / 2)
        weights = (size - lag) * (size - lag - 1) * (size - lag - 2)
        return float(1 + 2 / (size * (size - 1) * (size - 2)) * np.sum(weights * ranks))
    place = np.arange(size)
    alike = autocorrelation ** np.abs(np.subtract.outer(place, place))
    earlier, later = np.triu_indices(size, k=1)
    together = (
        alike[np.ix_(later, later)]
        - alike[np.ix_(earlier, later)]
        - alike[np.ix_(later, earlier)]
        + alike[np.ix_(earlier, earlier)]
    )
    spread = np.sqrt(2 - 2 * alike[earlier, later])
    angles = np.arcsin(np.clip(together / np.outer(spread, spread), -1, 1))
    return float(2 / np.pi * angles.sum() / (size * (size - 1) * (2 * size + 5) / 18))


def sen_slope(
    values: np.ndarray,
    *,
    level: float = 0.80,
    is_corrected: bool = False,
    autocorrelation: float | None = None,
) -> SenSlope:
    """Median of the slopes of all pairs of points, with the rank interval of Sen 1968.

    `values` stand at equal distances; NaN keep their place and are left out. A slope is in units
    of the value per period; NaN where there are fewer than two points. With `is_corrected` the
    interval allows for persistence as the test does.
    """
    slopes = np.sort(_slopes(values))
    if not len(slopes):
        return SenSlope(np.nan, np.nan, np.nan)
    test = mann_kendall(values, is_corrected=is_corrected, autocorrelation=autocorrelation)
    size = int(np.isfinite(values).sum())
    is_estimated = autocorrelation is None and is_beyond_chance(test.autocorrelation, size)
    share = (1 + level) / 2
    reach = (stdtrit(size - 2, share) if is_estimated else ndtri(share)) * np.sqrt(test.variance)
    low = max(round((len(slopes) - reach) / 2) - 1, 0)
    high = min(round((len(slopes) + reach) / 2), len(slopes) - 1)
    return SenSlope(float(np.median(slopes)), float(slopes[low]), float(slopes[high]))


def _slopes(values: np.ndarray) -> np.ndarray:
    positions = np.flatnonzero(np.isfinite(values))
    seen = values[positions]
    earlier, later = np.triu_indices(len(seen), k=1)
    return (seen[later] - seen[earlier]) / (positions[later] - positions[earlier])


def _sen(values: np.ndarray) -> float:
    return float(np.median(_slopes(values)))


def trends(
    frame: pd.DataFrame,
    *,
    freq: str = "MS",
    periods: int | None = None,
    level: float = 0.80,
    significance: float = 0.05,
    season_length: int = 12,
) -> pd.DataFrame:
    """Trend of every series of a long frame (metric, entity, period, value), one row each.

    Only the last `periods` of a series count, all where None; from three seasons of history on its
    season is taken out first. `direction` is `rising` or `falling` where the test, corrected for
    autocorrelation in up to four years of history, rejects no trend at `significance`, else `none`.
    Status: `ok`, or `insufficient_data` below 12 points, with null figures: a season seen for some
    months is no trend. ValueError names the column at fault.
    """
    rows = []
    for metric, entity, one in on_grid(checked_series(frame), freq=freq):
        values = one["value"].to_numpy()
        history = values[-SEASON_YEARS * season_length :]
        if np.isfinite(history).sum() >= FEWEST_SEASONS * season_length:
            season, _, _ = season_of(history[None], season_length=season_length)
            history = history - season[0, :-1]
            values = np.r_[values[: len(values) - len(history)], history]
        one = one.iloc[-periods if periods else 0 :]
        span = {"from_period": one.index[0], "to_period": one.index[-1]}
        found = _trend(
            values[-periods if periods else 0 :],
            persistence=lag_one(history) if len(history) > len(one) else None,
            level=level,
            significance=significance,
        )
        rows.append({"metric": metric, "entity": entity, **span, **found})
    return pd.DataFrame(rows, columns=list(TREND_COLUMNS)).astype(TREND_COLUMNS)


def _trend(
    values: np.ndarray, *, persistence: float | None, level: float, significance: float
) -> dict[str, object]:
    count = int(np.isfinite(values).sum())
    if count < FEWEST_POINTS:
        return {"point_count": count, "direction": None, "status": "insufficient_data"}
    test = mann_kendall(values, is_corrected=True, autocorrelation=persistence)
    slope = sen_slope(values, level=level, is_corrected=True, autocorrelation=persistence)
    direction = "none"
    if test.p_value < significance:
        direction = "rising" if test.s > 0 else "falling"
    return {
        "point_count": count,
        "kendall_tau": test.tau,
        "autocorrelation": test.autocorrelation,
        "p_value": test.p_value,
        "slope": slope.slope,
        "slope_lower": slope.lower,
        "slope_upper": slope.upper,
        "direction": direction,
        "status": "ok",
    }


def _exact_p_value(s: float, size: int) -> float:
    """Share of all orders of `size` different values whose S is at least as far from zero."""
    orders = np.ones(1)
    for length in range(2, size + 1):
        # One more value can be put before 0 to length - 1 of those already in order.
        orders = np.convolve(orders, np.ones(length))
    scores = np.arange(len(orders)) * 2 - (len(orders) - 1)
    return float(orders[np.abs(scores) >= s].sum() / orders.sum())
