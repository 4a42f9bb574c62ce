"""Conformal prediction intervals from the residuals of a replay."""

import numpy as np
from scipy.special import ndtri, stdtrit

# What a series' own residuals say is mixed with what series usually say, which counts as much as
# this many origins of replay.
USUAL_ORIGINS = 12
# Replayed errors are usually this many times wider than the model's own standard error promises,
# measured over public and simulated monthly series: a model does not know that it may be wrong.
USUAL_EXCESS = 1.1
# A quantile of scores below such a share of their mean is that of errors that were none.
LEAST_SCORE = 1e-6
# How fast intervals widen with the steps, as a power of how fast the model says: a model that takes
# each change for lasting widens them too fast.
GROWTHS = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
# What the model says of it counts as this many origins.
GROWTH_ORIGINS = 3


def grown(spread: np.ndarray, power: float) -> np.ndarray:
    """Spread by step (last axis) whose growth over the first step's is raised to `power`."""
    first = spread[..., :1]
    return first * np.divide(spread, first, out=np.ones_like(spread), where=first > 0) ** power


def spread_growth(errors: np.ndarray, unit: np.ndarray, known: np.ndarray) -> float:
    """The power of growth, 0 to 1, that the replayed errors speak for.

    `errors`, `unit` (their expected size, above 0) and `known` have one row an origin and one
    column per step. Each power of GROWTHS counts by its likelihood under errors with a Laplace
    distribution, at the best scale; the errors of one origin hang together and count as one. The
    mean is shrunk towards 1, for growth is as the model says where there are few.
    """
    origins = int(known.any(axis=1).sum())
    if origins == 0:
        return 1.0
    fits = []
    for power in GROWTHS:
        expected = grown(unit, power)[known]
        scale = max(float((errors[known] / expected).mean()), 1e-12)
        fits.append(-np.log(expected).mean() - np.log(scale))
    weights = np.exp(origins * (np.array(fits) - max(fits)))
    found = float(weights @ GROWTHS / weights.sum())
    return (origins * found + GROWTH_ORIGINS) / (origins + GROWTH_ORIGINS)


def conformal_factor(scores: np.ndarray, *, origins: int, level: float) -> float:
    """Half-width of an interval in units of the spread, from the scores of a replay.

    `scores` are absolute residuals divided by the spread expected at their step, pooled over
    steps and origins (normalised split conformal, Lei and others 2018). The pooled quantile is
    shrunk on the log scale to the usual one and widened by Student's quantile: residuals of one
    origin hang together, so it is the few origins that count, not the many residuals; what is
    usual is known from as many as it counts for.
    """
    normal = ndtri((1 + level) / 2)
    student = stdtrit(origins + USUAL_ORIGINS + 1, (1 + level) / 2)
    usual = USUAL_EXCESS * normal
    if len(scores) == 0:
        return float(USUAL_EXCESS * student)
    own = np.quantile(scores, min(1.0, level * (1 + 1 / len(scores))))
    mean = scores.mean()
    if mean == 0:
        return 0.0
    # Of months that are all alike but one: the forecast after that one is not as sure as they.
    own = own if own > LEAST_SCORE * mean else mean
    share = origins / (origins + USUAL_ORIGINS)
    pooled = np.exp(share * np.log(own) + (1 - share) * np.log(usual))
    return float(pooled * student / normal)


def short_half_widths(
    working: np.ndarray, *, horizon: int, level: float, unseen: float = 0.0
) -> np.ndarray:
    """Half-widths for a history too short to replay: those of a random walk whose step size is
    estimated from the few changes seen, hence with Student's quantile. Where no change was seen
    the step size is `unseen`: three equal months do not promise a fourth."""
    changes = np.diff(working)
    size = np.sqrt(np.mean(changes**2)) or unseen
    return stdtrit(len(changes), (1 + level) / 2) * size * np.sqrt(np.arange(1, horizon + 1))
