"""Whether an experiment may be believed: was it split as planned, and measured after it began?"""

import numpy as np
from scipy.special import chdtrc


def sample_ratio(counts: np.ndarray, planned: np.ndarray) -> tuple[float, float]:
    """Chi-square of the units of each variant against the planned shares, and its p-value.

    Parameters
    ----------
    counts : units by variant.
    planned : planned shares, any total; a variant with share 0 that has units is a mismatch for
        sure.

    Returns
    -------
    NaN, NaN with fewer than two planned variants or without units.
    """
    counts, planned = np.asarray(counts, float), np.asarray(planned, float)
    is_planned = planned > 0
    if is_planned.sum() < 2 or counts.sum() == 0:
        return np.nan, np.nan
    if counts[~is_planned].sum() > 0:
        return np.inf, 0.0
    expected = counts.sum() * planned[is_planned] / planned[is_planned].sum()
    statistic = float(np.sum((counts[is_planned] - expected) ** 2 / expected))
    return statistic, float(chdtrc(is_planned.sum() - 1, statistic))


def same_shares(hits: np.ndarray, trials: np.ndarray) -> tuple[float, float]:
    """Chi-square that a share is the same in every variant, and its p-value.

    NaN, NaN where there are fewer than two variants with units, or all or none are hits.
    """
    hits, trials = np.asarray(hits, float), np.asarray(trials, float)
    hits, trials = hits[trials > 0], trials[trials > 0]
    if len(trials) < 2 or hits.sum() in (0, trials.sum()):
        return np.nan, np.nan
    share = hits.sum() / trials.sum()
    statistic = float(np.sum((hits - trials * share) ** 2 / (trials * share * (1 - share))))
    return statistic, float(chdtrc(len(trials) - 1, statistic))
