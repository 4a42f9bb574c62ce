"""Limits of what is usual: what the periods before one allow for its value."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from retail_analytics.statistics.season import SEASON_YEARS, season_of
from retail_analytics.statistics.series import KEY, checked_series, grid_of

SCALES = ("rate", "count", "positive", "real")
# Allowance for months that resemble the one before. Estimated from six to 36 values it is so unsure
# that limits are too narrow for some and too wide for others (docs/decisions.md).
AUTOCORRELATION = 0.2
# Values beyond a limit where nothing happened, over those that the tail alone would give: simulated
# series (white, autocorrelation .5, season) have up to this many times as many, the more the
# farther out, because level, spread and season are themselves estimated.
SIMULATED_TAILS = (0.003, 0.0075)
SIMULATED_EXCESS = (2.0, 1.6)
# The share of the season's degrees of freedom that the spread of the months pays for: James-Stein
# shrinks away the rest.
SEASON_COST = 0.5
LARGEST_FREEDOM = 300.0
# A crisis of some months would else hide the next for three years (scms: lorries of 2011).
OUTLIER = 3.0
FEWEST_FOR_OUTLIERS = 12

LIMIT_COLUMNS = {
    "metric": "object",
    "entity": "object",
    "period": "datetime64[ns]",
    "value": "float64",
    "centre": "float64",
    "limit_lower": "float64",
    "limit_upper": "float64",
    "is_below": "bool",
    "is_above": "bool",
    "history_count": "int64",
    "status": "object",
}


@dataclass(frozen=True)
class Expected:
    """What is expected of the next value of several series (each an entry), on the working scale:
    `centre`, the `variance` of the value about it, and Student's degrees of `freedom`."""

    centre: np.ndarray
    variance: np.ndarray
    freedom: np.ndarray


def control_limits(
    frame: pd.DataFrame,
    *,
    scales: Mapping[str, str] | None = None,
    tail: float = 0.0075,
    fewest: int = 6,
    window: int = 36,
    season_length: int = 12,
    freq: str = "MS",
) -> pd.DataFrame:
    """Judge each value of a long frame (metric, entity, period, value) by the values before it.

    The limits are those of Student's prediction interval for one more value, from the last `window`
    periods, on a scale where spread does not depend on level. Season is taken out where two years
    came before (phase means, shrunk by James and Stein's rule). Periods are allowed to resemble the
    ones before them, and the spread is never below that of counting alone, of this period as of
    those before: what Laney's p' (2002) does for proportions, here by adding variances.

    Parameters: `scales` names the scale of a metric: `rate` (0 to 1, with the column `weight`, the
    cases behind it), `count`, `positive` or `real` (the default; with the column
    `sampling_variance` where counting alone makes it vary). `tail` is the share of usual values
    beyond one limit. `freq` is the pandas offset on which the periods lie.

    Returns one row per row of the frame. A value has no part in its own limits, so a drop cannot
    widen what it is judged by. One with fewer than `fewest` before it has null limits and status
    `insufficient_data`; a missing value has limits and is neither below nor above.

    Raises ValueError, which names the column at fault.

    Source: prediction interval with unknown mean and variance, Hahn and Meeker 1991, chapter 4.
    """
    if fewest < 2:
        raise ValueError("fewest must be at least 2")
    if not 0 < tail < 0.5:
        raise ValueError("tail must lie between 0 and 0.5")
    data = checked_series(frame)
    grid = grid_of(data, freq=freq)
    parts = []
    for metric, rows in data.groupby("metric", sort=True):
        scale = (scales or {}).get(metric, "real")
        if scale not in SCALES:
            raise ValueError(f"metric: {metric} needs a scale, one of {', '.join(SCALES)}")
        table = {
            name: rows.pivot(index="entity", columns="period", values=name).reindex(columns=grid)
            for name in ("value", "weight", "sampling_variance")
            if name in rows
        }
        values = table["value"].to_numpy()
        weights = table["weight"].to_numpy() if "weight" in table else np.full(values.shape, np.nan)
        working, counting = to_working(values, weights, scale=scale)
        if "sampling_variance" in table:
            counting = counting + np.nan_to_num(table["sampling_variance"].to_numpy())
        centre, reach, known = _limits(working, counting, tail, window, season_length)
        reach[known < fewest] = np.nan
        bounds = (
            from_working(bound, weights, scale=scale)
            for bound in (centre + 0 * reach, centre - reach, centre + reach)
        )
        places = (
            pd.Categorical(rows["entity"], categories=table["value"].index).codes,
            grid.get_indexer(rows["period"]),
        )
        named = zip(("centre", "limit_lower", "limit_upper"), bounds, strict=True)
        found = rows[[*KEY, "value"]].assign(
            **{name: bound[places] for name, bound in named}, history_count=known[places]
        )
        parts.append(found)
    if not parts:
        return pd.DataFrame(columns=list(LIMIT_COLUMNS)).astype(LIMIT_COLUMNS)
    found = pd.concat(parts, ignore_index=True)
    # a value that comes back from the working scale may differ in its last digit
    margin = 1e-9 * found["value"].abs()
    return found.assign(
        is_below=found["value"] < found["limit_lower"] - margin,
        is_above=found["value"] > found["limit_upper"] + margin,
        status=np.where(found["history_count"] < fewest, "insufficient_data", "ok"),
    )[list(LIMIT_COLUMNS)].astype(LIMIT_COLUMNS)


