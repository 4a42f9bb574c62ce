"""The predictive distribution of demand over a protection interval, and its quantiles.

The protection interval is the review period plus the lead time: what is ordered at one review has
to last until the order of the next review arrives. Its demand has mean d S and variance
S v + d^2 sd_L^2 + (S^2 + sd_L^2) u, with S the mean interval in days, d and v the mean and
variance of a day's demand, sd_L the standard deviation of the lead time and u the variance of the
estimate of d (Silver, Pyke and Thomas 2017; the last term makes the distribution predictive).

Where orders are batched, the reorder point is passed on some day of a review period and by more
than a unit. What it has to cover then is the rest of that day's demand (the undershoot), the days
to the next review, and the lead time.
"""

from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from retail_analytics.inventory.demand_matrix import first_demand
from retail_analytics.inventory.streams import uniforms

# Quantiles of a negative binomial miss by several points where the interval holds few demands of
# several units each (packs), and where demand varies less than a Poisson's. Bootstrapping those
# is exact up to noise; with more demands than this the sum is smooth enough.
BOOTSTRAP_EVENTS = 12.0
BOOTSTRAP_SIZE = 1.5
# Gaps between days with demand whose variance is below such a share of what chance would make of
# them are the product's own rhythm, which draws without memory would miss; the share grows with
# their number, as a variance of few says little (the deviation of such a ratio is sqrt(8 / n)).
RHYTHM_SHARES = (0.25, 0.75)
RHYTHM_DEVIATIONS = 1.64
LEAST_GAPS = 5
# Periods in days, and by how many days a gap or an interval may miss a whole number of them.
# Demand counts as booked once a period where this share of its gaps are whole periods, and so many
# would hardly be by chance; once every fourth week, the last that fits, rather than once a week.
BOOKING_PERIODS = {7.0: 0.5, 30.4375: 3.0, 14.0: 0.5, 28.0: 0.5}
BOOKED_SHARE = 0.9
BOOKED_BY_CHANCE = 0.001
WEEK_DAYS = 7.0
# What a size says of the next one fades by this factor a week, in any case by no more than that of
# two weeks from one demand to the next.
SIZE_FORGETTING = 0.96
LONGEST_FORGOTTEN = 2.0
# Standard errors by which sizes of today differ from those of all days where they have changed.
MOVED_DEVIATIONS = 2.0
NORMAL_CV = 0.1
MAX_EVENTS = 400
MAX_LEVEL = 1 - 1e-9
# Products bootstrapped together: their draws stay in the processor's cache.
BATCH = 128


