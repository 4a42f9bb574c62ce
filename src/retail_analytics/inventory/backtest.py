"""Which forecast serves a product, by its loss at the service level over rolling origins.

The forecasts run on weeks, not days: days of the week differ, neighbouring days go together, and a
weight of .1 forgets over five months of weeks where it would forget over three weeks of days.
"""

from dataclasses import dataclass

import numpy as np

from retail_analytics.inventory import intermittent
from retail_analytics.inventory.demand_classes import ADI_CUT
from retail_analytics.inventory.demand_matrix import first_demand, week_sums
from retail_analytics.inventory.lead_time_demand import (
    WEEK_DAYS,
    booking_days,
    gamma_quantile,
    interval_moments,
)
from retail_analytics.inventory.season import mean_ahead

# The first is what a product gets unless another one is clearly better.
METHODS = ("ses", "average", "croston_sba", "tsb", "adida", "ses_trend")
TREND = METHODS.index("ses_trend")
SMOOTHING = 0.1
# Share of weeks with demand below which smoothing gets slower in proportion: a weight of .1 a week
# remembers 19 weeks, which is no more than three or four demands of a slow mover.
SPARSE_SHARE = 0.5
# Of what sells in more weeks than that, smoothing follows a trend that stands out of chance: its
# slope is smoothed with this weight, and fades by this factor a week ahead (damped as in Gardner
# and McKenzie 1985).
SLOPE_SMOOTHING = 0.03
DAMPING = 0.98
WARM_UP_WEEKS = 8
MIN_ORIGINS = 13
# Standard errors of the difference in loss. The plain minimum over five methods picks noise: on a
# year of a gift shop's sales it lost to simple smoothing for everything.
CLEARLY_BETTER = 1.0
MIN_GAIN = 0.02
# What a week's error says of the variance fades by this factor a week (half in 34 weeks): an error
# variance that never forgets keeps the stock of a peak, or of better days, for ever.
FORGETTING = 0.98
# Share of its highest level below which a level does not make its variance any smaller.
LEAST_LEVEL = 0.02
# Weight of the analytic variance of the rate, in protection intervals seen.
PRIOR_INTERVALS = 3.0
FLAT_RULE = 1.3


@dataclass(frozen=True)
class Paths:
    """What each method knew at the end of each week, and what came after.

    `rate`, `variance` and `share` are (methods, products, weeks): expected units per day, the
    variance of a day's units around them, and that of a week's expectation over that of a week.
    `season` (products, weeks) is the factor of the season in `rate`, 1 without one. `actual`
    (products, weeks) is the demand of the protection interval that begins on the next day and lasts
    `drawn_days`, NaN where it is not over; `last_day` the number of the day after it; `week_end`
    (weeks,) the number of days seen; `seen_weeks` the weeks since the start; `interval_days`
    (products,) the mean length of an interval.
    """

    rate: np.ndarray
    variance: np.ndarray
    share: np.ndarray
    season: np.ndarray
    actual: np.ndarray
    drawn_days: np.ndarray
    last_day: np.ndarray
    week_end: np.ndarray
    seen_weeks: np.ndarray
    interval_days: np.ndarray


@dataclass(frozen=True)
class Choice:
    """The chosen method of each product as of a week, with what it expects; all (products,).

    `method` indexes METHODS; `rate` is units per day, `variance` that of a day's units,
    `rate_variance` that of the rate itself, `estimate_variance` the part of it that comes from
    estimating it, `season` the factor of the season in it. `loss` is the
    mean pinball loss in units over `origins`, `flat_loss` that of 1.3 times the mean demand; NaN
    without enough origins.
    """

    method: np.ndarray
    rate: np.ndarray
    variance: np.ndarray
    rate_variance: np.ndarray
    estimate_variance: np.ndarray
    season: np.ndarray
    loss: np.ndarray
    flat_loss: np.ndarray
    origins: np.ndarray
    weeks: np.ndarray


