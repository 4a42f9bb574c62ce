"""Cleaning of measured series and the scales on which they are forecast."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from retail_analytics.statistics.series import checked_series, on_grid

SCALES = ("rate_pct", "rate", "balance", "count", "positive", "real")
# Money that comes in less what goes out: a count until it has been negative, then real.
NET = "net"
# (lowest, highest) of the scales that have two ends
BOUNDS = {"rate_pct": (0.0, 100.0), "rate": (0.0, 1.0), "balance": (-1.0, 1.0)}
# A value beyond this cannot be squared and summed in double precision.
LARGEST = 1e150
# Share of the median, of months that are not 0, below which a count is as good as nothing.
NEAR_NOTHING = 0.1
# How many of its ranges a forecast or its bounds may lie outside of what a series has shown.
MOST_RANGES = 2.0


@dataclass(frozen=True)
class Series:
    """One measured series on a regular grid of periods, from its first to its last known value.

    `values` are in the metric's unit and NaN where unknown; `working` are the same on the working
    scale (logit, log1p of values over `start`, log or as they are) with gaps filled; `known` marks
    what was observed.
    """

    metric: str
    entity: str
    scale: str
    as_of_period: pd.Timestamp
    values: np.ndarray
    working: np.ndarray
    start: float = 1.0

    @property
    def known(self) -> np.ndarray:
        return np.isfinite(self.values)


def read_series(
    frame: pd.DataFrame,
    *,
    scales: Mapping[str, str],
    season_length: int,
    freq: str,
    as_of: pd.Timestamp | None = None,
) -> Iterator[Series]:
    """Cut a long frame (metric, entity, period, value, weight) into clean series, sorted by key.

    A value that is missing, not finite, beyond 1e150 or off its scale (a rate of 120, a negative
    count) is unknown. Unknown periods between known ones are filled in a straight line on the
    working scale so that the models see a regular grid; they are never scored. What lies before a
    hole longer than one season (six periods where there is no season) is left out, because a line
    across a whole season is invention.
    Leading and trailing unknown periods are cut off, so a series is as old as its last value.
    """
    data = checked_series(frame)
    for metric in data["metric"].unique():
        if scales.get(metric) not in (*SCALES, NET):
            raise ValueError(f"metric: {metric} needs a scale, one of {', '.join((*SCALES, NET))}")
    if as_of is not None:
        data = data[data["period"] <= pd.Timestamp(as_of)]
    for metric, entity, rows in on_grid(data, freq=freq):
        scale = scales[metric]
        values = _usable(rows["value"].to_numpy(), scale)
        if scale == NET:
            scale = "real" if (values < 0).any() else "count"
        weights = rows["weight"].to_numpy() if "weight" in rows else None
        first, last = _span(np.isfinite(values), season_length if season_length > 1 else 6)
        used = slice(first, last + 1)
        start = counting_start(values[used]) if scale == "count" else 1.0
        yield Series(
            metric=metric,
            entity=entity,
            scale=scale,
            as_of_period=rows.index[last],
            values=values[used],
            working=_filled(
                to_working(
                    values[used],
                    scale=scale,
                    weights=None if weights is None else weights[used],
                    start=start,
                )
            ),
            start=start,
        )


def counting_start(values: np.ndarray) -> float:
    """What is added to counts before their logarithm is taken (a started log, Tukey 1977): 1, or a
    tenth of the median where the series has been below that.

    Of amounts in the millions a month of 0, or of 100, would be as far from the others as these
    from all the money there is, and every interval as wide as that.
    """
    some = values[values > 0]
    usual = NEAR_NOTHING * np.median(some) if len(some) else 0.0
    return float(max(usual, 1.0)) if np.nanmin(values, initial=np.inf) < usual else 1.0


def to_working(
    values: np.ndarray, *, scale: str, weights: np.ndarray | None = None, start: float = 1.0
) -> np.ndarray:
    """Values on the scale where forecasts are made: logit of rates, log1p of counts over `start`,
    log of positives; NaN stays NaN.

    A rate at one of its ends has no logit. It is drawn in by half a case of its own `weights`
    (the number of cases behind it), as in an empirical logit (Haldane 1956); where no weight is
    known by half the smallest distance from an end that the series shows, at most 0.01.
    """
    if scale == "count":
        return np.log1p(values / start)
    if scale == "positive":
        return np.log(values)
    if scale == "real":
        return values.astype(float)
    low, high = BOUNDS[scale]
    share = (values - low) / (high - low)
    distance = np.minimum(share, 1 - share)
    inner = distance[distance > 0]
    margin = np.full(len(share), min(0.01, inner.min() / 2) if len(inner) else 0.01)
    if weights is not None:
        heavy = np.isfinite(weights) & (weights > 0)
        margin[heavy] = 0.5 / (weights[heavy] + 1)
    return logit(np.clip(share, margin, 1 - margin))


def from_working(working: np.ndarray, *, scale: str, start: float = 1.0) -> np.ndarray:
    """Values in the metric's unit; a median stays a median because every scale is monotone."""
    if scale in BOUNDS:
        low, high = BOUNDS[scale]
        return np.clip(low + (high - low) * expit(working), low, high)
    if scale == "count":
        return np.maximum(start * np.expm1(np.minimum(working, 600.0)), 0.0)
    if scale == "positive":
        return np.exp(np.clip(working, -700.0, 700.0))
    return working


