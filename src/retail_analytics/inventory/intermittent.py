"""Forecasts of the demand per period, for many products at once, as paths over time.

Each function takes demand (products, periods) and gives an array of the same shape: column t is
the demand per period expected from t + 1 on, having seen the periods up to t. A product starts
in period `started` (0 where not given); earlier columns are NaN. The loop runs over periods, and
every step handles all products.

A smoothing weight is one number, or one for each product and period (then a later weight may
depend on what was seen). With `warm_up`, the k-th update has the weight max(alpha, 1 / k), so that
the estimate is a plain mean until there is enough history to smooth; without it, the first value
alone starts the smoothing, as in the papers.
"""

import numpy as np

Weight = float | np.ndarray
# Standard errors below which a trend is none, and the most it can be: half in 14 periods, twice in
# 35. What rose faster than that in real shops had a good month.
TREND_DEVIATIONS = 1.5
MOST_FALL, MOST_RISE = 0.05, 0.02


def ses(
    demand: np.ndarray,
    *,
    alpha: Weight,
    started: np.ndarray | None = None,
    warm_up: bool = True,
) -> np.ndarray:
    """Simple exponential smoothing; with `alpha` 0 and warm-up, the mean since the start."""
    columns, started = _prepared(demand, started=started)
    alphas = _by_period(alpha, demand.shape, name="alpha")
    path = np.full(columns.shape, np.nan)
    level = np.zeros(columns.shape[1])
    for period, demanded in enumerate(columns):
        age = period - started + 1
        weight = _weight(alphas[period], age, warm_up)
        level = np.where(age >= 1, level + weight * (demanded - level), level)
        path[period] = np.where(age >= 1, level, np.nan)
    return path.T


def croston(
    demand: np.ndarray,
    *,
    alpha: Weight,
    started: np.ndarray | None = None,
    bias_corrected: bool | np.ndarray = True,
    warm_up: bool = True,
) -> np.ndarray:
    """Croston's (1972) smoothed size over smoothed interval, both updated where there is demand.

    `bias_corrected`, one or by product and period, multiplies by 1 - alpha / 2 (the SBA of Syntetos
    and Boylan 2005). NaN until the first demand.
    """
    columns, started = _prepared(demand, started=started)
    alphas = _by_period(alpha, demand.shape, name="alpha")
    path = np.full(columns.shape, np.nan)
    articles = columns.shape[1]
    size, interval = np.zeros(articles), np.zeros(articles)
    since, events = np.zeros(articles), np.zeros(articles)
    corrected = np.broadcast_to(bias_corrected, demand.shape).T
    factors = np.where(corrected, 1 - alphas / 2, 1.0)
    for period, demanded in enumerate(columns):
        since = np.where(period >= started, since + 1, 0)
        sold = (demanded > 0) & (period >= started)
        events = events + sold
        weight = _weight(alphas[period], events, warm_up)
        size = np.where(sold, size + weight * (demanded - size), size)
        interval = np.where(sold, interval + weight * (since - interval), interval)
        since = np.where(sold, 0, since)
        np.divide(factors[period] * size, interval, out=path[period], where=events > 0)
    return path.T


def tsb(
    demand: np.ndarray,
    *,
    alpha: Weight,
    beta: Weight,
    started: np.ndarray | None = None,
    warm_up: bool = True,
) -> np.ndarray:
    """Teunter, Syntetos and Babai (2011): smoothed probability of demand times smoothed size.

    The probability is updated in every period with the weight `beta`, so that the forecast of an
    product which stops selling decays; the size is updated with `alpha` where there is demand.
    """
    columns, started = _prepared(demand, started=started)
    alphas = _by_period(alpha, demand.shape, name="alpha")
    betas = _by_period(beta, demand.shape, name="beta")
    path = np.full(columns.shape, np.nan)
    articles = columns.shape[1]
    size, chance, events = np.zeros(articles), np.zeros(articles), np.zeros(articles)
    for period, demanded in enumerate(columns):
        age = period - started + 1
        sold = (demanded > 0) & (age >= 1)
        events = events + sold
        size = np.where(
            sold, size + _weight(alphas[period], events, warm_up) * (demanded - size), size
        )
        step = _weight(betas[period], age, warm_up) * (sold - chance)
        chance = np.where(age >= 1, chance + step, chance)
        path[period] = np.where(age >= 1, chance * size, np.nan)
    return path.T


def adida(
    demand: np.ndarray,
    *,
    alpha: Weight,
    block_periods: np.ndarray | int,
    started: np.ndarray | None = None,
    warm_up: bool = True,
) -> np.ndarray:
    """Aggregate to blocks, smooth, share out again (Nikolopoulos et al. 2011).

    `block_periods` is the length of a block, one for all products or one each. Blocks are counted
    back from the last period; the forecast changes when a block is complete.
    """
    columns, started = _prepared(demand, started=started)
    blocks = np.broadcast_to(np.asarray(block_periods, dtype=int), (columns.shape[1],))
    if (blocks < 1).any():
        raise ValueError("block_periods: a block has less than one period")
    path = np.full((columns.shape[1], columns.shape[0]), np.nan)
    # A block longer than the history is never complete: no forecast.
    for block in np.unique(blocks[blocks <= columns.shape[0]]):
        rows = np.flatnonzero(blocks == block)
        lead_in = columns.shape[0] % block
        sums = columns[lead_in:, rows].reshape(-1, block, len(rows)).sum(axis=1).T
        # The block in which a product starts is incomplete: it counts from the next one on,
        # unless the product starts with the block.
        first = np.ceil(np.maximum(started[rows] - lead_in, 0) / block).astype(int)
        smoothed = ses(sums, alpha=alpha, started=first, warm_up=warm_up) / block
        ends = lead_in + block * (1 + np.arange(sums.shape[1])) - 1
        known = np.searchsorted(ends, np.arange(columns.shape[0]), side="right") - 1
        path[rows] = np.where(known >= 0, smoothed[:, np.maximum(known, 0)], np.nan)
    return path


