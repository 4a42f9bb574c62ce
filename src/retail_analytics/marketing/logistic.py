"""Logistic regression on grouped rows with a ridge, by Newton's method."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

Array = NDArray[np.float64]

MAX_STEPS = 60
NO_CHANGE = 1e-9


def fit_logit(
    x: Array, won: Array, lost: Array, *, ridge: Array | float, start: Array | None = None
) -> tuple[Array, Array]:
    """Coefficients that maximise the penalised likelihood, and the information at them.

    Parameters
    ----------
    x : array, row x feature
        With a column of ones where a level is wanted.
    won, lost : arrays, row
        Cases of each outcome.
    ridge : float or array, feature
        Penalty on half the square of each coefficient; with a ridge above 0 on every feature but
        the level the fit exists whatever the data.
    start : array, feature, optional

    Returns
    -------
    (coefficients, information): feature; feature x feature, the ridge included.

    Source: le Cessie and van Houwelingen (1992).
    """
    penalty = np.broadcast_to(np.asarray(ridge, dtype=float), (x.shape[1],))
    cases = won + lost
    beta = np.zeros(x.shape[1]) if start is None else start.astype(float)

    def likelihood(beta: Array) -> float:
        odds = x @ beta
        return float(won @ odds - cases @ np.logaddexp(0.0, odds) - penalty @ beta**2 / 2)

    reached = likelihood(beta)
    information = np.eye(x.shape[1])
    for _ in range(MAX_STEPS):
        chance = expit(x @ beta)
        information = (x * (cases * chance * (1 - chance))[:, None]).T @ x + np.diag(penalty)
        gradient = x.T @ (won - cases * chance) - penalty * beta
        step = np.linalg.solve(information, gradient)
        while (new := likelihood(beta + step)) < reached and np.abs(step).max() > NO_CHANGE:
            step = step / 2
        beta, reached = beta + step, new
        if np.abs(step).max() <= NO_CHANGE:
            break
    return beta, information
