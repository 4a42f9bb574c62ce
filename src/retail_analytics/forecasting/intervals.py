"""Conformal prediction intervals from the residuals of a replay."""

import numpy as np
from scipy.special import ndtri, stdtrit

# What a series' own residuals say is mixed with what series usually say, which counts as much as
# this many origins of replay. Residuals of neighbouring origins and steps overlap, so a series of
# its own has far fewer independent ones than it has residuals.
USUAL_ORIGINS = 4
# Replayed errors are usually this many times wider than the model's own standard error promises
# (median over public and simulated monthly series): model intervals ignore that the model may be
# wrong and its parameters estimated.
USUAL_EXCESS = 1.17


def conformal_factor(scores: np.ndarray, *, origins: int, level: float) -> float:
    """Half-width of an interval in units of the spread, from the scores of a replay.

    `scores` are absolute residuals divided by the spread expected at their step, pooled over
    steps and origins (normalised split conformal, Lei and others 2018). The pooled quantile is
    shrunk on the log scale to the usual one.
    """
    usual = USUAL_EXCESS * ndtri((1 + level) / 2)
    if len(scores) == 0:
        return usual
    rank = min(1.0, level * (1 + 1 / len(scores)))
    own = np.quantile(scores, rank)
    if own == 0:
        return 0.0
    share = origins / (origins + USUAL_ORIGINS)
    return float(np.exp(share * np.log(own) + (1 - share) * np.log(usual)))


def short_half_widths(working: np.ndarray, *, horizon: int, level: float) -> np.ndarray:
    """Half-widths for a history too short to replay: those of a random walk whose step size is
    estimated from the few changes seen, hence with Student's quantile."""
    changes = np.diff(working)
    size = np.sqrt(np.mean(changes**2))
    return stdtrit(len(changes), (1 + level) / 2) * size * np.sqrt(np.arange(1, horizon + 1))
