"""The learned blend: one weight a strategy, from what customers bought next.

A candidate's score is the sum of weight x rank feature (`strategies.Candidates.features`), so each
strategy's part is a column and the parts add up. Weights are not negative and add up to one, which
leaves the order as it is and makes them comparable with the fixed ones.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

RIDGE = 1e-4


def learn_weights(features: np.ndarray, is_bought: np.ndarray) -> np.ndarray | None:
    """Weights by strategy, not negative and adding up to 1; None when nothing can be learned.

    features: candidates x strategies. is_bought: candidates, whether the next basket held it. The
    weights are those of a logistic regression with a free level, bounded below by zero.
    """
    x = np.asarray(features, dtype=np.float64)
    y = np.asarray(is_bought, dtype=np.float64)
    if not len(y) or y.min() == y.max():
        return None

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        level, weights = parameters[0], parameters[1:]
        logit = level + x @ weights
        value = np.mean(np.logaddexp(0, logit) - y * logit) + RIDGE * weights @ weights
        error = (expit(logit) - y) / len(y)
        gradient = np.concatenate([[error.sum()], x.T @ error + 2 * RIDGE * weights])
        return value, gradient

    start = np.concatenate([[np.log(y.mean() / (1 - y.mean()))], np.full(x.shape[1], 0.5)])
    bounds = [(None, None)] + [(0, None)] * x.shape[1]
    fitted = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x[1:]
    return fitted / fitted.sum() if fitted.sum() > 0 else None
