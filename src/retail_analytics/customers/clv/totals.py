"""Totals of many customers: how far off they are together, beyond each customer's variance.

What customers do by themselves cancels out in a total; what they have in common does not: a bad
month, a campaign, habits that change, parameters that are a little wrong. Its size is taken from
replays: the model is fitted as of past days, and its totals are held against what came.

    variance of a total = sum of the customers' own variances + (total x common_sd)^2

Where buying slows down or gathers pace for years, every replay errs to one side: the model takes
rates for constant. The mean error, less what may be chance, is put right in what is expected next
(`usual_error`; Clements and Hendry 1996 call it intercept correction).

`common_sd` is relative to the total, one for each horizon. It is the root mean square of the log
errors of the replays, to which PRIOR_WEIGHT errors of a usual size are added, for a few replays of
one shop prove little. What was put right counts in it: a shop that slows down errs by more the next
time (simulated ones by twice as much).
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
# While nobody knows the season ahead, replays of other months do not say that it will be mild.
LEAST_WITHOUT_SEASON = (0.30, 0.20)
# Of errors that stand out of chance by so many standard errors, at least so many replays; the
# correlation of their errors, as their outcomes share most days.
SURE_DEVIATIONS, FEWEST_REPLAYS, SHARED_DAYS = 1.5, 2, 0.5
# More than a third or half as much again is a break, not a trend (scms: -1.5, then -.6).
MOST_ERROR = 0.4
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


def usual_error(errors: Mapping[str, Mapping[int, float]], *, is_season_known: bool) -> float:
    """Log of the factor by which totals come out above what the model expects; 0 where chance does.

    The mean over the replays of the mean of their horizons. What of it may be
    chance is taken off by the positive-part rule of James and Stein (1961), with SURE_DEVIATIONS
    standard errors for one. Replays of one shop share their days and are correlated by
    SHARED_DAYS. 0 without a season: half a year says of another one what its season was.
    """
    found = [np.mean(list(own.values())) for own in errors.values() if own]
    if not is_season_known or len(found) < FEWEST_REPLAYS:
        return 0.0
    mean, count = float(np.mean(found)), len(found)
    squares = PRIOR_WEIGHT * PRIOR_WITH_SEASON**2 + float(np.sum(np.square(found - np.mean(found))))
    variance = squares / (PRIOR_WEIGHT + count - 1) * (SHARED_DAYS + (1 - SHARED_DAYS) / count)
    luck = SURE_DEVIATIONS**2 * variance
    found_error = mean * (1 - luck / mean**2) if mean**2 > luck else 0.0
    return float(np.clip(found_error, -MOST_ERROR, MOST_ERROR))


def pace(split: Held, *, model: str, log_factor: float) -> float:
    """By how much faster trade has to run for the model to expect totals of exp(log_factor) times.

    Of the longest horizon. The model's clock is what is put right, so that single customers, their
    intervals and their totals stay of one piece: who may leave buys less than twice in twice the
    time.
    """
    fit = split.fits[model]
    if log_factor == 0:
        return 1.0
    history = bin_values(split.groups, time_unit_days=fit.time_unit_days)
    member = members(split.customers, split.groups)
    worth = split.order_worth() * split.weight
    horizon = split.outcomes[-1].trade_days / fit.time_unit_days
    tried = np.linspace(0.0, 3 * log_factor, 7)
    totals = [
        ALL_MODELS[model].expected_purchases(fit.array, horizon=horizon * np.exp(step), **history)[
            member
        ]
        @ worth
        for step in tried
    ]
    reached = np.log(np.array(totals) / totals[0])
    order = np.argsort(reached)
    return float(np.exp(np.interp(log_factor, reached[order], tried[order])))


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
    is_season_ahead_known: bool = True,
) -> dict[int, float]:
    """`common_sd` by horizon, from the errors of every replay by days ahead.

    is_season_known: as of the replays; is_season_ahead_known: today, else at least
    LEAST_WITHOUT_SEASON.
    """
    least = (0.0, 0.0) if is_season_ahead_known else LEAST_WITHOUT_SEASON
    return {
        days: max(
            float(np.interp(days, PRIOR_DAYS, least)),
            common_sd(
                [found[days] for found in errors.values() if days in found],
                days=days,
                is_season_known=is_season_known,
            ),
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
    found = [name for name, own in errors.items() if days in own]
    inside = []
    for name in found:
        others = {other: own for other, own in errors.items() if other != name}
        usual = usual_error(others, is_season_known=is_season_known)
        (sd,) = common_sds(others, horizons=[days], is_season_known=is_season_known).values()
        inside.append(abs(errors[name][days] - usual) <= z * sd)
    return (float(np.mean(inside)), len(found)) if found else (float("nan"), 0)


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
