"""The mean of (1 + z p)^-power over a beta distribution of p, for any power and any z >= 0.

It is the Gauss hypergeometric function 2F1(power, a; a + b; -z) (Abramowitz and Stegun 15.3.1).
"""

import numpy as np
from scipy.special import hyp2f1

from retail_analytics.customers.clv.checks import Array

NODES = 32


def mean_of_power(z: Array, *, power: Array, a: float, b: Array) -> Array:
    """E[(1 + z p)^-power] with p ~ Beta(a, b); arrays of one shape, a value in [0, 1] each."""
    z, power, b = np.broadcast_arrays(z, np.asarray(power, float), np.asarray(b, float))
    # Pfaff's transformation (15.3.4) keeps the argument in [0, 1).
    with np.errstate(all="ignore"):
        mean = (1 + z) ** -a * hyp2f1(a + b - power, a, a + b, z / (1 + z))
    # The library's series gives up where a or b is large, that is where p hardly varies: there a
    # Gauss rule for the beta distribution needs few points.
    lost = ~(np.isfinite(mean) & (mean >= 0) & (mean <= 1 + 1e-9))
    if lost.any():
        known, member = np.unique(b[lost], return_inverse=True)
        points, weights = _beta_rule(a, known)
        log_value = -power[lost, None] * np.log1p(z[lost, None] * points[member])
        mean[lost] = (weights[member] * np.exp(log_value)).sum(axis=1)
    return np.minimum(mean, 1.0)


def _beta_rule(a: float, b: Array) -> tuple[Array, Array]:
    """Points and weights of the Gauss-Jacobi rule for each Beta(a, b): both b x NODES.

    From the eigenvalues of the recurrence (Golub and Welsch 1969), which no gamma function can
    overflow.
    """
    degree = np.arange(NODES, dtype=float)
    total = a + b[:, None]
    middle = 2 * degree + total
    diagonal = np.full((len(b), NODES), a / total)
    diagonal[:, 1:] = (1 + (a - b[:, None]) * (total - 2) / (middle * (middle - 2))[:, 1:]) / 2
    inner = degree[1:]
    squares = inner * (inner + a - 1) * (inner + b[:, None] - 1)
    squares /= (middle[:, 1:] - 2) ** 2 * (middle[:, 1:] - 1)
    # For the first degree these factors cancel, and would be 0 / 0 for a + b = 1.
    squares[:, 1:] *= (inner[1:] + total - 2) / (middle[:, 2:] - 3)
    matrix = np.zeros((len(b), NODES, NODES))
    matrix[:, range(NODES), range(NODES)] = diagonal
    matrix[:, range(1, NODES), range(NODES - 1)] = np.sqrt(squares)
    points, vectors = np.linalg.eigh(matrix)
    return np.clip(points, 0.0, 1.0), vectors[:, 0, :] ** 2
