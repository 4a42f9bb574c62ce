"""BG/NBD and MBG/NBD: buying as a Poisson process, departure by the toss of a coin at a purchase.

Fader, Hardie and Lee (2005), "Counting your customers the easy way", Marketing Science 24(2), for
the BG/NBD, where the coin is tossed after each repeat purchase; Batislam, Denizel and Filiztekin
(2007), IJRM 24(3), and Hoppe and Wagner (2007), Marketing JRM 3, for the MBG/NBD, where it is also
tossed after the first. Parameters r, alpha (gamma over buying rates), a, b (beta over the
probability to leave).

The two differ in one number: the tosses survived by a customer alive now are `frequency` in the one
and `frequency + 1` in the other. Given that, rate and leaving probability of a customer alive now
are independent, Gamma(r + x, alpha + T) and Beta(a, b + tosses), which gives every formula below.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import betaln, digamma, expit, gammaln

from retail_analytics.customers.clv.beta_mean import mean_of_power
from retail_analytics.customers.clv.checks import Array
from retail_analytics.customers.clv.purchase_model import (
    PurchaseModel,
    count_coefficients,
    negative_binomial_cells,
    widened,
)


@dataclass(frozen=True)
class BetaGeometric(PurchaseModel):
    """Either model; `first_toss` is 1 where a customer may leave right after the first purchase."""

    name: str
    first_toss: int
    parameter_names: ClassVar[tuple[str, ...]] = ("r", "alpha", "a", "b")

    def starts(self, *, rate: float) -> list[Array]:
        return [
            np.array([r, r / rate, a, b])
            for r, a, b in [(0.25, 0.8, 2.5), (0.5, 0.5, 5.0), (1.0, 1.0, 1.5), (2.0, 0.2, 3.0)]
        ]

    def _log_odds_left(
        self, parameters: Array, *, frequency: Array, recency: Array, age: Array
    ) -> Array:
        r, alpha, a, b = parameters
        tosses = frequency + self.first_toss
        # Without a toss nobody can have left; the 1 only keeps the logarithm defined there.
        log_toss = np.log(a) - np.log(np.where(tosses > 0, b + tosses - 1, 1.0))
        silence = (r + frequency) * np.log((alpha + age) / (alpha + recency))
        return np.where(tosses > 0, log_toss + silence, -np.inf)

    def log_likelihood(
        self, parameters: Array, *, frequency: Array, recency: Array, age: Array
    ) -> tuple[Array, Array]:
        r, alpha, a, b = parameters
        shape, kept = r + frequency, b + frequency + self.first_toss
        log_odds = self._log_odds_left(parameters, frequency=frequency, recency=recency, age=age)
        value = (
            gammaln(shape)
            - gammaln(r)
            + r * np.log(alpha)
            - shape * np.log(alpha + age)
            + betaln(a, kept)
            - betaln(a, b)
            + np.logaddexp(0.0, log_odds)
        )
        left = expit(log_odds)
        by_r = digamma(shape) - digamma(r) + np.log(alpha / (alpha + age))
        by_r += left * np.log((alpha + age) / (alpha + recency))
        by_alpha = r / alpha - shape * ((1 - left) / (alpha + age) + left / (alpha + recency))
        both = digamma(a + b) - digamma(a + kept)
        by_a = both + left / a
        by_b = both + digamma(kept) - digamma(b) - left / np.where(kept > b, kept - 1, 1.0)
        return value, np.column_stack([by_r * r, by_alpha * alpha, by_a * a, by_b * b])

    def p_alive(self, parameters: Array, *, frequency: Array, recency: Array, age: Array) -> Array:
        return expit(
            -self._log_odds_left(parameters, frequency=frequency, recency=recency, age=age)
        )

    def survival(self, parameters: Array, *, ahead: Array, frequency: Array, age: Array) -> Array:
        r, alpha, a, b = parameters
        return mean_of_power(
            ahead / (alpha + age), power=r + frequency, a=a, b=b + frequency + self.first_toss
        )

    def purchase_rate(
        self, parameters: Array, *, ahead: Array, frequency: Array, age: Array
    ) -> Array:
        r, alpha, a, b = parameters
        kept = b + frequency + self.first_toss
        shape, scale = r + frequency, alpha + age
        return shape / scale * mean_of_power(ahead / scale, power=shape + 1, a=a, b=kept)

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
        # The count is the smaller of a negative binomial one and, independent of it, the
        # beta-geometric number of the purchase after which the customer leaves.
        r, alpha, a, b = parameters
        known, member = np.unique(frequency, return_inverse=True)
        kept = (b + known + self.first_toss)[:, None]
        stays = np.ones((len(known), len(edges)))
        stays[:, 1:] = np.exp(betaln(a, kept + edges[1:] - 1) - betaln(a, kept))
        stays = stays[member]
        shape, scale = widened(r + frequency, alpha + age, rate_variance=rate_variance)
        counts, log_ways = count_coefficients(shape, edges=edges)
        cells = np.empty((len(horizons), *stays.shape))
        for row, horizon in zip(cells, horizons, strict=True):
            bought = negative_binomial_cells(
                counts, log_ways, shape=shape, scale=scale, horizon=horizon
            )
            at_least = stays.copy()
            at_least[:, 1:] *= np.maximum(1 - np.cumsum(bought, axis=1)[:, :-1], 0.0)
            row[:, :-1] = at_least[:, :-1] - at_least[:, 1:]
            row[:, -1] = at_least[:, -1]
        return cells


BG_NBD = BetaGeometric(name="bg_nbd", first_toss=0)
MBG_NBD = BetaGeometric(name="mbg_nbd", first_toss=1)
