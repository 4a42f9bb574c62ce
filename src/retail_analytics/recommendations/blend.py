"""The learned blend: one weight a strategy, from what customers bought next.

A candidate's score is the sum of weight x rank feature (`strategies.Candidates.features`), so each
strategy's part is a column and the parts add up. Weights are not negative and add up to one, which
leaves the order as it is and makes them comparable with the fixed ones.
"""

import numpy as np
from scipy.optimize import minimize

RIDGE = 1e-4


def learn_weights(
    row: np.ndarray, features: np.ndarray, is_bought: np.ndarray
) -> np.ndarray | None:
    """Weights by strategy, not negative and adding up to 1; None when nothing can be learned.

    row: customer of each candidate, sorted. features: candidates x strategies. is_bought:
    candidates, whether the next basket held it. The weights are those of a conditional logit: what
    was bought is chosen among the customer's candidates by the softmax of the score, each customer
    counting once; bounded below by zero. Customers without any hit say nothing.
    """
    hits = np.bincount(row, weights=is_bought, minlength=int(row.max(initial=-1)) + 1)
    told = hits[row] > 0
    if not told.any():
        return None
    row, x = row[told], np.asarray(features[told], dtype=np.float64)
    start = np.flatnonzero(np.concatenate([[True], row[1:] != row[:-1]]))
    size = np.diff(np.concatenate([start, [len(row)]]))
    wanted = np.asarray(is_bought[told], dtype=np.float64) / hits[row]

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        score = x @ weights
        top = np.maximum.reduceat(score, start)
        odds = np.exp(score - np.repeat(top, size))
        total = np.add.reduceat(odds, start)
        chance = odds / np.repeat(total, size)
        value = (np.log(total) + top).sum() - wanted @ score
        gradient = x.T @ (chance - wanted)
        count = len(start)
        return value / count + RIDGE * weights @ weights, gradient / count + 2 * RIDGE * weights

    bounds = [(0, None)] * x.shape[1]
    fitted = minimize(loss, np.ones(x.shape[1]), jac=True, method="L-BFGS-B", bounds=bounds).x
    return fitted / fitted.sum() if fitted.sum() > 0 else None