def forecast_paths(
    demand: np.ndarray,
    *,
    interval_days: np.ndarray,
    drawn_days: np.ndarray,
    index: np.ndarray | None = None,
) -> Paths:
    """All methods over the weeks of `demand` (products, days).

    `interval_days` (products,) is the mean protection interval, `drawn_days` (products, weeks) the
    whole days of the one that begins after each week, with a random lead time in it. With a season
    `index` (see `season_index`), demand is divided by it and forecasts multiplied by its mean over
    the interval ahead. The variance of demand grows with its mean, as a Poisson's. Where sales are
    booked once a month, weeks without them say nothing: the variance is that of whole periods.
    """
    articles, days = demand.shape
    count = days // 7
    week_end = days - 7 * (count - 1 - np.arange(count))
    if index is None:
        even, week_season = demand, np.ones(count)
        season = np.ones((articles, count))
    else:
        even = demand / index[:days]
        week_season = week_sums(index[None, :days])[0] / 7
        season = mean_ahead(index, after=week_end, days=interval_days)
    weeks = week_sums(even)
    started = first_demand(weeks)
    seen = np.maximum(np.arange(count) - started[:, None] + 1, 0)
    blocks = np.maximum(np.rint(interval_days / 7).astype(int), 1)
    frequency = np.cumsum(weeks > 0, axis=1) / np.maximum(seen, 1)
    alpha = SMOOTHING * np.minimum(1.0, frequency / SPARSE_SHARE)
    by_name = {
        "ses": intermittent.ses(weeks, alpha=alpha, started=started),
        "average": np.cumsum(weeks, axis=1) / np.where(seen > 0, seen, np.nan),
        "croston_sba": intermittent.croston(
            weeks,
            alpha=SMOOTHING,
            started=started,
            # The bias is that of a quotient of two estimates; who sells every week has none.
            bias_corrected=frequency * ADI_CUT < 1,
        ),
        "tsb": intermittent.tsb(weeks, alpha=SMOOTHING, beta=alpha, started=started),
        "adida": intermittent.adida(weeks, alpha=SMOOTHING, block_periods=blocks, started=started),
    }
    by_name["ses_trend"] = by_name["ses"]
    # Croston's weight is one of weeks with demand, ADIDA's one of blocks, TSB's that of smoothing.
    weekly_weight = {
        "ses": alpha,
        "average": 0.0,
        "croston_sba": SMOOTHING * frequency,
        "adida": SMOOTHING / blocks[:, None],
    }
    shares = {
        name: intermittent.rate_share(alpha=weight, seen=seen)
        for name, weight in weekly_weight.items()
    }
    share = np.stack([shares.get(name, shares["ses"]) for name in METHODS])
    # A block method has no forecast before its first block is full: until then it is the first's.
    levels = np.stack([by_name[name] for name in METHODS])
    levels = np.nan_to_num(np.where(np.isnan(levels), levels[0], levels))
    variance = _error_variance(weeks, levels, seen, share, season=week_season)
    # Luck of a slow mover is not told from a trend.
    rows = np.flatnonzero((frequency >= SPARSE_SHARE).any(axis=1))
    slope, factor, own = intermittent.trend(
        weeks[rows],
        alpha=SMOOTHING,
        beta=SLOPE_SMOOTHING,
        variance=variance[0, rows],
        started=started[rows],
    )
    often = frequency[rows] >= SPARSE_SHARE
    levels[TREND, rows] *= np.where(often, factor, 1.0)
    share[TREND, rows] = np.where(often, own, share[0, rows])
    variance[TREND:, rows] = _error_variance(
        weeks[rows], levels[TREND:, rows], seen[rows], share[TREND:, rows], season=week_season
    )
    ahead = np.ones(levels.shape[1:])
    ahead[rows] = np.exp(np.where(often, slope, 0.0) * _weeks_ahead(interval_days[rows])[:, None])
    booked = booking_days(demand, week_end=week_end)
    for period in np.unique(booked[booked > WEEK_DAYS]):
        rows = np.flatnonzero((booked == period).any(axis=1))
        own = _booked_variance(
            even[rows],
            levels[:, rows],
            seen[rows],
            share[:, rows],
            season=week_season,
            period=period,
            week_end=week_end,
            interval_days=interval_days[rows],
        )
        variance[:, rows] = np.where(booked[rows] == period, own, variance[:, rows])
    levels[TREND] *= ahead
    cumulative = np.concatenate([np.zeros((articles, 1)), np.cumsum(demand, axis=1)], axis=1)
    last_day = week_end + drawn_days
    later = np.take_along_axis(cumulative, np.minimum(last_day, days), axis=1)
    actual = np.where(last_day <= days, later - cumulative[:, week_end], np.nan)
    return Paths(
        rate=levels / 7 * season,
        variance=variance / 7 * season,
        share=share * season,
        season=season,
        actual=actual,
        drawn_days=drawn_days,
        last_day=last_day,
        week_end=week_end,
        seen_weeks=seen,
        interval_days=interval_days,
    )


