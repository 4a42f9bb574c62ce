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

from __future__ import annotations

import numpy as np
from scipy import special, stats

from .streams import uniforms

# Quantiles of a negative binomial miss by several points where the interval holds few demands of
# several units each (packs), and where demand varies less than a Poisson's. Bootstrapping those
# is exact up to noise; with more demands than this the sum is smooth enough.
BOOTSTRAP_EVENTS = 12.0
BOOTSTRAP_SIZE = 1.5
NORMAL_CV = 0.1
NORMAL_MEAN = 10.0
MAX_EVENTS = 400
MAX_LEVEL = 1 - 1e-9
# Articles bootstrapped together: their draws stay in the processor's cache.
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
    """Days from passing the reorder point to the next review, (articles, chances).

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
    """Whole days of `count` gamma lead times of each article, from its key: (articles, count)."""
    normals = special.ndtri(uniforms(keys[:, None], stream + np.arange(count)))
    return np.rint(gamma_draws(normals, mean=mean, sd=sd)).astype(int)


def predictive_level(service: np.ndarray, degrees_of_freedom: np.ndarray) -> np.ndarray:
    """The probability whose normal quantile is Student's quantile at `service`.

    Taking a quantile at this level instead of at `service` makes up for a variance that was
    estimated with few degrees of freedom.
    """
    level = stats.norm.cdf(stats.t.ppf(service, np.maximum(degrees_of_freedom, 2.0)))
    return np.minimum(level, MAX_LEVEL)


def choose_distribution(
    *, mean: np.ndarray, variance: np.ndarray, events: np.ndarray, size: np.ndarray
) -> np.ndarray:
    """`normal`, `negative_binomial` or `bootstrap` for each article.

    `events` is the expected number of days with demand in the interval, `size` their mean units.
    """
    even = variance <= mean
    few = events < BOOTSTRAP_EVENTS
    tight = np.sqrt(variance) <= NORMAL_CV * mean
    return np.select(
        [few & ((size >= BOOTSTRAP_SIZE) | even), tight | even],
        ["bootstrap", "normal"],
        default="negative_binomial",
    )


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
    draws: int,
) -> np.ndarray:
    """Quantile of the demand over the interval from resampled demands, in units.

    A draw takes a gamma lead time, a gamma daily rate (of variance `rate_variance`), the waiting
    time to each next day with demand, and the size of each from the article's history (demand:
    articles by days), in the way of Willemain, Smart and Schwarz (2004). The mean size, known from
    few demands only, varies from draw to draw too. Draws come from `keys`, so they do not depend
    on the other articles, and grow with the lead time one by one. Where `crossing_days` is
    not NaN (see `review_waits`), a draw begins with an undershoot.
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
    draws: int,
) -> np.ndarray:
    sizes, first, events = _sizes(demand)
    known = events > 0
    total = demand.sum(axis=1)
    size = np.divide(total, events, out=np.ones(len(events)), where=known)
    spread = np.divide(np.square(demand).sum(axis=1), events, out=np.zeros_like(size), where=known)
    size_cv = np.sqrt(np.maximum(spread / size**2 - 1, 0))
    # The rate's uncertainty is that of the count of demands and that of their mean size.
    size_share = np.divide(size_cv**2, events, out=np.zeros_like(size), where=known)
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
    row, draw = np.nonzero(known[:, None] & (rate > 0))
    log_none = np.log1p(-np.minimum(rate[row, draw], 1 - 1e-12))
    waited = np.zeros(len(row))
    for event in range(MAX_EVENTS):
        stream = (6 + 2 * event) * draws + draw
        gap = np.ceil(np.log(uniforms(keys[row], stream)) / log_none)
        waited = waited + np.maximum(gap, 1)
        going = waited <= interval[row, draw]
        row, draw, log_none, waited = row[going], draw[going], log_none[going], waited[going]
        if not len(row):
            break
        chosen = uniforms(keys[row], stream[going] + draws) * events[row]
        totals[row, draw] += sizes[first[row] + chosen.astype(int)]
    # No day can hold more than one day with demand: what the rate is above 1 goes to the sizes.
    totals *= scale * np.maximum(rate, 1.0)
    whole = (demand == np.floor(demand)).all(axis=1)
    return np.where(whole[:, None], np.rint(totals), totals)


def _sizes(demand: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Amounts above 0 in one array, with each article's first place in it and their number."""
    sold = demand > 0
    events = sold.sum(axis=1)
    return np.append(demand[sold], 0.0), np.cumsum(events) - events, events


def gamma_draws(normals: np.ndarray, *, mean: np.ndarray, sd: np.ndarray) -> np.ndarray:
    """Gamma draws of this mean and standard deviation from standard normal ones."""
    safe_mean = np.where(mean > 0, mean, 1.0)[:, None]
    ninth = np.square(np.asarray(sd)[:, None] / safe_mean) / 9
    return mean[:, None] * np.maximum(1 - ninth + normals * np.sqrt(ninth), 0.0) ** 3
