"""The shop's season: by how much the days of a year sell more or less than its mean day.

One index for the whole shop, since a single product sells too little to show a season of its own
(Silver, Pyke and Thomas 2017). Feasts that move in the calendar (Easter) are not followed.
"""

import numpy as np

YEAR_DAYS = 365.25
POSITIONS = 366
HALF_YEAR = 183
LEAST_DAYS = 731
# From one year the season is not to be known, but that trade peaked is: a peak that stands out.
LEAST_PEAK_DAYS = 395
PEAK_DAYS = 14
LEAST_PEAK = 1.5
PEAK_FOOT = 1.2
PEAK_DEVIATIONS = 5.0
MAD_TO_SD = 1.4826
# One order of a thousand units is no season: a day counts as no more than so many usual ones.
MOST_DAYS_IN_ONE = 5.0
QUARTER_DAYS = 91
# A day of the year is seen two or three times only; peaks rise and fall within some two weeks.
SMOOTHING_DAYS = 15
# What sells while the shop is as good as closed would otherwise count as a year's demand.
LEAST_INDEX = 0.1
# The index reaches a year beyond the last day: longer intervals see every season.
DAYS_AHEAD = 365


def season_index(sold: np.ndarray, *, days_ahead: int = DAYS_AHEAD) -> np.ndarray:
    """Units per day over their trend, by day of the year: (days + days_ahead,), about 1 per year.

    Ratio to moving average (Macaulay 1931): demand over its mean of a year around it, added up by
    day of the year and smoothed. The days at either end have no year around them. They take part in
    a second pass, in which the trend is a line through the half year at hand, of demand freed from
    the first pass's season. `sold` (days,) are the units of all products, at least LEAST_DAYS since
    the first; before that the index is 1.
    """
    first = int((sold > 0).argmax())
    since = _without_bulk(sold[first:])
    days = len(since)
    # Counted back from the last day, so that a longer window without demand changes nothing.
    position = np.floor((np.arange(days + days_ahead) - days) % YEAR_DAYS).astype(int)
    seen = position[:days]
    inner = slice(HALF_YEAR, days - HALF_YEAR)
    whole = _by_position(since[inner], _trend(since)[inner], seen[inner])
    index = _by_position(since, _trend(since / whole[seen]), seen)
    return np.concatenate([np.ones(first), index[position]])


def peak_index(sold: np.ndarray, *, days_ahead: int = DAYS_AHEAD) -> np.ndarray | None:
    """As `season_index`, of a history too short for one: 1 but for weeks that stand out; None where
    none do.

    A peak is at least a fortnight in which the shop sells half as much again as the median of the
    half year around, and more than chance makes of that median. It is expected back after a year.
    """
    first = int((sold > 0).argmax())
    since = _without_bulk(sold[first:])
    days = len(since)
    smooth = _moving_mean(since, PEAK_DAYS)
    around = np.pad(smooth, HALF_YEAR // 2, mode="reflect")
    usual = np.median(np.lib.stride_tricks.sliding_window_view(around, HALF_YEAR), axis=1)[:days]
    ratio = np.divide(smooth, usual, out=np.ones(days), where=usual > 0)
    spread = MAD_TO_SD * np.median(np.abs(ratio - np.median(ratio)))
    index = np.ones(days)
    foot = np.r_[0, ratio > PEAK_FOOT, 0]
    begins, ends = np.flatnonzero(np.diff(foot) > 0), np.flatnonzero(np.diff(foot) < 0)
    for begin, end in zip(begins, ends, strict=True):
        top = ratio[begin:end].max()
        if end - begin >= PEAK_DAYS and top >= max(LEAST_PEAK, 1 + PEAK_DEVIATIONS * spread):
            index[begin:end] = np.minimum(ratio[begin:end], MOST_DAYS_IN_ONE)
    if (index == 1).all():
        return None
    position = np.floor((np.arange(days + days_ahead) - days) % YEAR_DAYS).astype(int)
    count = np.bincount(position[:days], minlength=POSITIONS)
    total = np.bincount(position[:days], weights=index, minlength=POSITIONS)
    by_day = np.divide(total, count, out=np.ones(POSITIONS), where=count > 0)
    return np.concatenate([np.ones(first), by_day[position]])


def _moving_mean(values: np.ndarray, days: int) -> np.ndarray:
    around = np.pad(values, (days // 2, days - 1 - days // 2), mode="reflect")
    return np.convolve(around, np.ones(days) / days, mode="valid")


def mean_ahead(index: np.ndarray, *, after: np.ndarray, days: np.ndarray) -> np.ndarray:
    """Mean of `index` over the `days` (products,) from day `after` (origins,) on, of each."""
    total = np.concatenate([[0.0], np.cumsum(index)])
    span = np.minimum(days, DAYS_AHEAD)[:, None]
    ends = np.interp(after + span, np.arange(len(total)), total)
    return (ends - total[after]) / span


def _without_bulk(sold: np.ndarray) -> np.ndarray:
    around = np.pad(sold, QUARTER_DAYS // 2, mode="reflect")
    usual = np.median(np.lib.stride_tricks.sliding_window_view(around, QUARTER_DAYS), axis=1)
    return np.where(usual > 0, np.minimum(sold, MOST_DAYS_IN_ONE * usual), sold)


def _by_position(sold: np.ndarray, trend: np.ndarray, position: np.ndarray) -> np.ndarray:
    above = _smooth(np.bincount(position, weights=sold, minlength=POSITIONS))
    below = _smooth(np.bincount(position, weights=trend, minlength=POSITIONS))
    index = np.divide(above, below, out=np.ones(POSITIONS), where=below > 0)
    return np.maximum(index / index.mean(), LEAST_INDEX)


def _smooth(values: np.ndarray) -> np.ndarray:
    reach = SMOOTHING_DAYS // 2
    around = np.concatenate([values[-reach:], values, values[:reach]])
    return np.convolve(around, np.ones(SMOOTHING_DAYS) / SMOOTHING_DAYS, mode="valid")


def _trend(sold: np.ndarray) -> np.ndarray:
    """Line through the half years before and after each day; inside, that is their mean."""
    day = np.arange(len(sold))
    low = np.maximum(day - HALF_YEAR, 0)
    high = np.minimum(day + HALF_YEAR, len(sold) - 1) + 1

    def window(values: np.ndarray) -> np.ndarray:
        total = np.concatenate([[0.0], np.cumsum(values)])
        return (total[high] - total[low]) / (high - low)

    middle, level = window(day), window(sold)
    slope = (window(day * sold) - middle * level) / (window(day * day) - middle**2)
    # Falling sales end no lower than at half of their mean.
    return np.maximum(level + slope * (day - middle), level / 2)
