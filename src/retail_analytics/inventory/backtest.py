"""Which forecast serves an article, by its loss at the service level over rolling origins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import intermittent
from .demand_matrix import first_demand, week_sums
from .lead_time_demand import gamma_quantile, interval_moments

# Weekly buckets: days of the week differ, neighbouring days go together, and a weight of .1 a week
# forgets over five months, where .1 a day forgets over three weeks.
METHODS = ("average", "ses", "ses_fast", "croston_sba", "tsb", "adida")
SMOOTHING = 0.1
FAST_SMOOTHING = 0.3
WARM_UP_WEEKS = 8
MIN_ORIGINS = 8


@dataclass(frozen=True)
class Paths:
    """Each method's state at the end of every week, for articles by weeks.

    `rate` and `variance` are by method: the expected demand per day and the variance of a day's
    demand around it. `actual` is the demand of the interval that begins the day after
    (NaN where it ends after the history), `seen_weeks` the weeks since the start.
    """

    rate: dict[str, np.ndarray]
    variance: dict[str, np.ndarray]
    actual: np.ndarray
    seen_weeks: np.ndarray


def forecast_paths(demand: np.ndarray, *, interval_days: np.ndarray) -> Paths:
    weeks = week_sums(demand)
    started = first_demand(weeks)
    count = weeks.shape[1]
    seen = np.maximum(np.arange(count)[None, :] - started[:, None] + 1, 0)
    blocks = np.maximum(np.rint(interval_days / 7).astype(int), 1)
    s = SMOOTHING
    rate = {
        "average": intermittent.ses(weeks, alpha=0.0, started=started),
        "ses": intermittent.ses(weeks, alpha=s, started=started),
        "ses_fast": intermittent.ses(weeks, alpha=FAST_SMOOTHING, started=started),
        "croston_sba": intermittent.croston(weeks, alpha=s, started=started),
        "tsb": intermittent.tsb(weeks, alpha=s, beta=s, started=started),
        "adida": intermittent.adida(weeks, alpha=s, block_periods=blocks, started=started),
    }
    variance = {m: _error_variance(weeks, path, seen, m) for m, path in rate.items()}
    days = demand.shape[1]
    cumulative = np.concatenate([np.zeros((len(demand), 1)), np.cumsum(demand, axis=1)], axis=1)
    ends = days - 7 * (count - 1 - np.arange(count))
    last = ends[None, :] + np.maximum(np.rint(interval_days), 1).astype(int)[:, None]
    actual = np.take_along_axis(cumulative, np.minimum(last, days), axis=1) - cumulative[:, ends]
    actual = np.where(last <= days, actual, np.nan)
    return Paths({m: r / 7 for m, r in rate.items()}, variance, actual, seen)


def _error_variance(weeks, path, seen, method):
    alpha = {"average": 0.0, "ses_fast": FAST_SMOOTHING}.get(method, SMOOTHING)
    share = np.append(intermittent.rate_share(weeks.shape[1], alpha=alpha), 0.0)
    errors = np.zeros(weeks.shape)
    errors[:, 1:] = np.nan_to_num((weeks[:, 1:] - path[:, :-1]) ** 2)
    # An error holds a week's own variance and that of the forecast before it.
    before = np.maximum(seen - 2, 0)
    errors = np.where(seen >= 2, errors / (1 + share[before]), 0.0)
    return np.cumsum(errors, axis=1) / np.maximum(seen - 1, 1) / 7
