"""The mean of (1 + z p)^-power over a beta distribution of p, for any power and any z >= 0.

It is the Gauss hypergeometric function 2F1(power, a; a + b; -z) (Abramowitz and Stegun 15.3.1).
"""

import numpy as np
from numpy.polynomial.legendre import leggauss
from scipy.special import betaln, hyp2f1

from retail_analytics.clv.checks import Array

_NODES, _WEIGHTS = leggauss(400)


def mean_of_power(z: Array, *, power: Array, a: float, b: Array) -> Array:
    """E[(1 + z p)^-power] with p ~ Beta(a, b); arrays of one shape, a value in [0, 1] each."""
    z, power, b = np.broadcast_arrays(z, np.asarray(power, float), np.asarray(b, float))
    # Pfaff's transformation (15.3.4) keeps the argument in [0, 1).
    with np.errstate(all="ignore"):
        mean = (1 + z) ** -a * hyp2f1(a + b - power, a, a + b, z / (1 + z))
    # Where b is large and z too the library's series gives up; there the integral is easy.
    lost = ~(np.isfinite(mean) & (mean >= 0) & (mean <= 1 + 1e-9))
    if lost.any():
        mean[lost] = _by_quadrature(z[lost], power=power[lost], a=a, b=b[lost])
    return np.minimum(mean, 1.0)


def _by_quadrature(z: Array, *, power: Array, a: float, b: Array) -> Array:
    """The same by integrating over v = -log(p), for b of at least 1."""
    # Beyond this v neither factor moves any more and exp(-a v) is left, which integrates to 1 / a.
    end = np.log(1 + z * power + b) + 25
    v = end[:, None] * (_NODES + 1) / 2
    p = np.exp(-v)
    log_value = (
        -a * v
        + (b - 1)[:, None] * np.log1p(-p)
        - power[:, None] * np.log1p(z[:, None] * p)
        - betaln(a, b)[:, None]
    )
    inner = (np.exp(log_value) * _WEIGHTS).sum(axis=1) * end / 2
    return inner + np.exp(-a * end - betaln(a, b)) / a
