"""The policy replayed on demand it has not seen, beside two rules of thumb."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy import stats

from retail_analytics.inventory.backtest import FLAT_RULE, METHODS, WARM_UP_WEEKS, Paths
from retail_analytics.inventory.fit import MIN_DEMAND_DAYS, Fit
from retail_analytics.inventory.lead_time_demand import (
    gamma_quantile,
    interval_moments,
    lead_time_draws,
)
from retail_analytics.inventory.policy import whole_levels
from retail_analytics.inventory.season import mean_ahead
from retail_analytics.inventory.settings import ArticleParameters
from retail_analytics.inventory.simulation import simulate_policy
from retail_analytics.inventory.streams import REPLAY_STREAM

RULES = ("model", "weeks_of_cover", "flat_30_pct")
# A whole year where there is another one before it: a replay without the peaks of a year says
# nothing of the service in them. Else half a year, or a third of what there is.
YEAR_WEEKS = 52
HALF_YEAR_WEEKS = 26
REFIT_WEEKS = 13
INTERVAL_LEVEL = 0.80


def held_out_replay(
    demand: np.ndarray,
    *,
    paths: Paths,
    parameters: ArticleParameters,
    keys: np.ndarray,
    fit: Callable[[int], Fit],
    index: Callable[[int], np.ndarray | None],
) -> pd.DataFrame:
    """Each rule over the last weeks of `demand` (products, days), with levels set before them.

    The last year, half year or third of the history is held out; `fit(week)` says what was known of
    interval demand at the end of that week, and is asked again every quarter; where
    `index(week)` is a season, levels move with it day by day in between. Lead times are gamma
    draws. A product takes part from the first fit at which it has sold for long enough.
    One row per product and rule: cycles, cycle_service with the bounds of an 80 % Wilson interval,
    fill_rate, average_on_hand_units, average_short_units, orders, days and
    holding_cost (money a year, NaN without a unit cost).
    """
    articles, weeks = paths.seen_weeks.shape
    refits = refit_weeks(weeks)
    begin = paths.week_end[refits[0]] if refits else demand.shape[1]
    future = demand[:, begin:]
    days = future.shape[1]

    levels = np.zeros((len(RULES), 2, articles, days))
    first_day = np.full(articles, days)
    average = METHODS.index("average")
    for week in refits:
        fitted = fit(week)
        since = paths.week_end[week] - begin
        reorder_point, order_up_to = _daily_levels(
            fitted,
            parameters=parameters,
            index=index(week),
            after=paths.week_end[week] + 1 + np.arange(days - since),
        )
        usual = paths.rate[average, :, week]
        cover = usual * (parameters.interval_days + 7 * parameters.cover_weeks)
        flat = FLAT_RULE * usual * parameters.interval_days
        levels[0, 0, :, since:] = reorder_point
        levels[0, 1, :, since:] = order_up_to
        levels[1, :, :, since:] = np.ceil(cover)[:, None]
        levels[2, :, :, since:] = np.ceil(flat)[:, None]
        sold_days = (demand[:, : paths.week_end[week]] > 0).sum(axis=1)
        ready = (paths.seen_weeks[:, week] >= WARM_UP_WEEKS) & (sold_days >= MIN_DEMAND_DAYS)
        first_day = np.where(ready, np.minimum(first_day, since), first_day)

    draws = lead_time_draws(
        keys,
        mean=parameters.lead_time_days,
        sd=parameters.lead_time_sd_days,
        stream=REPLAY_STREAM,
        count=days,
    )
    # Suppliers are slow or quick for a while: a lead time holds for one protection interval. Drawn
    # anew each day, later orders would overtake earlier ones and the stock would look safer.
    spell = np.arange(days) // np.ceil(parameters.interval_days)[:, None].astype(int)
    lead_time = np.take_along_axis(draws, spell, axis=1)
    frames = []
    for number, rule in enumerate(RULES):
        frame = simulate_policy(
            future,
            reorder_point=levels[number, 0],
            order_up_to=levels[number, 1],
            review_period_days=parameters.review_period_days.astype(int),
            lead_time_days=lead_time,
            first_day=first_day,
        )
        frame.insert(0, "rule", rule)
        frames.append(_with_bounds(frame, parameters))
    return pd.concat(frames)


def _daily_levels(
    fitted: Fit, *, parameters: ArticleParameters, index: np.ndarray | None, after: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Reorder point and order-up-to level (products, days or 1) of a fit that holds for days.

    At the end of a day the interval ahead begins with day `after` (days,). The quantile moves with
    the season as that of a gamma distribution of the same moments does.
    """
    quantile = fitted.quantile[:, None]
    if index is not None:
        choice = fitted.choice
        ahead = mean_ahead(index, after=after, days=parameters.interval_days)
        factor = np.concatenate([np.ones((len(ahead), 1)), ahead / choice.season[:, None]], axis=1)
        mean, variance = interval_moments(
            mean_daily=choice.rate[:, None] * factor,
            var_daily=choice.variance[:, None] * factor,
            rate_variance=choice.rate_variance[:, None] * factor**2,
            interval_days=parameters.interval_days[:, None],
            lead_time_sd_days=parameters.lead_time_sd_days[:, None],
        )
        level = gamma_quantile(parameters.service_target[:, None], mean=mean, variance=variance)
        at_fit = np.where(level[:, :1] > 0, level[:, :1], 1.0)
        quantile = quantile * np.where(level[:, :1] > 0, level[:, 1:] / at_fit, 1.0)
    return whole_levels(quantile, order_quantity=fitted.order_quantity[:, None])


def refit_weeks(weeks: int) -> list[int]:
    """The weeks of a history of so many at whose end the replay sets its levels."""
    year = weeks >= 2 * YEAR_WEEKS
    held_out = YEAR_WEEKS if year else min(HALF_YEAR_WEEKS, weeks // 3)
    parts = max(held_out // REFIT_WEEKS, 2)
    found = sorted({weeks - 1 - held_out + held_out * part // parts for part in range(parts)})
    return [week for week in found if week >= WARM_UP_WEEKS - 1 and week < weeks - 1]


def _with_bounds(frame: pd.DataFrame, parameters: ArticleParameters) -> pd.DataFrame:
    # Intervals of neighbouring reviews overlap and fail together: they count once.
    apart = np.minimum(1.0, parameters.review_period_days / parameters.interval_days)
    lower, upper = wilson_interval(
        frame["cycle_service"].to_numpy(), count=frame["cycles"].to_numpy() * apart
    )
    value = frame["average_on_hand_units"] * parameters.unit_cost
    return frame.assign(
        cycle_service_lower=lower,
        cycle_service_upper=upper,
        holding_cost=value * parameters.holding_cost_rate,
    )


def wilson_interval(share: np.ndarray, *, count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """80 % interval of a share of `count` trials (Wilson 1927); NaN where there are none."""
    z = stats.norm.ppf(0.5 + INTERVAL_LEVEL / 2)
    trials = np.where(count > 0, count, np.nan)
    centre = (share + z**2 / (2 * trials)) / (1 + z**2 / trials)
    half = z * np.sqrt(share * (1 - share) / trials + (z / (2 * trials)) ** 2) / (1 + z**2 / trials)
    # Never past the share itself, where rounding would take it when all or none succeed.
    return np.minimum(centre - half, share), np.maximum(centre + half, share)
