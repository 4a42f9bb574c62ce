"""Totals of many customers: how far off they are together, beyond each customer's variance.

What customers do by themselves cancels out in a total; what they have in common does not: a bad
month, a campaign, habits that change, parameters that are a little wrong. Its size is taken from
replays: the model is fitted as of past days, and its totals are held against what came.

    variance of a total = sum of the customers' own variances + (total x common_sd)^2

`common_sd` is relative to the total, one for each horizon. It is the root mean square of the log
errors of the replays, to which PRIOR_WEIGHT errors of a usual size are added, for a few replays of
one shop prove little.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.stats import norm

from retail_analytics.customers.clv.backtest import ALL_MODELS, LEVEL, Held, members
from retail_analytics.customers.clv.checks import Array
from retail_analytics.customers.clv.fit import OK
from retail_analytics.customers.clv.grouping import bin_values

PRIOR_WEIGHT = 2.0
# Usual common_sd with a known season, and without one by days ahead: a year has all seasons.
PRIOR_WITH_SEASON = 0.08
PRIOR_DAYS, PRIOR_WITHOUT_SEASON = (180, 365), (0.25, 0.15)
# Totals of fewer orders are mostly noise.
FEWEST_ORDERS = 10


def log_errors(split: Held, *, model: str) -> dict[int, float]:
    """log(actual / expected) of the total value within each horizon; none where it has no sense."""
    fit = split.fits[model]
    if fit.status != OK or split.spend_fit.status != OK:
        return {}
    history = bin_values(split.groups, time_unit_days=fit.time_unit_days)
    member, worth = members(split.customers, split.groups), split.order_worth() * split.weight
    errors = {}
    for outcome in split.outcomes:
        horizon = outcome.trade_days / fit.time_unit_days
        expected = ALL_MODELS[model].expected_purchases(fit.array, horizon=horizon, **history)
        total, actual = expected[member] @ worth, outcome.value @ split.weight
        if min(total, actual) > 0 and outcome.orders @ split.weight >= FEWEST_ORDERS:
            errors[outcome.days] = float(np.log(actual / total))
    return errors


def common_sd(errors: Sequence[float], *, days: float, is_season_known: bool) -> float:
    """Relative standard deviation that a total owes to what its customers have in common."""
    usual = (
        PRIOR_WITH_SEASON
        if is_season_known
        else float(np.interp(days, PRIOR_DAYS, PRIOR_WITHOUT_SEASON))
    )
    squares = PRIOR_WEIGHT * usual**2 + float(np.sum(np.square(errors)))
    return float(np.sqrt(squares / (PRIOR_WEIGHT + len(errors))))


def common_sds(
    errors: Mapping[str, Mapping[int, float]],
    *,
    horizons: Sequence[int],
    is_season_known: bool,
) -> dict[int, float]:
    """`common_sd` by horizon, from the errors of every replay by days ahead."""
    return {
        days: common_sd(
            [found[days] for found in errors.values() if days in found],
            days=days,
            is_season_known=is_season_known,
        )
        for days in horizons
    }


def total_coverage(
    errors: Mapping[str, Mapping[int, float]],
    *,
    days: int,
    is_season_known: bool,
    level: float = LEVEL,
) -> tuple[float, int]:
    """Share of the replays' totals within an interval made from the others, and their number."""
    z = norm.ppf((1 + level) / 2)
    found = [error[days] for error in errors.values() if days in error]
    if not found:
        return float("nan"), 0
    inside = [
        abs(error)
        <= z
        * common_sd(found[:place] + found[place + 1 :], days=days, is_season_known=is_season_known)
        for place, error in enumerate(found)
    ]
    return float(np.mean(inside)), len(found)


def total_interval(total: Array, variance: Array, *, level: float = LEVEL) -> tuple[Array, Array]:
    """Bounds of totals: lognormal, so that none is below 0; normal around a total below 0."""
    z = norm.ppf((1 + level) / 2)
    total, variance = np.asarray(total, dtype=float), np.asarray(variance, dtype=float)
    sd = np.sqrt(variance)
    with np.errstate(divide="ignore", invalid="ignore"):
        log_sd = np.sqrt(np.log1p(variance / total**2))
        lower, upper = (total * np.exp(side * z * log_sd - log_sd**2 / 2) for side in (-1, 1))
    is_positive = total > 0
    return (
        np.minimum(np.where(is_positive, lower, total - z * sd), total),
        np.maximum(np.where(is_positive, upper, total + z * sd), total),
    )