def interval_moments(
    *,
    mean_daily: np.ndarray,
    var_daily: np.ndarray,
    rate_variance: np.ndarray,
    interval_days: np.ndarray,
    lead_time_sd_days: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Mean (units) and variance (units squared) of the demand over the protection interval."""
    lead_time_variance = np.square(lead_time_sd_days)
    mean = mean_daily * interval_days
    variance = (
        interval_days * var_daily
        + np.square(mean_daily) * lead_time_variance
        + (np.square(interval_days) + lead_time_variance) * rate_variance
    )
    return mean, variance


def undershoot_moments(demand: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of how far the day that passes a level goes beyond it, in units.

    The stationary excess of renewal theory, P(U = u) = P(X > u) / E[X] for whole units X a day
    (Silver, Pyke and Thomas 2017): big days pass a level more often than small ones.
    """
    total = demand.sum(axis=1)
    per_unit = np.divide(1.0, total, out=np.zeros_like(total), where=total > 0)
    mean = (demand * (demand - 1)).sum(axis=1) * per_unit / 2
    square = ((demand - 1) * demand * (2 * demand - 1)).sum(axis=1) * per_unit / 6
    mean = np.maximum(mean, 0.0)
    return mean, np.maximum(square - mean**2, 0.0)


def review_waits(
    chances: np.ndarray,
    *,
    review_days: np.ndarray,
    crossing_days: np.ndarray,
    crossing_sd_days: np.ndarray,
) -> np.ndarray:
    """Days from passing the reorder point to the next review, (products, chances).

    `crossing_days` after a review that filled the stock up, the reorder point is passed: NaN where
    each review orders, so that the whole review period is ahead. `chances` are the probabilities
    (broadcast) whose quantiles of that normal time are taken. Any phase of the period is as likely
    as any other where the deviation is large; steady demand always passes at the same one.
    """
    days = crossing_days[:, None] + crossing_sd_days[:, None] * special.ndtri(chances)
    each_review = np.isnan(crossing_days)[:, None]
    passed = np.maximum(np.rint(np.where(each_review, 0.0, days)), 1.0)
    review = review_days[:, None]
    return np.where(each_review, review, -passed % review)


def lead_time_draws(
    keys: np.ndarray, *, mean: np.ndarray, sd: np.ndarray, stream: int, count: int
) -> np.ndarray:
    """Whole days of `count` gamma lead times of each product, from its key: (products, count)."""
    normals = special.ndtri(uniforms(keys[:, None], stream + np.arange(count)))
    return np.rint(gamma_draws(normals, mean=mean, sd=sd)).astype(int)


def predictive_level(service: np.ndarray, degrees_of_freedom: np.ndarray) -> np.ndarray:
    """The probability whose normal quantile is Student's quantile at `service`.

    Taking a quantile at this level instead of at `service` makes up for a variance that was
    estimated with few degrees of freedom.
    """
    level = stats.norm.cdf(stats.t.ppf(service, np.maximum(degrees_of_freedom, 2.0)))
    return np.minimum(level, MAX_LEVEL)


@dataclass(frozen=True)
class Rhythm:
    """The days from one day with demand to the next, as each product's history has them.

    `gaps` holds those of all products one after the other; `first` is each product's first place in
    it, `count` their number, `mean` their mean in days. `is_own` where they are more regular than
    chance; `booking_days` is the period of which they are whole numbers, 0 where there is none.
    """

    gaps: np.ndarray
    first: np.ndarray
    count: np.ndarray
    mean: np.ndarray
    is_own: np.ndarray
    booking_days: np.ndarray


@dataclass(frozen=True)
class Sizes:
    """Units on days with demand, the older the less; all (products,).

    `mean`, the squared coefficient of variation `cv2`, the `number` that the mean rests on, and the
    factor `fading` by which each counts less than the next one after it. 1, 0, 1 where there is
    none.
    """

    mean: np.ndarray
    cv2: np.ndarray
    number: np.ndarray
    fading: np.ndarray


def recent_sizes(demand: np.ndarray, *, is_moving: np.ndarray) -> Sizes:
    """The sizes of demand (products, days); those of what has no trend do not fade."""
    rows, days = np.nonzero(demand > 0)
    sizes, articles = demand[rows, days], len(demand)
    count = np.bincount(rows, minlength=articles)
    weeks_seen = (demand.shape[1] - first_demand(demand)) / WEEK_DAYS
    apart = np.minimum(weeks_seen / np.maximum(count, 1), LONGEST_FORGOTTEN)
    fading = np.where(is_moving, SIZE_FORGETTING**apart, 1.0)
    later = np.cumsum(count)[rows] - 1 - np.arange(len(rows))
    weights = fading[rows] ** later

    def summed(values: np.ndarray) -> np.ndarray:
        return np.bincount(rows, weights=values, minlength=articles)

    total = np.where(count > 0, summed(weights), 1.0)
    mean = np.where(count > 0, summed(weights * sizes) / total, 1.0)
    square = np.where(count > 0, summed(weights * sizes**2) / total, 1.0)
    squares = np.where(count > 0, summed(weights**2), 1.0)
    return Sizes(mean, np.maximum(square / mean**2 - 1, 0.0), total**2 / squares, fading)


def have_sizes_moved(demand: np.ndarray, recent: Sizes) -> np.ndarray:
    """Whether demands (products, days) are not of the size they were: `recent` lies further from
    the mean of all than MOVED_DEVIATIONS of its standard errors."""
    count = np.maximum((demand > 0).sum(axis=1), 1)
    error = recent.mean * np.sqrt(recent.cv2 / recent.number)
    apart = np.abs(demand.sum(axis=1) / count - recent.mean)
    return (recent.fading < 1) & (apart > MOVED_DEVIATIONS * error)


def choose_distribution(
    *,
    mean: np.ndarray,
    variance: np.ndarray,
    events: np.ndarray,
    size: np.ndarray,
    interval_days: np.ndarray,
    rhythm: Rhythm,
    sizes_moved: np.ndarray,
) -> np.ndarray:
    """`normal`, `negative_binomial` or `bootstrap` for each product.

    `events` is the expected number of days with demand in the interval, `size` their mean units.
    Where sales are booked on one day of a week and the interval is whole weeks, each interval holds
    the same number of bookings: the measured variance says all. So it does of longer periods, that
    of the number of bookings with it (`backtest.forecast_paths`). Where `sizes_moved`, what
    was sold at once in other days says nothing of how large a demand is to come.
    """
    even = variance <= mean
    few = events < BOOTSTRAP_EVENTS
    tight = np.sqrt(variance) <= NORMAL_CV * mean
    whole = np.zeros(len(mean), dtype=bool)
    for period in BOOKING_PERIODS:
        whole |= (rhythm.booking_days == period) & _is_whole(interval_days, period=period)
    whole |= (rhythm.booking_days > WEEK_DAYS) & ~rhythm.is_own
    packs = (size >= BOOTSTRAP_SIZE) & ~sizes_moved
    drawn = few & ~whole & (packs | even | rhythm.is_own)
    return np.select([drawn, tight | even], ["bootstrap", "normal"], default="negative_binomial")


def demand_rhythm(demand: np.ndarray) -> Rhythm:
    """The rhythm of demand (products, days)."""
    rows, days = np.nonzero(demand > 0)
    follows = np.diff(rows) == 0
    owner, gaps = rows[1:][follows], np.diff(days)[follows].astype(float)
    articles = len(demand)
    count = np.bincount(owner, minlength=articles)
    total = np.bincount(owner, weights=gaps, minlength=articles)
    squares = np.bincount(owner, weights=gaps**2, minlength=articles)
    mean = np.divide(total, count, out=np.zeros(articles), where=count > 0)
    variance = (squares - count * mean**2) / np.maximum(count - 1, 1)
    enough = count >= LEAST_GAPS
    share = np.clip(1 - RHYTHM_DEVIATIONS * np.sqrt(8 / np.maximum(count, 1)), *RHYTHM_SHARES)
    booking = np.zeros(articles)
    for period in BOOKING_PERIODS:
        held = np.bincount(owner, weights=_is_whole(gaps, period=period), minlength=articles)
        booking = np.where(_is_booked(count, held, period=period), period, booking)
    return Rhythm(
        gaps=np.append(gaps, 1.0),
        first=np.cumsum(count) - count,
        count=count,
        mean=mean,
        # Waiting times without memory have the variance mean x (mean - 1).
        is_own=enough & (variance < share * mean * (mean - 1)),
        booking_days=booking,
    )


def booking_days(demand: np.ndarray, *, week_end: np.ndarray) -> np.ndarray:
    """The period of which the gaps between days with demand are whole numbers, as known at the end
    of each week: (products, weeks), 0 where there is none.

    `demand` is (products, days), `week_end` (weeks,) the number of days seen.
    """
    rows, days = np.nonzero(demand > 0)
    follows = np.diff(rows) == 0
    owner, gaps = rows[1:][follows], np.diff(days)[follows].astype(float)
    shape = len(demand), len(week_end)
    cell = owner * shape[1] + np.searchsorted(week_end, days[1:][follows] + 1)

    def seen(weights: np.ndarray | None = None) -> np.ndarray:
        cells = np.bincount(cell, weights=weights, minlength=shape[0] * shape[1])
        return np.cumsum(cells.reshape(shape), axis=1)

    count, found = seen(), np.zeros(shape)
    for period in BOOKING_PERIODS:
        held = seen(_is_whole(gaps, period=period))
        found = np.where(_is_booked(count, held, period=period), period, found)
    return found


def _is_booked(count: np.ndarray, held: np.ndarray, *, period: float) -> np.ndarray:
    """Whether `held` of `count` gaps being whole periods is no chance."""
    chance = (2 * np.floor(BOOKING_PERIODS[period]) + 1) / period
    return (held >= BOOKED_SHARE * count) & (chance**count < BOOKED_BY_CHANCE)


def _is_whole(days: np.ndarray, *, period: float) -> np.ndarray:
    """Whether so many days are a whole number of periods, at least one."""
    times = np.maximum(np.rint(days / period), 1)
    return np.abs(days - times * period) <= BOOKING_PERIODS[period]


def normal_quantile(service: np.ndarray, *, mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Quantile of a normal distribution, in units."""
    return mean + stats.norm.ppf(service) * np.sqrt(variance)


def negative_binomial_quantile(
    service: np.ndarray, *, mean: np.ndarray, variance: np.ndarray
) -> np.ndarray:
    """Smallest whole number that a negative binomial of these moments does not exceed.

    With a variance at or below the mean it is the Poisson's; 0 where the mean is 0.
    """
    safe_mean = np.where(mean > 0, mean, 1.0)
    excess = np.maximum(variance - safe_mean, 1e-9 * safe_mean)
    shape = safe_mean**2 / excess
    found = stats.nbinom.ppf(service, shape, shape / (shape + safe_mean))
    return np.where(mean > 0, found, 0.0)


def gamma_quantile(service: np.ndarray, *, mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Quantile of a gamma distribution of these moments by Wilson and Hilferty (1931).

    The continuous sibling of the negative binomial, in closed form: what method choice uses.
    """
    safe_mean = np.where(mean > 0, mean, 1.0)
    ninth = variance / safe_mean**2 / 9
    cube = np.maximum(1 - ninth + stats.norm.ppf(service) * np.sqrt(ninth), 0.0) ** 3
    return np.where(mean > 0, safe_mean * cube, 0.0)


def bootstrap_quantile(
    service: np.ndarray,
    *,
    demand: np.ndarray,
    mean_daily: np.ndarray,
    rate_variance: np.ndarray,
    review_days: np.ndarray,
    lead_time_days: np.ndarray,
    lead_time_sd_days: np.ndarray,
    crossing_days: np.ndarray,
    crossing_sd_days: np.ndarray,
    keys: np.ndarray,
    is_moving: np.ndarray,
    draws: int,
) -> np.ndarray:
    """Quantile of the demand over the interval from resampled demands, in units.

    A draw takes a gamma lead time, a gamma daily rate (of variance `rate_variance`), the waiting
    time to each next day with demand, and the size of each from the product's history (demand:
    products by days; where `is_moving`, the older the less), in the way of Willemain, Smart and
    Schwarz (2004). Waiting times have no
    memory, but where the product has a rhythm of its own (`demand_rhythm`) they are its own: the
    first begins anywhere within a gap, and what the rate is above the history's goes to the sizes.
    The mean size, known from few demands only, varies from draw to draw too. Draws come from
    `keys`, so they do not depend on the other products, and grow with the lead time one by one.
    Where `crossing_days` is not NaN (see `review_waits`), a draw begins with an undershoot.
    """
    place = np.clip(np.ceil(service * draws - 1e-9).astype(int) - 1, 0, draws - 1)
    found = np.zeros(len(demand))
    for start in range(0, len(demand), BATCH):
        rows = slice(start, start + BATCH)
        totals = _interval_draws(
            demand=demand[rows],
            mean_daily=mean_daily[rows],
            rate_variance=rate_variance[rows],
            review_days=review_days[rows],
            lead_time_days=lead_time_days[rows],
            lead_time_sd_days=lead_time_sd_days[rows],
            crossing_days=crossing_days[rows],
            crossing_sd_days=crossing_sd_days[rows],
            keys=keys[rows],
            is_moving=is_moving[rows],
            draws=draws,
        )
        totals.sort(axis=1)
        found[rows] = totals[np.arange(len(totals)), place[rows]]
    return found


def _interval_draws(
    *,
    demand: np.ndarray,
    mean_daily: np.ndarray,
    rate_variance: np.ndarray,
    review_days: np.ndarray,
    lead_time_days: np.ndarray,
    lead_time_sd_days: np.ndarray,
    crossing_days: np.ndarray,
    crossing_sd_days: np.ndarray,
    keys: np.ndarray,
    is_moving: np.ndarray,
    draws: int,
) -> np.ndarray:
    sizes, first, events = _sizes(demand)
    known, recent = events > 0, recent_sizes(demand, is_moving=is_moving)
    size = recent.mean
    # The rate's uncertainty is that of the count of demands and that of their mean size.
    size_share = recent.cv2 / recent.number
    rate_share = rate_variance / np.where(mean_daily > 0, mean_daily, 1.0) ** 2
    counter = np.arange(draws, dtype=np.uint64)
    normals = [
        special.ndtri(uniforms(keys[:, None], stream * draws + counter)) for stream in range(3)
    ]
    lead_time = gamma_draws(normals[0], mean=lead_time_days, sd=lead_time_sd_days)
    wait = review_waits(
        uniforms(keys[:, None], 3 * draws + counter),
        review_days=review_days,
        crossing_days=crossing_days,
        crossing_sd_days=crossing_sd_days,
    )
    interval = wait + np.rint(lead_time)
    count_sd = np.sqrt(np.maximum(rate_share - size_share, 0))
    rate = gamma_draws(normals[1], mean=mean_daily / size, sd=mean_daily / size * count_sd)
    scale = gamma_draws(normals[2], mean=np.ones_like(size), sd=np.sqrt(size_share))

    totals = np.zeros((len(keys), draws))
    for row in np.flatnonzero(known & ~np.isnan(crossing_days)):
        own = sizes[first[row] : first[row] + events[row]]
        pick, rest = (uniforms(keys[row], stream * draws + counter) for stream in (4, 5))
        # Picked with a chance in proportion to its size, since it is the day that passed the level.
        bounds = np.cumsum(own)
        passing = own[np.searchsorted(bounds[:-1], pick * bounds[-1], side="right")]
        totals[row] = np.floor(rest * passing)
    rhythm = demand_rhythm(demand)
    row, draw = np.nonzero(known[:, None] & (rate > 0))
    log_none = np.log1p(-np.minimum(rate[row, draw], 1 - 1e-12))
    waited = np.zeros(len(row))
    oldest, log_fading = recent.fading**events, np.log(recent.fading)
    for event in range(MAX_EVENTS):
        stream = (6 + 2 * event) * draws + draw
        chance = uniforms(keys[row], stream)
        gap = np.maximum(np.ceil(np.log(chance) / log_none), 1)
        own = rhythm.is_own[row]
        if own.any():
            gap[own] = _own_gaps(rhythm, row[own], chance[own], is_first=event == 0)
        waited = waited + gap
        going = waited <= interval[row, draw]
        row, draw, log_none, waited = row[going], draw[going], log_none[going], waited[going]
        if not len(row):
            break
        chosen = uniforms(keys[row], stream[going] + draws) * events[row]
        fades = is_moving[row]
        if fades.any():
            # The number of demands after it is geometric.
            part = chosen[fades] / events[row[fades]] * (1 - oldest[row[fades]])
            later = (np.log1p(-part) / log_fading[row[fades]]).astype(int)
            chosen[fades] = np.maximum(events[row[fades]] - 1 - later, 0)
        totals[row, draw] += sizes[first[row] + chosen.astype(int)]
    # No day can hold more than one day with demand: what the rate is above 1 goes to the sizes.
    bigger = np.where(rhythm.is_own[:, None], rate * rhythm.mean[:, None], np.maximum(rate, 1.0))
    totals *= scale * bigger
    whole = (demand == np.floor(demand)).all(axis=1)
    return np.where(whole[:, None], np.rint(totals), totals)


def _own_gaps(rhythm: Rhythm, row: np.ndarray, chance: np.ndarray, *, is_first: bool) -> np.ndarray:
    """A gap of each product in `row`; the first one is what is left of the gap one looks into."""
    if not is_first:
        return rhythm.gaps[rhythm.first[row] + (chance * rhythm.count[row]).astype(int)]
    ends = np.cumsum(rhythm.gaps)
    last = rhythm.first[row] + rhythm.count[row] - 1
    begin = ends[rhythm.first[row]] - rhythm.gaps[rhythm.first[row]]
    at = begin + chance * (ends[last] - begin)
    within = np.minimum(np.searchsorted(ends, at, side="right"), last)
    return np.maximum(np.ceil(ends[within] - at), 1)


def _sizes(demand: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Amounts above 0 in one array, with each product's first place in it and their number."""
    sold = demand > 0
    events = sold.sum(axis=1)
    return np.append(demand[sold], 0.0), np.cumsum(events) - events, events


def gamma_draws(normals: np.ndarray, *, mean: np.ndarray, sd: np.ndarray) -> np.ndarray:
    """Gamma draws of this mean and standard deviation from standard normal ones."""
    safe_mean = np.where(mean > 0, mean, 1.0)[:, None]
    ninth = np.square(np.asarray(sd)[:, None] / safe_mean) / 9
    return mean[:, None] * np.maximum(1 - ninth + normals * np.sqrt(ninth), 0.0) ** 3
