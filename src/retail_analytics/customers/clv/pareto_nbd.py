"""Pareto/NBD: buying as a Poisson process, departure after an exponential lifetime.

Schmittlein, Morrison and Colombo (1987), "Counting your customers: who are they and what will they
do next?", Management Science 33(1); Fader and Hardie (2005), "A note on deriving the Pareto/NBD
model and related expressions". Parameters r, alpha (gamma over buying rates), s, beta (gamma over
departure rates).

The likelihood of having left between the last purchase and now is integrated over the time of
departure instead of being written as a difference of two hypergeometric functions: all terms are
positive, so nothing cancels for alpha close to beta nor overflows for many purchases.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.polynomial.legendre import leggauss
from scipy.special import digamma, gammaln

from retail_analytics.customers.clv.checks import Array
from retail_analytics.customers.clv.purchase_model import (
    PurchaseModel,
    count_coefficients,
    negative_binomial_cells,
    widened,
)

_NODES, _WEIGHTS = leggauss(24)
UNIT_NODES, UNIT_WEIGHTS = (_NODES + 1) / 2, _WEIGHTS / 2
# The integral is cut where the integrand has fallen by this many nats.
NEGLIGIBLE_NATS = 40.0


@dataclass(frozen=True)
class _Departure:
    """Log likelihood of having left, and the share of each possible time y of departure in it.

    `log_alpha` and `log_beta` are log(alpha + y) and log(beta + y); histories x times.
    """

    log_integral: Array
    share: Array
    log_alpha: Array
    log_beta: Array


@dataclass(frozen=True)
class ParetoNBD(PurchaseModel):
    """The model with a gamma mixture over both rates."""

    name: str = "pareto_nbd"
    parameter_names: ClassVar[tuple[str, ...]] = ("r", "alpha", "s", "beta")

    def starts(self, *, rate: float) -> list[Array]:
        return [
            np.array([r, r / rate, s, beta])
            for r, s, beta in [(0.5, 0.5, 0.5), (0.25, 1.0, 2.0), (1.0, 0.3, 1.0), (2.0, 2.0, 4.0)]
        ]

    def time_scale(self, parameters: Array, *, age: Array) -> Array:
        return parameters[3] + age

    def _departure(
        self, parameters: Array, *, frequency: Array, recency: Array, age: Array
    ) -> _Departure:
        """Integral over y from recency to age of s (alpha + y)^-(r + x) (beta + y)^-(s + 1)."""
        r, alpha, s, beta = parameters
        bought, left = r + frequency, np.full_like(frequency, s + 1)
        low, high = min(alpha, beta), max(alpha, beta)
        low_power, high_power = (bought, left) if alpha <= beta else (left, bought)
        # Over w = log((low + y) / (low + recency)) the integrand has no corner, however small low.
        reach = np.log((low + age) / (low + recency))
        slow = np.maximum(low_power - 1, 1e-9)
        growth = (
            (high + recency)
            / (low + recency)
            * np.expm1(np.minimum(NEGLIGIBLE_NATS / high_power, 600.0))
        )
        end = np.minimum(np.minimum(reach, NEGLIGIBLE_NATS / slow), np.log1p(growth))
        w = end[:, None] * UNIT_NODES
        step = (low + recency)[:, None] * np.expm1(w)
        log_alpha = np.log((alpha + recency)[:, None] + step)
        log_beta = np.log((beta + recency)[:, None] + step)
        log_value = w - bought[:, None] * log_alpha - (s + 1) * log_beta
        top = log_value.max(axis=1)
        value = np.exp(log_value - top[:, None]) * UNIT_WEIGHTS
        total = value.sum(axis=1)
        # A customer who bought just now cannot have left since: a length of 0 is no length at all.
        log_length = np.log(np.maximum(end, np.finfo(float).tiny))
        log_integral = np.log(s) + np.log(low + recency) + top + np.log(total) + log_length
        return _Departure(log_integral, value / total[:, None], log_alpha, log_beta)

    def _log_alive(self, parameters: Array, *, frequency: Array, age: Array) -> Array:
        r, alpha, s, beta = parameters
        return -(r + frequency) * np.log(alpha + age) - s * np.log(beta + age)

    def log_likelihood(
        self, parameters: Array, *, frequency: Array, recency: Array, age: Array
    ) -> tuple[Array, Array]:
        r, alpha, s, beta = parameters
        bought = r + frequency
        departure = self._departure(parameters, frequency=frequency, recency=recency, age=age)
        log_alive = self._log_alive(parameters, frequency=frequency, age=age)
        log_either = np.logaddexp(log_alive, departure.log_integral)
        value = gammaln(bought) - gammaln(r) + r * np.log(alpha) + s * np.log(beta) + log_either

        alive = np.exp(log_alive - log_either)
        left = 1 - alive

        def mean_if_left(values: Array) -> Array:
            return np.einsum("ij,ij->i", departure.share, values)

        by_r = digamma(bought) - digamma(r) + np.log(alpha)
        by_r -= alive * np.log(alpha + age) + left * mean_if_left(departure.log_alpha)
        by_alpha = r / alpha - bought * (
            alive / (alpha + age) + left * mean_if_left(np.exp(-departure.log_alpha))
        )
        by_s = np.log(beta) + left / s
        by_s -= alive * np.log(beta + age) + left * mean_if_left(departure.log_beta)
        by_beta = s / beta - alive * s / (beta + age)
        by_beta -= (s + 1) * left * mean_if_left(np.exp(-departure.log_beta))
        return value, np.column_stack([by_r * r, by_alpha * alpha, by_s * s, by_beta * beta])

    def p_alive(self, parameters: Array, *, frequency: Array, recency: Array, age: Array) -> Array:
        departure = self._departure(parameters, frequency=frequency, recency=recency, age=age)
        log_alive = self._log_alive(parameters, frequency=frequency, age=age)
        return np.exp(log_alive - np.logaddexp(log_alive, departure.log_integral))

    def survival(self, parameters: Array, *, ahead: Array, frequency: Array, age: Array) -> Array:
        _, _, s, beta = parameters
        return np.exp(-s * np.log1p(ahead / (beta + age)))

    def purchase_rate(
        self, parameters: Array, *, ahead: Array, frequency: Array, age: Array
    ) -> Array:
        r, alpha, _, _ = parameters
        alive = self.survival(parameters, ahead=ahead, frequency=frequency, age=age)
        return (r + frequency) / (alpha + age) * alive

    def count_cells(
        self,
        parameters: Array,
        *,
        horizons: Array,
        frequency: Array,
        age: Array,
        edges: Array,
        rate_variance: float = 0.0,
    ) -> Array:
        # Either the customer stays for the whole horizon, or leaves at some time within it. That
        # time is integrated piece by piece: between horizons and the halves of the longest one.
        r, alpha, s, beta = parameters
        shape, scale = widened(r + frequency, alpha + age, rate_variance=rate_variance)
        counts, log_ways = count_coefficients(shape, edges=edges)
        # The more purchases there may be, the more times it takes to tell their numbers apart.
        nodes, weights = leggauss(4 + len(edges) // 40)
        cells = np.empty((len(horizons), len(frequency), len(edges)))
        gone = np.zeros((len(frequency), len(edges)))
        before = np.ones(len(frequency))
        for end in np.union1d(horizons, horizons.max() / [2, 4, 8]):
            stays = self.survival(parameters, ahead=end, frequency=frequency, age=age)
            for node, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
                share = np.maximum(before - node * (before - stays), np.finfo(float).tiny)
                leaves = (beta + age) * np.expm1(-np.log(share) / s)
                gone += (weight * (before - stays))[:, None] * negative_binomial_cells(
                    counts, log_ways, shape=shape, scale=scale, horizon=leaves
                )
            bought = negative_binomial_cells(
                counts, log_ways, shape=shape, scale=scale, horizon=end
            )
            cells[horizons == end] = gone + stays[:, None] * bought
            before = stays
        cells[:, :, -1] += np.maximum(1 - cells.sum(axis=2), 0.0)
        return cells


PARETO_NBD = ParetoNBD()