def trend(
    demand: np.ndarray,
    *,
    alpha: float,
    beta: float,
    variance: np.ndarray,
    started: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Slope of demand, its level over that of `ses` with `alpha`, and that level's variance.

    Demand that falls or rises is smoothed too late. By how much a period, in logs, is read off the
    ratio of a level smoothed once and twice with `beta` (Brown 1963, in ratios as in Pegels 1969):
    demand that grows by g a period is above its level by the lag x (1 - exp(-g)). What of it may be
    chance is taken off by the positive-part rule of James and Stein (1961), with TREND_DEVIATIONS
    standard errors for one: no trend is the usual. `variance` (products, periods) is that of a
    period's demand; the third result is over it, as `rate_share`.
    All (products, periods): 0, 1 and the share of `ses` where there is no slope.
    """
    started = np.zeros(len(demand), dtype=int) if started is None else started
    once = np.nan_to_num(ses(demand, alpha=beta, started=started))
    twice = np.nan_to_num(ses(once, alpha=beta, started=started))
    age = np.maximum(np.arange(demand.shape[1]) - np.asarray(started)[:, None] + 1, 0)
    lag, apart, share, spread, along = _smoothed_twice(alpha, beta, most=demand.shape[1])[:, age]
    known = (apart > 1) & (once > 0)
    ratio = np.divide(once, twice, out=np.ones(demand.shape), where=known)
    slope = -np.log1p(-np.minimum((ratio - 1) / np.maximum(apart, 1.0), 0.5))
    square = (slope * once) ** 2
    luck = TREND_DEVIATIONS**2 * variance * spread
    sure = 1 - np.divide(luck, square, out=np.ones(demand.shape), where=square > luck)
    slope = np.clip(slope * sure, -MOST_FALL, MOST_RISE)
    part = sure * lag
    factor = 1 - lag * np.expm1(-slope)
    return slope, factor, share + part**2 * spread + 2 * part * along


def _smoothed_twice(alpha: float, beta: float, *, most: int) -> np.ndarray:
    """By periods seen, 0 to `most`: the lag of `ses` with `alpha`; by how much that of what is
    smoothed twice with `beta` is above that of once; the variance of the first, of the difference
    of the others a period of lag, and their covariance, in those of one period."""
    found = np.zeros((5, most + 1))
    found[2, 0] = 1.0
    lag = once_lag = twice_lag = 0.0
    # Variances and covariances of the level (l) and of what is smoothed once (o) and twice (t).
    ll = oo = tt = lo = lt = ot = 0.0
    for age in range(1, most + 1):
        weight, slow = max(alpha, 1 / age), max(beta, 1 / age)
        keep, slow_keep = 1 - weight, 1 - slow
        lag, once_lag = keep * (lag + 1), slow_keep * (once_lag + 1)
        twice_lag = slow_keep * (twice_lag + 1) + slow * once_lag
        ll, oo = keep**2 * ll + weight**2, slow_keep**2 * oo + slow**2
        lo = keep * slow_keep * lo + weight * slow
        lt = keep * slow_keep * lt + slow * lo
        before = slow_keep**2 * ot
        ot = before + slow * oo
        tt = slow_keep**2 * tt + slow**2 * oo + 2 * slow * before
        apart = twice_lag - once_lag
        per_lag = max(apart, 1.0)
        spread = max(oo + tt - 2 * ot, 0.0) / per_lag**2
        found[:, age] = lag, apart, ll, spread, (lo - lt) / per_lag
    return found


def rate_share(*, alpha: Weight, seen: np.ndarray) -> np.ndarray:
    """Variance of the level of `ses` with warm-up over that of one period's demand.

    `seen` (products, periods) counts the periods since the start, this one included. The sum of
    the squared weights: 1 / seen while the level is a mean, then towards alpha / (2 - alpha).
    """
    alphas = np.broadcast_to(np.asarray(alpha, dtype=float), seen.shape)
    shares = np.ones(seen.shape)
    share = np.ones(len(seen))
    for period in range(seen.shape[1]):
        weight = _weight(alphas[:, period], seen[:, period], True)
        share = weight**2 + (1 - weight) ** 2 * share
        shares[:, period] = share
    return shares


def _prepared(demand: np.ndarray, *, started: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    columns = np.ascontiguousarray(np.asarray(demand, dtype=float).T)
    if started is None:
        started = np.zeros(columns.shape[1], dtype=int)
    return columns, np.asarray(started)


def _by_period(weight: Weight, shape: tuple[int, int], *, name: str) -> np.ndarray:
    if not ((np.asarray(weight) >= 0) & (np.asarray(weight) <= 1)).all():
        raise ValueError(f"{name}: not between 0 and 1")
    return np.broadcast_to(np.asarray(weight, dtype=float), shape).T


def _weight(alpha: np.ndarray, updates: np.ndarray, warm_up: bool) -> np.ndarray:
    first = 1 / np.maximum(updates, 1)
    return np.maximum(alpha, first) if warm_up else np.where(updates <= 1, 1.0, alpha)
