"""What a purchase model has to beat: nobody leaves, and the past rate goes on.

`own_rate`: each customer goes on at the own rate so far, x / T, with the Gamma(x, T) distribution
that the data alone give the rate. `mean_rate`: everybody buys at the mean rate of all, with the
gamma distribution of rates that has the mean and variance of the counts (method of moments).
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from retail_analytics.customers.clv.checks import Array
from retail_analytics.customers.clv.purchase_model import (
    PurchaseModel,
    count_coefficients,
    negative_binomial_cells,
    widened,
)

# A gamma of so large a shape has no spread left that would matter.
LARGEST_SHAPE = 1e4
# In time units: on the day of the first purchase nobody has a rate of their own yet.
SHORTEST_AGE = 0.1


def mean_rate_parameters(
    *, frequency: Array, age: Array, customer_count: Array
) -> dict[str, float]:
    """Shape r and scale alpha of the rates, from the mean and variance of grouped counts."""
    rate = (frequency @ customer_count) / (age @ customer_count)
    excess = customer_count @ ((frequency - rate * age) ** 2 - rate * age)
    spread = customer_count @ (rate * age) ** 2
    shape = min(spread / excess, LARGEST_SHAPE) if excess > 0 else LARGEST_SHAPE
    return {"r": float(shape), "alpha": float(shape / rate)}


@dataclass(frozen=True)
class PastRate(PurchaseModel):
    """Rates that never end; `is_own` says whose past counts."""

    name: str
    is_own: bool
    parameter_names: ClassVar[tuple[str, ...]] = ("r", "alpha")

    def rate_distribution(
        self, parameters: Array, *, frequency: Array, age: Array
    ) -> tuple[Array, Array]:
        if self.is_own:
            # A tiny shape stands for 0: who never came back is not expected.
            return np.maximum(frequency, 1e-9), np.maximum(age, SHORTEST_AGE)
        r, alpha = parameters
        return np.full_like(frequency, r), np.full_like(age, alpha)

    def starts(self, *, rate: float) -> list[Array]:
        return []

    def log_likelihood(
        self, parameters: Array, *, frequency: Array, recency: Array, age: Array
    ) -> tuple[Array, Array]:
        raise NotImplementedError(f"{self.name} is fitted by moments")

    def p_alive(self, parameters: Array, *, frequency: Array, recency: Array, age: Array) -> Array:
        return np.ones_like(frequency)

    def survival(self, parameters: Array, *, ahead: Array, frequency: Array, age: Array) -> Array:
        return np.ones_like(frequency)

    def purchase_rate(
        self, parameters: Array, *, ahead: Array, frequency: Array, age: Array
    ) -> Array:
        shape, scale = self.rate_distribution(parameters, frequency=frequency, age=age)
        return shape / scale

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
        shape, scale = self.rate_distribution(parameters, frequency=frequency, age=age)
        shape, scale = widened(shape, scale, rate_variance=rate_variance)
        counts, log_ways = count_coefficients(shape, edges=edges)
        cells = np.stack(
            [
                negative_binomial_cells(counts, log_ways, shape=shape, scale=scale, horizon=horizon)
                for horizon in horizons
            ]
        )
        cells[:, :, -1] += np.maximum(1 - cells.sum(axis=2), 0.0)
        return cells


OWN_RATE = PastRate(name="own_rate", is_own=True)
MEAN_RATE = PastRate(name="mean_rate", is_own=False)
