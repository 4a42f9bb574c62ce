"""Days of demand that no level should rest on: one or two, far above all others.

A wholesaler's order of thousands among retail sales would be drawn again and again, and fill the
shelf for an order that hardly comes twice. Such an order is bought for when it comes (the cut-off
size of Dekker, Frenk, Kleijn and de Kok 2000); stock is for the rest.
"""

import numpy as np
from scipy import stats

# More of them are a habit, and so is what another day nearly reached.
MOST_DAYS = 2
LEAST_RATIO = 2.0
LEAST_OTHERS = 3
# Chance that the largest of usual sizes lies as far out (Grubbs 1969, in logs), all days counted.
BY_CHANCE = 0.01
# Sizes of few days are known to vary by more than they show: a usual standard deviation in logs,
# and the days it counts for.
USUAL_DEVIATION = 0.8
USUAL_DAYS = 5.0


def bulk_days(demand: np.ndarray) -> np.ndarray:
    """Where demand (products, days) was a bulk order: of the same shape, at most two a product.

    Of the two largest days of a product both count where the smaller is too far above the rest and
    twice the next one, else the largest where it is that of the others.
    """
    found = np.zeros(demand.shape, dtype=bool)
    events = (demand > 0).sum(axis=1)
    rows = np.flatnonzero(events > LEAST_OTHERS)
    if not len(rows):
        return found
    own = demand[rows]
    logs = np.log(own, out=np.zeros(own.shape), where=own > 0)
    top = np.argpartition(own, -MOST_DAYS - 1, axis=1)[:, -MOST_DAYS - 1 :]
    largest = np.take_along_axis(logs, top, axis=1)
    order = np.argsort(-largest, axis=1)
    top, largest = (np.take_along_axis(values, order, axis=1) for values in (top, largest))
    total, squares = logs.sum(axis=1), (logs**2).sum(axis=1)
    is_bulk = np.zeros(len(rows), dtype=int)
    for number in range(1, MOST_DAYS + 1):
        others = events[rows] - number
        count = np.maximum(others, 1)
        mean = (total - largest[:, :number].sum(axis=1)) / count
        spread = squares - (largest[:, :number] ** 2).sum(axis=1) - count * mean**2
        freedom = USUAL_DAYS + count - 1
        variance = (USUAL_DAYS * USUAL_DEVIATION**2 + np.maximum(spread, 0.0)) / freedom
        apart = (largest[:, number - 1] - mean) / np.sqrt(variance * (1 + 1 / count))
        is_far = stats.t.sf(apart, freedom) * events[rows] < BY_CHANCE
        is_far &= largest[:, number - 1] - largest[:, number] > np.log(LEAST_RATIO)
        is_bulk = np.where(is_far & (others >= LEAST_OTHERS * number), number, is_bulk)
    for number in range(MOST_DAYS):
        chosen = is_bulk > number
        found[rows[chosen], top[chosen, number]] = True
    return found


def usual_demand(demand: np.ndarray, bulk: np.ndarray) -> np.ndarray:
    """Demand with `bulk` days as large as the largest other day of the product."""
    others = np.where(bulk, 0.0, demand).max(axis=1, initial=0.0)
    return np.where(bulk, others[:, None], demand)