def interval_losses(
    paths: Paths, *, service: np.ndarray, lead_time_sd_days: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Pinball loss at `service` by method, product and week, and that of the flat rule.

    Units; NaN where the interval is not over or the method has not warmed up.
    """
    mean, variance = interval_moments(
        mean_daily=paths.rate,
        var_daily=paths.variance,
        rate_variance=paths.variance * paths.share / 7,
        interval_days=paths.interval_days[:, None],
        lead_time_sd_days=lead_time_sd_days[:, None],
    )
    warm = paths.seen_weeks >= WARM_UP_WEEKS
    level = gamma_quantile(service[:, None], mean=mean, variance=variance)
    flat = FLAT_RULE * mean[METHODS.index("average")]
    losses = pinball(paths.actual, level, service=service[:, None])
    flat_losses = pinball(paths.actual, flat, service=service[:, None])
    return np.where(warm, losses, np.nan), np.where(warm, flat_losses, np.nan)


def pinball(actual: np.ndarray, level: np.ndarray, *, service: np.ndarray) -> np.ndarray:
    """Loss of holding `level` for `actual`: service a unit short, 1 - service a unit too many."""
    short = actual - level
    return np.where(short > 0, service * short, (service - 1) * short)


def choose_method(
    paths: Paths, losses: np.ndarray, flat_losses: np.ndarray, *, week: int
) -> Choice:
    """The method of each product as of the end of `week`, from intervals that are over by then.

    `losses` and `flat_losses` come from `interval_losses`. A method takes the place of simple
    exponential smoothing only where its mean loss is lower by 2 % and a standard error of the
    difference, which counts overlapping intervals once. Smoothing with its trend takes it already
    where its mean loss is lower: it differs only where the trend stands out of chance.
    """
    over = (paths.last_day <= paths.week_end[week]) & ~np.isnan(flat_losses)
    origins = over.sum(axis=1)
    enough = origins >= MIN_ORIGINS
    intervals = origins / np.maximum(paths.interval_days / 7, 1)
    gain = np.where(over, losses - losses[0], 0.0)
    mean_gain = _mean(gain.sum(axis=2), origins)
    spread = _mean(np.where(over, (gain - mean_gain[..., None]) ** 2, 0).sum(axis=2), origins)
    mean_loss = _mean(np.where(over, losses, 0.0).sum(axis=2), origins)
    handicap = CLEARLY_BETTER * np.sqrt(_mean(spread, intervals)) + MIN_GAIN * mean_loss[0]
    handicap[TREND] = 0.0
    score = mean_gain + handicap
    score[0] = 0.0
    method = np.where(enough, score.argmin(axis=0), 0)

    def chosen(values: np.ndarray) -> np.ndarray:
        return values[method, np.arange(len(method))]

    rate, variance = chosen(paths.rate[:, :, week]), chosen(paths.variance[:, :, week])
    weeks = paths.seen_weeks[:, week]
    share = chosen(paths.share[:, :, week])
    # The squared errors over whole intervals hold what a sum of independent days does not: drift,
    # days that go together. All of it is booked as variance of the rate, in proportion to it.
    season = paths.season[:, week]
    then = chosen(paths.rate) / paths.season
    now = (rate / season)[:, None]
    # What days vary by goes with the level; of what has no trend, levels differ by chance.
    is_moving = (method == TREND)[:, None] & (now > 0)
    moved = np.divide(then, now, out=np.ones_like(then), where=is_moving)
    errors = paths.actual / paths.drawn_days - chosen(paths.rate)
    excess = np.where(over, errors**2 - variance[:, None] * moved / paths.drawn_days, 0.0)
    scale = (season[:, None] / paths.season) ** 2
    # A product that sells less than it did is missed by less.
    less = np.divide(now, then, out=np.ones_like(then), where=then > now)
    age = np.maximum(week - np.arange(over.shape[1]), 0)
    recent = np.where(over, FORGETTING**age, 0.0)
    measured = (excess * scale * less**2 * recent).sum(axis=1) / np.maximum(
        recent.sum(axis=1), FORGETTING ** over.shape[1]
    )
    weight = intervals / (intervals + PRIOR_INTERVALS)
    estimate_variance = variance * share / 7
    return Choice(
        method=method,
        rate=rate,
        variance=variance,
        rate_variance=np.maximum(estimate_variance, weight * measured),
        estimate_variance=estimate_variance,
        season=season,
        loss=np.where(enough, chosen(mean_loss), np.nan),
        flat_loss=np.where(
            enough, _mean(np.where(over, flat_losses, 0.0).sum(axis=1), origins), np.nan
        ),
        origins=origins,
        weeks=weeks,
    )


def _error_variance(
    weeks: np.ndarray,
    levels: np.ndarray,
    seen: np.ndarray,
    share: np.ndarray,
    *,
    season: np.ndarray,
) -> np.ndarray:
    """Variance of a week around its expectation, from the one-week-ahead errors so far, the older
    the less.

    `season` (weeks,) is what the weeks were divided by: one of the mean season is what is given.
    """
    errors = np.zeros(levels.shape)
    errors[..., 1:] = (weeks[:, 1:] - levels[..., :-1]) ** 2 * season[1:]
    # An error holds the week's own variance and that of the forecast made the week before.
    errors[..., 1:] /= 1 + share[..., :-1]
    return _faded(errors, levels, lag=1, counted=seen >= 2)


def _booked_variance(
    demand: np.ndarray,
    levels: np.ndarray,
    seen: np.ndarray,
    share: np.ndarray,
    *,
    season: np.ndarray,
    period: float,
    week_end: np.ndarray,
    interval_days: np.ndarray,
) -> np.ndarray:
    """`_error_variance` of what is booked once in `period` days: from the errors of whole periods,
    one ending with each week, and with the variance of the number of bookings in an interval that
    begins on any day: of k and a fraction f of periods k or k + 1 are held, in f of the cases."""
    days = round(period)
    lag = -(-days // 7)
    running = np.concatenate([np.zeros((len(demand), 1)), np.cumsum(demand, axis=1)], axis=1)
    whole = np.flatnonzero(week_end >= max(days, week_end[0] + 7 * lag))
    sums = running[:, week_end[whole]] - running[:, week_end[whole] - days]
    before = whole - lag
    errors = np.zeros(levels.shape)
    errors[..., whole] = (sums - levels[..., before] * days / 7) ** 2 * season[whole]
    errors[..., whole] /= (1 + share[..., before] * days / 7) * days / 7
    fraction = interval_days % period / period
    scatter = fraction * (1 - fraction) * (period / 7) ** 2 * 7 / interval_days
    found = _faded(errors, levels, lag=lag, counted=seen > lag)
    return found + scatter[:, None] * levels**2


def _faded(errors: np.ndarray, levels: np.ndarray, *, lag: int, counted: np.ndarray) -> np.ndarray:
    """Mean of the squared errors of forecasts made `lag` weeks before, the older the less."""
    weights = FORGETTING ** np.arange(errors.shape[-1])[::-1]
    counted = np.broadcast_to(counted, errors.shape)
    count = np.maximum(np.cumsum(counted * weights, axis=-1), weights)

    def faded(values: np.ndarray) -> np.ndarray:
        return np.cumsum(np.where(counted, values, 0.0) * weights, axis=-1) / count

    # What sells less than it did varies less, in proportion as a Poisson's demand does.
    level = np.maximum(levels, LEAST_LEVEL * np.maximum.accumulate(levels, axis=-1))
    before = np.ones(levels.shape)
    before[..., lag:] = np.where(level[..., :-lag] > 0, level[..., :-lag], 1.0)
    return np.minimum(faded(errors), faded(errors / before) * level)


def _weeks_ahead(interval_days: np.ndarray) -> np.ndarray:
    """Weeks from the last one to the middle of an interval, those far ahead counted less."""
    middle = (interval_days / 7 + 1) / 2
    return DAMPING * (1 - DAMPING**middle) / (1 - DAMPING)


def _mean(total: np.ndarray, count: np.ndarray) -> np.ndarray:
    return total / np.maximum(count, 1)