def bounds_from_working(
    lower: np.ndarray, upper: np.ndarray, series: Series
) -> tuple[np.ndarray, np.ndarray]:
    """Interval bounds in the metric's unit. A bound at least as far out as where the series' own
    values at an end were drawn in to is that end: an interval can hold a month of 100 %."""
    bounds = [
        from_working(bound, scale=series.scale, start=series.start) for bound in (lower, upper)
    ]
    if series.scale in BOUNDS:
        low, high = BOUNDS[series.scale]
        at_low, at_high = (series.working[series.values == end] for end in (low, high))
        if len(at_low):
            bounds[0] = np.where(lower <= at_low.max(), low, bounds[0])
        if len(at_high):
            bounds[1] = np.where(upper >= at_high.min(), high, bounds[1])
    return bounds[0], bounds[1]


def held_within(values: np.ndarray, series: Series) -> np.ndarray:
    """Values no further beyond what the series has shown than twice its range.

    On a logarithmic scale an interval that is honest there can end at amounts nobody would print
    (five months between 20 and 150 gave 56,606). A series that never moved shows no range, but
    counts are known to scatter: three months of one incident each gave 33.
    """
    observed = series.values[series.known]
    low, high = observed.min(), observed.max()
    shown = high - low
    if shown == 0:
        if series.scale != "count":
            return values
        # a counting error to either side, half an event added (Anscombe 1948)
        shown = 2 * np.sqrt(low + 0.5)
    reach = MOST_RANGES * shown
    return np.clip(values, low - reach, high + reach)


def unseen_step(series: Series) -> float:
    """Change on the working scale that a constant series may have hidden: the counting error of its
    level, half an event added (Anscombe 1948), or of a rate with half a case on its rarer side. A
    measure that counts nothing has none."""
    if series.scale in BOUNDS:
        return float(np.sqrt(2))
    if series.scale == "count":
        level = series.values[series.known].mean()
        return float(np.sqrt(level + 0.5) / (level + 1))
    return 0.0


def _usable(values: np.ndarray, scale: str) -> np.ndarray:
    low, high = BOUNDS.get(scale, (-LARGEST, LARGEST))
    if scale == "count":
        low = 0.0
    elif scale == "positive":
        low = np.finfo(float).tiny
    with np.errstate(invalid="ignore"):
        usable = (values >= low) & (values <= high)
    return np.where(usable, values, np.nan)


def _span(known: np.ndarray, longest_hole: int) -> tuple[int, int]:
    positions = np.flatnonzero(known)
    if len(positions) == 0:
        return 0, len(known) - 1
    holes = np.flatnonzero(np.diff(positions) > longest_hole + 1)
    first = positions[holes[-1] + 1] if len(holes) else positions[0]
    return int(first), int(positions[-1])


def _filled(working: np.ndarray) -> np.ndarray:
    known = np.isfinite(working)
    if known.all() or not known.any():
        return working
    steps = np.arange(len(working))
    return np.interp(steps, steps[known], working[known])
