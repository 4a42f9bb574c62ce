"""Forecasts of the demand per period, for many articles at once, as paths over time.

Each function takes demand (articles, periods) and gives an array of the same shape: column t is
the demand per period expected from t + 1 on, having seen the periods up to t. An article starts
in period `started` (0 where not given); earlier columns are NaN. The loop runs over periods, and
every step handles all articles.

With `warm_up`, the k-th update has the weight max(alpha, 1 / k), so that the estimate is a plain
mean until there is enough history to smooth; without it, the first value alone starts the
smoothing, as in the papers.
"""

from __future__ import annotations

import numpy as np


def ses(
    demand: np.ndarray,
    *,
    alpha: float,
    started: np.ndarray | None = None,
    warm_up: bool = True,
) -> np.ndarray:
    """Simple exponential smoothing; with `alpha` 0 and warm-up, the mean since the start."""
    columns, started = _prepared(demand, started=started, alpha=alpha)
    path = np.full(columns.shape, np.nan)
    level = np.zeros(columns.shape[1])
    for period, demanded in enumerate(columns):
        age = period - started + 1
        weight = _weight(alpha, age, warm_up)
        level = np.where(age >= 1, level + weight * (demanded - level), level)
        path[period] = np.where(age >= 1, level, np.nan)
    return path.T


def croston(
    demand: np.ndarray,
    *,
    alpha: float,
    started: np.ndarray | None = None,
    bias_corrected: bool = True,
    warm_up: bool = True,
) -> np.ndarray:
    """Croston's (1972) smoothed size over smoothed interval, both updated where there is demand.

    `bias_corrected` multiplies by 1 - alpha / 2 (the SBA of Syntetos and Boylan 2005). NaN until
    the first demand.
    """
    columns, started = _prepared(demand, started=started, alpha=alpha)
    path = np.full(columns.shape, np.nan)
    articles = columns.shape[1]
    size, interval = np.zeros(articles), np.zeros(articles)
    since, events = np.zeros(articles), np.zeros(articles)
    factor = 1 - alpha / 2 if bias_corrected else 1.0
    for period, demanded in enumerate(columns):
        since = np.where(period >= started, since + 1, 0)
        sold = (demanded > 0) & (period >= started)
        events = events + sold
        weight = _weight(alpha, events, warm_up)
        size = np.where(sold, size + weight * (demanded - size), size)
        interval = np.where(sold, interval + weight * (since - interval), interval)
        since = np.where(sold, 0, since)
        np.divide(factor * size, interval, out=path[period], where=events > 0)
    return path.T


def tsb(
    demand: np.ndarray,
    *,
    alpha: float,
    beta: float,
    started: np.ndarray | None = None,
    warm_up: bool = True,
) -> np.ndarray:
    """Teunter, Syntetos and Babai (2011): smoothed probability of demand times smoothed size.

    The probability is updated in every period with the weight `beta`, so that the forecast of an
    article which stops selling decays; the size is updated with `alpha` where there is demand.
    """
    columns, started = _prepared(demand, started=started, alpha=alpha, beta=beta)
    path = np.full(columns.shape, np.nan)
    articles = columns.shape[1]
    size, chance, events = np.zeros(articles), np.zeros(articles), np.zeros(articles)
    for period, demanded in enumerate(columns):
        age = period - started + 1
        sold = (demanded > 0) & (age >= 1)
        events = events + sold
        size = np.where(sold, size + _weight(alpha, events, warm_up) * (demanded - size), size)
        step = _weight(beta, age, warm_up) * (sold - chance)
        chance = np.where(age >= 1, chance + step, chance)
        path[period] = np.where(age >= 1, chance * size, np.nan)
    return path.T


def adida(
    demand: np.ndarray,
    *,
    alpha: float,
    block_periods: np.ndarray | int,
    started: np.ndarray | None = None,
    warm_up: bool = True,
) -> np.ndarray:
    """Aggregate to blocks, smooth, share out again (Nikolopoulos et al. 2011).

    `block_periods` is the length of a block, one for all articles or one each. Blocks are counted
    back from the last period; the forecast changes when a block is complete.
    """
    columns, started = _prepared(demand, started=started, alpha=alpha)
    blocks = np.broadcast_to(np.asarray(block_periods, dtype=int), (columns.shape[1],))
    if (blocks < 1).any():
        raise ValueError("block_periods: a block has less than one period")
    path = np.full((columns.shape[1], columns.shape[0]), np.nan)
    for block in np.unique(blocks):
        rows = np.flatnonzero(blocks == block)
        lead_in = columns.shape[0] % block
        sums = columns[lead_in:, rows].reshape(-1, block, len(rows)).sum(axis=1).T
        # The block in which an article starts is incomplete: it counts from the next one on,
        # unless the article starts with the block.
        first = np.ceil(np.maximum(started[rows] - lead_in, 0) / block).astype(int)
        smoothed = ses(sums, alpha=alpha, started=first, warm_up=warm_up) / block
        ends = lead_in + block * (1 + np.arange(sums.shape[1])) - 1
        known = np.searchsorted(ends, np.arange(columns.shape[0]), side="right") - 1
        path[rows] = np.where(known >= 0, smoothed[:, np.maximum(known, 0)], np.nan)
    return path


def rate_share(periods: int, *, alpha: float) -> np.ndarray:
    """Variance of a smoothed mean over the variance of one period, after 1 ... `periods` updates.

    The sum of squared weights of `ses` with warm-up: 1 / k while it is a mean, then towards
    alpha / (2 - alpha).
    """
    share = np.zeros(periods)
    current = 0.0
    for update in range(periods):
        weight = max(alpha, 1 / (update + 1))
        current = weight**2 + (1 - weight) ** 2 * current
        share[update] = current
    return share


def _prepared(
    demand: np.ndarray, *, started: np.ndarray | None, **weights: float
) -> tuple[np.ndarray, np.ndarray]:
    for name, weight in weights.items():
        if not 0 <= weight <= 1:
            raise ValueError(f"{name}: {weight} is not between 0 and 1")
    columns = np.ascontiguousarray(np.asarray(demand, dtype=float).T)
    if started is None:
        started = np.zeros(columns.shape[1], dtype=int)
    return columns, np.asarray(started)


def _weight(alpha: float, updates: np.ndarray, warm_up: bool) -> np.ndarray:
    first = 1 / np.maximum(updates, 1)
    return np.maximum(alpha, first) if warm_up else np.where(updates <= 1, 1.0, alpha)
