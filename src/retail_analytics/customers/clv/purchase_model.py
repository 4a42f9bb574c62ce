"""What the purchase models share: a customer buys at a rate of his own until he silently leaves.

Every model is a frozen object without data. Its parameters are an array in the order of
`parameter_names`; histories are arrays of one length: `frequency` (repeat purchases after the
first), `recency` (time of the last purchase since the first) and `age` (time observed since the
first), in any one time unit. Rates, horizons and parameters are in that unit.
"""

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
from numpy.polynomial.legendre import leggauss
from scipy.special import gammaln

from retail_analytics.customers.clv.checks import Array

_NODES, _WEIGHTS = leggauss(16)
UNIT_NODES, UNIT_WEIGHTS = (_NODES + 1) / 2, _WEIGHTS / 2


class PurchaseModel(ABC):
    """A model of repeat purchases and silent departure."""

    name: str
    parameter_names: ClassVar[tuple[str, ...]]
    # Parameters that are times: multiplied when the time unit is divided.
    time_parameters: ClassVar[tuple[str, ...]] = ("alpha", "beta")

    @abstractmethod
    def starts(self, *, rate: float) -> list[Array]:
        """Deterministic starting values for customers of mean age 1 who buy at `rate`."""

    @abstractmethod
    def log_likelihood(
        self, parameters: Array, *, frequency: Array, recency: Array, age: Array
    ) -> tuple[Array, Array]:
        """Log likelihood of each history, and its derivatives by the log parameters.

        The derivatives are histories x parameters.
        """

    @abstractmethod
    def p_alive(self, parameters: Array, *, frequency: Array, recency: Array, age: Array) -> Array:
        """Probability that each customer has not left; it never falls when recency rises."""

    @abstractmethod
    def survival(self, parameters: Array, *, ahead: Array, frequency: Array, age: Array) -> Array:
        """Probability of being alive `ahead` time units from now, for one who is alive now."""

    @abstractmethod
    def purchase_rate(
        self, parameters: Array, *, ahead: Array, frequency: Array, age: Array
    ) -> Array:
        """Expected purchases per time unit `ahead` from now, for one who is alive now."""

    @abstractmethod
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
        """P(purchases in (now, now + horizon] fall in a cell | alive now).

        Cell j holds counts from `edges[j]` up to but not including `edges[j + 1]`, the last cell
        all the rest; `edges` starts at 0 and has one whole step. Horizons x histories x cells.
        rate_variance: see `widened`.
        """

    def rate_distribution(
        self, parameters: Array, *, frequency: Array, age: Array
    ) -> tuple[Array, Array]:
        """Shape and scale (a time) of the gamma distributed rate of one who is alive now."""
        return parameters[0] + frequency, parameters[1] + age

    def time_scale(self, parameters: Array, *, age: Array) -> Array:
        """Time over which the purchase rate changes, for the steps of the integral."""
        return parameters[1] + age

    def expected_purchases(
        self,
        parameters: Array,
        *,
        horizon: float,
        frequency: Array,
        recency: Array,
        age: Array,
        discount_rate: float = 0.0,
    ) -> Array:
        """Expected purchases in (age, age + horizon] given the history, alive or not.

        With a `discount_rate` (continuous, per time unit) a purchase at time s counts exp(-rate s).
        The rate is integrated by 16 Gauss-Legendre nodes over log(1 + s / time_scale).
        """
        scale = np.asarray(self.time_scale(parameters, age=age), dtype=float)
        reach = np.log1p(horizon / scale)
        total = np.zeros_like(scale)
        for node, weight in zip(UNIT_NODES, UNIT_WEIGHTS, strict=True):
            ahead = scale * np.expm1(reach * node)
            rate = self.purchase_rate(parameters, ahead=ahead, frequency=frequency, age=age)
            total += weight * (scale + ahead) * rate * np.exp(-discount_rate * ahead)
        alive = self.p_alive(parameters, frequency=frequency, recency=recency, age=age)
        return alive * reach * total

    def expected_purchases_of_new(self, parameters: Array, *, horizon: float) -> float:
        """Expected repeat purchases of a new customer in the `horizon` after the first purchase."""
        zero = np.zeros(1)
        return float(
            self.expected_purchases(
                parameters, horizon=horizon, frequency=zero, recency=zero, age=zero
            )[0]
        )


def widened(shape: Array, scale: Array, *, rate_variance: float) -> tuple[Array, Array]:
    """The gamma distributed rate times a factor of mean 1 and this variance, as a gamma again.

    Habits change, and a time to come is better or worse than those before for all alike: a rate
    known from many purchases is less sure ahead than behind. The mean of the rate stays.
    """
    less = 1 + shape * rate_variance
    return shape / less, scale / less


def count_coefficients(shape: Array, *, edges: Array) -> tuple[Array, Array]:
    """What negative binomial cells of these edges need whatever the horizon.

    `shape` has one value a history, few of them different. Returns the middle count of each cell
    and the logarithm of gamma(shape + n) / (gamma(shape) n!) x cell width there, histories x cells.
    """
    step = edges[1] - edges[0]
    counts = edges + (step - 1) / 2
    known, member = np.unique(shape, return_inverse=True)
    known = known[:, None]
    log_ways = gammaln(known + counts) - gammaln(known) - gammaln(counts + 1) + np.log(step)
    return counts, log_ways[member]


def negative_binomial_cells(
    counts: Array, log_ways: Array, *, shape: Array, scale: Array, horizon: float | Array
) -> Array:
    """P(count in each cell) of a Poisson count over `horizon` whose rate is Gamma(shape, scale)."""
    log_none = -shape * np.log1p(horizon / scale)
    log_ratio = np.log(horizon) - np.log(horizon + scale)
    cells = np.exp(log_ways + log_none[:, None] + log_ratio[:, None] * counts)
    if counts[1] - counts[0] > 1:
        # The middle stands for all counts of a cell, and the cells may add up to a little over 1.
        cells /= np.maximum(cells.sum(axis=1), 1.0)[:, None]
    return cells