def expected(
    working: np.ndarray, counting: np.ndarray, *, window: int = 36, season_length: int = 12
) -> Expected:
    """What is expected of the value after those of `working` (series, period), NaN where unknown.

    `counting` (series, period + 1) is the variance that counting alone gives each value and the
    next one. With fewer than two known values nothing is expected (NaN).
    """
    past = slice(max(working.shape[1] - SEASON_YEARS * season_length, 0), None)
    season, season_variance, freedom_used = season_of(working[:, past], season_length=season_length)
    adjusted = (working[:, past] - season[:, :-1])[:, -window:]
    spent = SEASON_COST * freedom_used * min(1.0, window / max(season.shape[1] - 1, 1))

    known = np.isfinite(adjusted)
    count = known.sum(axis=1)
    filled = np.where(known, adjusted, 0.0)
    counted = np.where(known, counting[:, :-1][:, past][:, -window:], 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_counting = counted.sum(axis=1) / count
        # variance of a mean of values that resemble their neighbours, over that of independent ones
        inflation = _inflation(count, AUTOCORRELATION)
        filled = _without_outliers(adjusted, counted, count)
        centre = filled.sum(axis=1) / count
        deviations = np.where(known, filled - centre[:, None], 0.0)
        variance = (deviations**2).sum(axis=1) / np.maximum(count - inflation - spent, 1.0)
        own = np.maximum(variance - mean_counting, 0.0)
        # months of few cases say less of the level
        total = own[:, None] + counted
        weight = np.where(known, np.where(total > 0, 1 / np.where(total > 0, total, 1), 1.0), 0.0)
        centre = (weight * filled).sum(axis=1) / weight.sum(axis=1)
        mean_variance = np.maximum(variance, mean_counting) * (weight**2).sum(axis=1)
        mean_variance = inflation * mean_variance / weight.sum(axis=1) ** 2
        single = own + counting[:, -1]
        freedom = np.maximum(count / _inflation(count, AUTOCORRELATION**2) - 1 - spent, 2.0)
        # counting alone is known; only what varies beyond it has been estimated (Satterthwaite)
        freedom = np.where(
            own > 0,
            np.minimum(freedom * (single / np.where(own > 0, own, 1.0)) ** 2, LARGEST_FREEDOM),
            LARGEST_FREEDOM,
        )
    enough = np.where(count >= 2, 1.0, np.nan)
    return Expected(
        centre=enough * (centre + season[:, -1]),
        variance=enough * (single + mean_variance + season_variance),
        freedom=enough * freedom,
    )


def _without_outliers(values: np.ndarray, counting: np.ndarray, count: np.ndarray) -> np.ndarray:
    """`values` (series, period; 0 where unknown) pulled in to OUTLIER robust standard deviations
    (of the median absolute deviation, no less than by counting) from their median, from a year
    on."""
    known = np.isfinite(values)
    if not (count >= FEWEST_FOR_OUTLIERS).any():
        return np.where(known, values, 0.0)
    filled = np.where(known.any(axis=1)[:, None], values, 0.0)
    middle = np.nanmedian(filled, axis=1)[:, None]
    spread = 1.4826 * np.nanmedian(np.abs(filled - middle), axis=1)[:, None]
    reach = OUTLIER * np.sqrt(np.maximum(spread**2, counting))
    reach = np.where((count >= FEWEST_FOR_OUTLIERS)[:, None] & (reach > 0), reach, np.inf)
    return np.where(known, np.clip(values, middle - reach, middle + reach), 0.0)


def to_working(
    values: np.ndarray, weights: np.ndarray, *, scale: str
) -> tuple[np.ndarray, np.ndarray]:
    """Values on a scale where their spread does not depend on their level, and the variance that
    counting alone gives them there: arcsine of rates, root of counts (Anscombe 1948), logarithm of
    positives (of 1 more, for a mean may be 0)."""
    with np.errstate(invalid="ignore"):
        if scale == "rate":
            cases = np.where(weights > 0, weights, np.inf)
            added = 0.375 / cases
            share = np.clip((values + added) / (1 + 2 * added), 0.0, 1.0)
            return np.arcsin(np.sqrt(share)), 1 / (4 * cases + 2)
        if scale == "count":
            return np.sqrt(np.maximum(values, 0.0) + 0.375), np.full(values.shape, 0.25)
        if scale == "positive":
            return np.log1p(np.maximum(values, 0.0)), np.zeros(values.shape)
    return values, np.zeros(values.shape)


def from_working(working: np.ndarray, weights: np.ndarray, *, scale: str) -> np.ndarray:
    """Values in the metric's unit; within what it can be."""
    with np.errstate(invalid="ignore"):
        if scale == "rate":
            added = 0.375 / np.where(weights > 0, weights, np.inf)
            share = np.sin(np.clip(working, 0.0, np.pi / 2)) ** 2
            return np.clip((1 + 2 * added) * share - added, 0.0, 1.0)
        if scale == "count":
            return np.maximum(np.maximum(working, 0.0) ** 2 - 0.375, 0.0)
        if scale == "positive":
            return np.maximum(np.expm1(working), 0.0)
    return working


def false_alarms_per_year(*, tail: float, sides: int = 1, periods_per_year: int = 12) -> float:
    """Values per year beyond their limits where nothing happened, at most, on `sides` sides."""
    excess = np.interp(np.log(tail), np.log(SIMULATED_TAILS), SIMULATED_EXCESS)
    return float(excess * tail * sides * periods_per_year)


def _limits(
    working: np.ndarray, counting: np.ndarray, tail: float, window: int, season_length: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Centre, half-width and count of known values before, of every series and period."""
    centre, reach = (np.full(working.shape, np.nan) for _ in range(2))
    known = np.zeros(working.shape, dtype=np.int64)
    for place in range(1, working.shape[1]):
        ahead = expected(
            working[:, :place],
            counting[:, : place + 1],
            window=window,
            season_length=season_length,
        )
        centre[:, place] = ahead.centre
        reach[:, place] = stdtrit(ahead.freedom, 1 - tail) * np.sqrt(ahead.variance)
        known[:, place] = np.isfinite(working[:, max(place - window, 0) : place]).sum(axis=1)
    return centre, reach, known


def _inflation(count: np.ndarray, correlation: float) -> np.ndarray:
    """1 + 2 sum (1 - k / count) correlation^k over the lags k below count."""
    size = np.maximum(count, 1).astype(float)
    power = correlation**size
    plain = (correlation - power) / (1 - correlation)
    weighted = (
        correlation
        * (1 - size * correlation ** (size - 1) + (size - 1) * power)
        / (1 - correlation) ** 2
    )
    return 1 + 2 * (plain - weighted / size)
