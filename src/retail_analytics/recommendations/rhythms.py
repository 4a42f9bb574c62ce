"""When a customer buys a product again: a rate for each pair, a regularity for each product.

Days from one purchase of a product to the next are gamma with a shape (regularity) and a rate of
the pair, both shrunk towards the product: the shape by the spread of the gaps' logs, the rate by a
gamma prior. A shape of 1 is the gamma-Poisson; coffee bought every
thirty days has a larger one. After each purchase the pair may have ended, with a chance of the
product: who is long overdue is less and less likely to come.

With n gaps that add up to T days, shape k and prior (a, b), the next gap x has
P(x <= t) = I_{t / (t + b + T)}(k, a + n k), the regularised incomplete beta function.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import betainc, betaincinv, gammaln, polygamma

FEWEST_PURCHASES = 2
LARGEST_SHAPE = 60.0
SMALLEST_SHAPE = 1.0
# gaps of all products that weigh as much as a product's own
SHAPE_PRIOR_GAPS = 20.0
MEAN_PRIOR_GAPS = 10.0
# gaps of the product that weigh as much as the pair's own
PAIR_PRIOR_GAPS = 2.0
STOP_PRIOR_PURCHASES = 20.0
QUANTITY_PRIOR_PURCHASES = 3.0
PRIOR_STRENGTHS = (1.5, 2.0, 3.0, 4.0, 6.0, 9.0, 15.0, 30.0, 60.0)
MOST_FITTED_PAIRS = 20_000
STOP_ROUNDS = 30
LEVEL = 0.80


@dataclass(frozen=True)
class Pairs:
    """One entry per customer and product bought on at least two days.

    product: number. gaps: days of purchase less one. gap_days: from first to last. log_gap_sum,
    log_gap_square_sum: sums of the gaps' logs and of their squares. elapsed: days since the last
    purchase. quantity: mean units per purchase.
    """

    product: np.ndarray
    gaps: np.ndarray
    gap_days: np.ndarray
    log_gap_sum: np.ndarray
    log_gap_square_sum: np.ndarray
    elapsed: np.ndarray
    quantity: np.ndarray

    @property
    def size(self) -> int:
        """Number of pairs."""
        return len(self.product)


@dataclass(frozen=True)
class Rhythms:
    """By product: spread of gaps, mean gap in days, chance that a purchase is the last.

    log_variance: variance of the log of a pair's gaps, of the product. prior_strength: the prior's
    a, one for all; its b follows from the mean gap: (a - 1) mean / shape.
    """

    log_variance: np.ndarray
    mean_gap: np.ndarray
    stop_chance: np.ndarray
    quantity: np.ndarray
    prior_strength: float


def pair_shapes(pairs: Pairs, log_variance: np.ndarray) -> np.ndarray:
    """Shape of each pair: the spread of its own gaps, shrunk towards that of the product's
    pairs."""
    gaps = pairs.gaps.astype(float)
    squares = np.maximum(pairs.log_gap_square_sum - pairs.log_gap_sum**2 / gaps, 0)
    own = log_variance[pairs.product]
    return shape_of_log_variance((squares + PAIR_PRIOR_GAPS * own) / (gaps - 1 + PAIR_PRIOR_GAPS))


def fit_rhythms(pairs: Pairs, *, products: int) -> Rhythms:
    """Learns regularity, mean gap and stopping of each product, all shrunk to those of all."""
    gaps = pairs.gaps.astype(float)

    def added(values: np.ndarray, which: np.ndarray | slice = slice(None)) -> np.ndarray:
        return np.bincount(pairs.product[which], weights=values, minlength=products)

    mean_of_all = max(pairs.gap_days.sum() / max(gaps.sum(), 1), 1.0)
    mean_gap = (added(pairs.gap_days) + MEAN_PRIOR_GAPS * mean_of_all) / (
        added(gaps) + MEAN_PRIOR_GAPS
    )
    several = np.flatnonzero(gaps >= 2)
    squares = pairs.log_gap_square_sum[several] - pairs.log_gap_sum[several] ** 2 / gaps[several]
    freedom = gaps[several] - 1
    # without any pair of two gaps nothing is known of regularity: the gamma-Poisson
    variance_of_all = squares.sum() / freedom.sum() if len(several) else float(polygamma(1, 1.0))
    variance = (added(squares, several) + SHAPE_PRIOR_GAPS * variance_of_all) / (
        added(freedom, several) + SHAPE_PRIOR_GAPS
    )
    shape = pair_shapes(pairs, variance)
    quantity_of_all = pairs.quantity.mean() if pairs.size else 1.0
    purchases = gaps + 1
    quantity = (added(pairs.quantity * purchases) + QUANTITY_PRIOR_PURCHASES * quantity_of_all) / (
        added(purchases) + QUANTITY_PRIOR_PURCHASES
    )
    strength, stop = fit_prior(pairs, shape=shape, mean_gap=mean_gap, products=products)
    return Rhythms(
        log_variance=variance,
        mean_gap=mean_gap,
        stop_chance=stop,
        quantity=quantity,
        prior_strength=strength,
    )


def shape_of_log_variance(variance: np.ndarray) -> np.ndarray:
    """Shape of a gamma whose logarithm has this variance (trigamma), within the limits."""
    limits = [float(polygamma(1, shape)) for shape in (LARGEST_SHAPE, SMALLEST_SHAPE)]
    grid = np.geomspace(SMALLEST_SHAPE, LARGEST_SHAPE, 400)
    return np.interp(np.clip(variance, *limits), polygamma(1, grid)[::-1], grid[::-1])


def fit_prior(
    pairs: Pairs, *, shape: np.ndarray, mean_gap: np.ndarray, products: int
) -> tuple[float, np.ndarray]:
    """Prior strength by likelihood over a grid, and each product's chance of having stopped."""
    if not pairs.size:
        return PRIOR_STRENGTHS[2], np.full(products, 0.5)
    step = max(1, -(-pairs.size // MOST_FITTED_PAIRS))
    some = np.arange(0, pairs.size, step)
    best, strength = -np.inf, PRIOR_STRENGTHS[0]
    for candidate in PRIOR_STRENGTHS:
        value = log_likelihood(pairs, some, shape=shape, mean_gap=mean_gap, strength=candidate)
        if value > best:
            best, strength = value, candidate
    k = shape
    b = (strength - 1) * mean_gap[pairs.product] / k
    survival = gap_survival(pairs.elapsed, k=k, a=strength + pairs.gaps * k, b=b + pairs.gap_days)
    chances = pairs.gaps.astype(float)
    stop = np.full(products, 0.3)
    of_all = 0.3
    for _ in range(STOP_ROUNDS):
        own = stop[pairs.product]
        stopped = own / (own + (1 - own) * survival)
        of_all = stopped.sum() / chances.sum()
        stop = (
            np.bincount(pairs.product, weights=stopped, minlength=products)
            + STOP_PRIOR_PURCHASES * of_all
        ) / (np.bincount(pairs.product, weights=chances, minlength=products) + STOP_PRIOR_PURCHASES)
        stop = np.clip(stop, 1e-6, 1 - 1e-6)
    return strength, stop


def log_likelihood(
    pairs: Pairs, some: np.ndarray, *, shape: np.ndarray, mean_gap: np.ndarray, strength: float
) -> float:
    """Log likelihood of the completed gaps of some pairs, up to what no strength changes."""
    k, n = shape[some], pairs.gaps[some].astype(float)
    b = (strength - 1) * mean_gap[pairs.product[some]] / k
    terms = (
        strength * np.log(b)
        - gammaln(strength)
        + gammaln(strength + n * k)
        - (strength + n * k) * np.log(b + pairs.gap_days[some])
    )
    return float(terms.sum())


def gap_survival(days: np.ndarray, *, k: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """P(next gap > days)."""
    return 1 - betainc(k, a, days / (days + b))


@dataclass(frozen=True)
class NextPurchases:
    """By pair: usual gap with interval, days until the next with interval, chances, quantity.

    The days ahead hold for pairs that go on; the chances count that a pair may have ended.
    """

    usual_gap: np.ndarray
    usual_gap_lower: np.ndarray
    usual_gap_upper: np.ndarray
    days_ahead: np.ndarray
    days_ahead_lower: np.ndarray
    days_ahead_upper: np.ndarray
    chances: dict[int, np.ndarray]
    quantity: np.ndarray
    stopped_chance: np.ndarray


def posterior(pairs: Pairs, rhythms: Rhythms) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shape of each pair's gaps, and shape and rate of what is known of their own rate."""
    k = pair_shapes(pairs, rhythms.log_variance)
    a = rhythms.prior_strength + pairs.gaps * k
    b = (rhythms.prior_strength - 1) * rhythms.mean_gap[pairs.product] / k + pairs.gap_days
    return k, a, b


def next_chances(
    pairs: Pairs, rhythms: Rhythms, *, horizon: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """By pair: the chance of a purchase within so many days; and of pairs that go on, the share of
    next purchases that would have come by now, and by then."""
    k, a, b = posterior(pairs, rhythms)
    survival = gap_survival(pairs.elapsed, k=k, a=a, b=b)
    later = gap_survival(pairs.elapsed + horizon, k=k, a=a, b=b)
    stop = rhythms.stop_chance[pairs.product]
    chance = (1 - stop) * np.maximum(survival - later, 0) / (stop + (1 - stop) * survival)
    return chance, 1 - survival, 1 - later


def predict(
    pairs: Pairs, rhythms: Rhythms, *, horizons: tuple[int, ...], level: float = LEVEL
) -> NextPurchases:
    """What each pair is expected to do from today on."""
    k, a, b = posterior(pairs, rhythms)
    low, high = (1 - level) / 2, (1 + level) / 2
    survival = gap_survival(pairs.elapsed, k=k, a=a, b=b)
    stop = rhythms.stop_chance[pairs.product]
    going = (1 - stop) * survival
    alive = going / (stop + going)

    def ahead(share: float) -> np.ndarray:
        # of those that go on, the day until which this share has come
        reached = np.clip(1 - survival * (1 - share), 0, 1 - 1e-12)
        y = np.clip(betaincinv(k, a, reached), 0, 1 - 1e-12)
        return np.maximum(b * y / (1 - y) - pairs.elapsed, 0)

    def usual(share: float) -> np.ndarray:
        y = betaincinv(k, a, share)
        return b * y / (1 - y)

    chances = {
        horizon: alive
        * np.clip(
            1 - gap_survival(pairs.elapsed + horizon, k=k, a=a, b=b) / np.maximum(survival, 1e-300),
            0,
            1,
        )
        for horizon in horizons
    }
    mean_quantity = (
        pairs.quantity * (pairs.gaps + 1)
        + QUANTITY_PRIOR_PURCHASES * rhythms.quantity[pairs.product]
    ) / (pairs.gaps + 1 + QUANTITY_PRIOR_PURCHASES)
    return NextPurchases(
        usual_gap=k * b / np.maximum(a - 1, 0.5),
        usual_gap_lower=usual(low),
        usual_gap_upper=usual(high),
        days_ahead=ahead(0.5),
        days_ahead_lower=ahead(low),
        days_ahead_upper=ahead(high),
        chances=chances,
        quantity=mean_quantity,
        stopped_chance=1 - alive,
    )
