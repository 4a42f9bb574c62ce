"""Two variants compared by a quantile (a median, a p95) of what was measured: by bootstrap.

The bootstrap of a sample quantile needs no resampling: the quantile of a resample is an order
statistic of the sample whose rank is random, with a known spread. So a variant hands in its values
at a fixed set of levels around the quantile, and a resample is one of them.

Source: Schultzberg, Ankargren 2022, Resampling-free bootstrap inference for quantiles.
"""

import numpy as np
from scipy.special import ndtri

from retail_analytics.experiments.comparisons import Comparison

RESAMPLES = 999


def standard_draws(resamples: int = RESAMPLES) -> np.ndarray:
    """Evenly spread quantiles of the normal, which stand for the random ranks of resamples."""
    return ndtri((np.arange(resamples) + 0.5) / resamples)


def resample_levels(
    quantile: float, *, share_variance: float, resamples: int = RESAMPLES
) -> np.ndarray:
    """Levels, 0 to 1 and rising, at which the quantiles of resamples lie in the sample.

    Parameters
    ----------
    share_variance : variance of the share of values at or below the quantile. It is
        `quantile * (1 - quantile) / values` for one value per unit, and larger where the values of
        a unit go together.
    """
    levels = quantile + np.sqrt(share_variance) * standard_draws(resamples)
    return np.clip(levels, 0.0, 1.0)


def compare_quantiles(
    control: np.ndarray,
    treated: np.ndarray,
    *,
    control_estimate: float,
    treated_estimate: float,
    alpha: float,
    seed: int,
) -> tuple[Comparison, Comparison]:
    """Difference and relative difference of two quantiles with percentile intervals.

    Parameters
    ----------
    control, treated : values of each variant at its `resample_levels`.
    control_estimate, treated_estimate : the sample quantiles.
    seed : of the order in which resamples of the two variants are paired.

    Returns
    -------
    Difference, and difference over the control's quantile (NaN where that is not above zero). The
    p-value is twice the smaller share of resamples on one side of zero, one resample added.
    """
    rng = np.random.default_rng(seed)
    one, two = rng.permutation(control), rng.permutation(treated)
    # several pairings: one alone leaves noise in the tails
    one, two = np.tile(one, 8), np.concatenate([rng.permutation(two) for _ in range(8)])
    estimate = treated_estimate - control_estimate
    is_relative = control_estimate > 0 and one.min() > 0
    relative = two / one - 1 if is_relative else np.full(len(one), np.nan)
    return (
        percentile_interval(estimate, two - one, alpha=alpha),
        percentile_interval(
            estimate / control_estimate if is_relative else np.nan, relative, alpha=alpha
        ),
    )


def percentile_interval(estimate: float, resamples: np.ndarray, *, alpha: float) -> Comparison:
    """Interval that leaves `alpha` of the resamples outside, and the p-value of zero."""
    if not np.isfinite(estimate) or np.ptp(resamples) == 0:
        nothing = np.array([np.nan])
        return Comparison(nothing, nothing, nothing, nothing, nothing)
    lower, upper = np.quantile(resamples, [alpha / 2, 1 - alpha / 2])
    one_side = min(np.mean(resamples <= 0), np.mean(resamples >= 0))
    p_value = min(2 * (one_side * len(resamples) + 1) / (len(resamples) + 1), 1.0)
    return Comparison(
        np.array([estimate]),
        np.array([min(lower, estimate)]),
        np.array([max(upper, estimate)]),
        np.array([p_value]),
        np.array([resamples.std(ddof=1)]),
    )
