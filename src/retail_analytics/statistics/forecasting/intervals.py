"""Conformal prediction intervals from the residuals of a replay."""

import numpy as np
from scipy.special import ndtri, stdtrit

# What a series' own residuals say is mixed with what series usually say, which counts as much as
# this many origins of replay.
USUAL_ORIGINS = 4
# Replayed errors are usually this many times wider than the model's own standard error promises,
# measured over public and simulated monthly series: a model does not know that it may be wrong.
USUAL_EXCESS = 1.1


def conformal_factor(scores: np.ndarray, *, origins: int, level: float) -> float:
    """Half-width of an interval in units of the spread, from the scores of a replay.

    `scores` are absolute residuals divided by the spread expected at their step, pooled over
    steps and origins (normalised split conformal, Lei and others 2018). The pooled quantile is
    shrunk on the log scale to the usual one and widened by Student's quantile: residuals of one
    origin hang together, so it is the few origins that count, not the many residuals.
    """
    normal = ndtri((1 + level) / 2)
    student = stdtrit(origins + 1, (1 + level) / 2)
    usual = USUAL_EXCESS * normal
    if len(scores) == 0:
        return float(USUAL_EXCESS * student)
    own = np.quantile(scores, min(1.0, level * (1 + 1 / len(scores))))
    if own == 0:
        return 0.0
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
