"""The predictive distribution of future purchases and spend, and its 80 % interval.

For each history the distribution of the number of purchases is exact given the parameters, and is
averaged over points that stand for the uncertainty of the fit. From it an even sample of futures is
taken, each with a spend drawn from the posterior of the spend model. All histories share the same
random numbers, so a result depends on the history, the fits and the seed, and on no other customer.

The interval is the shortest range that holds at least the level (the highest-density interval,
Hyndman 1996, The American Statistician 50(2)). Most customers buy nothing, so a range from zero is
usual, and where "nothing" alone is more likely than the level the range is that one point: an
equal-tailed interval of such a quantity would hold far more than it says. Where nothing at all is
less likely than either tail, the tails are equal: the shortest range of the best customers would
begin at 0, as if they might well have left.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaincinv

from retail_analytics.customers.clv.checks import Array
from retail_analytics.customers.clv.fit import Fit
from retail_analytics.customers.clv.purchase_model import PurchaseModel, widened

# More cells than this, and several counts share one.
MAX_CELLS = 512
FIRST_CELLS = 16
CELL_GROWTH = 1.5
# Histories held at a time, so that memory does not grow with them.
CHUNK_HISTORIES = 2_000


@dataclass(frozen=True)
class Interval:
    """Bounds, and the share of outcomes equal to `upper` by which the range exceeds its level.

    A range of counts cannot hold exactly 80 %. With `excess` taken off the outcomes that fall on
    the upper bound it does, which makes coverage measurable (randomised interval; compare Czado,
    Gneiting and Held 2009, Biometrics 65(4), on count forecasts).
    """

    lower: Array
    upper: Array
    excess: Array

    @classmethod
    def empty(cls, shape: tuple[int, ...]) -> "Interval":
        return cls(*(np.full(shape, np.nan) for _ in range(3)))


def shortest_interval(draws: Array, *, level: float) -> Interval:
    """The shortest range with at least `level` of the draws, each row sorted; ties go low."""
    return _interval_from(draws, _shortest(draws, level=level), level=level)


def likely_interval(draws: Array, *, level: float) -> Interval:
    """The shortest range, but with equal tails where 0 is less likely than a tail."""
    tail = (draws.shape[1] - _count_inside(draws, level=level)) // 2
    is_sure = (draws == 0).mean(axis=1) < (1 - level) / 2
    first = np.where(is_sure, tail, _shortest(draws, level=level))
    return _interval_from(draws, first, level=level)


def _shortest(draws: Array, *, level: float) -> Array:
    inside = _count_inside(draws, level=level)
    widths = draws[:, inside - 1 :] - draws[:, : draws.shape[1] - inside + 1]
    return widths.argmin(axis=1)


def _count_inside(draws: Array, *, level: float) -> int:
    return int(np.ceil(level * draws.shape[1] - 1e-9))


def _interval_from(draws: Array, first: Array, *, level: float) -> Interval:
    """The range that begins with the draw at `first` of each row."""
    inside, rows = _count_inside(draws, level=level), np.arange(len(draws))
    lower, upper = draws[rows, first], draws[rows, first + inside - 1]
    held = ((draws >= lower[:, None]) & (draws <= upper[:, None])).mean(axis=1)
    at_upper = (draws == upper[:, None]).mean(axis=1)
    return Interval(lower, upper, (held - level) / at_upper)


def even_numbers(size: int, *, dimensions: int, seed: int) -> Array:
    """Numbers in (0, 1), `size` x `dimensions`, that fill the cube evenly.

    The first column is the middle of `size` equal steps; the others follow the additive recurrence
    of the generalised golden ratio (Roberts 2018), shifted by the seed.
    """
    root = 2.0
    for _ in range(50):
        root = (1 + root) ** (1 / dimensions)
    shift = np.random.default_rng(seed).random(dimensions - 1)
    index = np.arange(size)[:, None]
    others = (shift + index * root ** -np.arange(1.0, dimensions)) % 1
    return np.hstack([(index + 0.5) / size, np.clip(others, 0.5 / size, 1 - 0.5 / size)])


def predict(
    distributions: Iterable[tuple[Array, Array, Array]],
    *,
    shape: tuple[int, int],
    sampler: "SpendSampler | None",
    purchase_count: Array,
    level: float,
    draws: int,
) -> tuple[Interval, Interval, Array]:
    """Intervals of the number of purchases and of the spend within each horizon, and its variance.

    distributions: what `count_distributions` yields; shape: horizons x histories, as of all arrays
    returned. Spend is in units of the customer's expected spend per purchase, whose posterior rests
    on `purchase_count` purchases; without a `sampler` (of as many draws) it is missing. Cost:
    histories x horizons x draws, in bounded chunks.
    """
    orders, spend = Interval.empty(shape), Interval.empty(shape)
    variance = np.full(shape, np.nan)
    for rows, edges, cells in distributions:
        counts = edges + (edges[1] - edges[0] - 1) / 2
        for step in range(len(cells)):
            cell = _sample_cells(cells[step], size=draws)
            _store(orders, likely_interval(counts[cell], level=level), step, rows)
            if sampler is not None:
                drawn = sampler.sums(counts)[cell, np.arange(draws)]
                drawn *= sampler.scales(purchase_count[rows])
                variance[step, rows] = drawn.var(axis=1)
                drawn.sort(axis=1)
                _store(spend, likely_interval(drawn, level=level), step, rows)
    return orders, spend, variance


def count_distributions(
    model: PurchaseModel,
    fit: Fit,
    *,
    horizons: Array,
    frequency: Array,
    recency: Array,
    age: Array,
    rate_variance: float = 0.0,
) -> Iterator[tuple[Array, Array, Array]]:
    """The distribution of the number of purchases, alive or not, in chunks of histories.

    Yields the rows of a chunk, the edges of its cells, and the probabilities, horizons x rows x
    cells as in `PurchaseModel.count_cells`.
    """
    points = fit.cubature()
    for members, edges in _buckets(
        model,
        fit.array,
        horizon=horizons.max(),
        frequency=frequency,
        age=age,
        rate_variance=rate_variance,
    ):
        for start in range(0, len(members), CHUNK_HISTORIES):
            rows = members[start : start + CHUNK_HISTORIES]
            cells = np.zeros((len(horizons), len(rows), len(edges)))
            for point in points:
                alive = model.p_alive(
                    point, frequency=frequency[rows], recency=recency[rows], age=age[rows]
                )
                cells += (alive / len(points))[:, None] * model.count_cells(
                    point,
                    horizons=horizons,
                    frequency=frequency[rows],
                    age=age[rows],
                    edges=edges,
                    rate_variance=rate_variance,
                )
            cells[:, :, 0] += np.maximum(1 - cells.sum(axis=2), 0.0)
            yield rows, edges, cells


def _store(target: Interval, values: Interval, step: int, rows: Array) -> None:
    for name in ("lower", "upper", "excess"):
        getattr(target, name)[step, rows] = getattr(values, name)


def _buckets(
    model: PurchaseModel,
    parameters: Array,
    *,
    horizon: float,
    frequency: Array,
    age: Array,
    rate_variance: float,
) -> Iterator[tuple[Array, Array]]:
    """Histories that share the cells their counts are kept in, with the edges of the cells.

    The cells of a history reach eight standard deviations beyond what it would buy without leaving,
    and depend on nothing but that history.
    """
    shape, scale = model.rate_distribution(parameters, frequency=frequency, age=age)
    shape, scale = widened(shape, scale, rate_variance=rate_variance)
    mean = shape / scale * horizon
    reach = mean + 8 * np.sqrt(mean * (1 + horizon / scale)) + FIRST_CELLS
    bucket = np.ceil(np.log(reach / FIRST_CELLS) / np.log(CELL_GROWTH))
    for number in np.unique(bucket):
        top = np.ceil(FIRST_CELLS * CELL_GROWTH**number)
        width = np.ceil(top / MAX_CELLS)
        yield np.flatnonzero(bucket == number), np.arange(0, top + width, width)


def _sample_cells(cells: Array, *, size: int) -> Array:
    """The cell of each of `size` evenly spaced quantiles, rows x size, sorted."""
    below = np.floor(np.cumsum(cells, axis=1) * size + 0.5).astype(int)
    below = np.clip(below, 0, size)
    below[:, -1] = size
    repeats = np.diff(below, axis=1, prepend=0)
    index = np.tile(np.arange(cells.shape[1]), len(cells))
    return np.repeat(index, repeats.ravel()).reshape(len(cells), size)


class SpendSampler:
    """Draws of what n purchases cost, in units of the customer's expected spend per purchase.

    The spend of n purchases is Gamma(p n, nu) with nu ~ Gamma(p k + q, v + k m) after k purchases
    of mean m. The uncertainty of p, q and v is drawn along; its effect on the scale v + k m is
    taken at the mean spend of all.
    """

    def __init__(self, fit: Fit, *, draws: int, seed: int) -> None:
        points = fit.cubature()
        self.even = even_numbers(draws, dimensions=4, seed=seed)
        self.points = points[(self.even[:, 3] * len(points)).astype(int)]
        self.fitted = fit.array
        self.known_scales: dict[float, Array] = {}
        self.known_sums: dict[float, Array] = {}

    def sums(self, counts: Array) -> Array:
        """The part that depends on the number of purchases: counts x draws.

        Counts of one width begin alike, whatever their number: none is drawn twice.
        """
        width = float(counts[1] - counts[0])
        known = self.known_sums.get(width, np.empty((0, len(self.even))))
        if len(known) < len(counts):
            more = counts[len(known) :]
            sums = gammaincinv(self.points[:, 0] * more[:, None], self.even[:, 1])
            sums[more == 0] = 0.0
            known = self.known_sums[width] = np.vstack([known, sums])
        return known[: len(counts)]

    def scales(self, purchase_count: Array) -> Array:
        """The factor that depends on the purchases known so far: histories x draws."""
        known, member = np.unique(purchase_count, return_inverse=True)
        return np.stack([self._scale(float(count)) for count in known])[member]

    def _scale(self, count: float) -> Array:
        if count not in self.known_scales:
            p, q, v = self.fitted
            mean = p * v / (q - 1)
            per_purchase = p * (v + count * mean) / (p * count + q - 1)
            p, q, v = self.points.T
            draw = gammaincinv(p * count + q, self.even[:, 2])
            self.known_scales[count] = (v + count * mean) / draw / per_purchase
        return self.known_scales[count]
