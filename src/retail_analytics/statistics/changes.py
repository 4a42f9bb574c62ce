"""Where the level of a series changed: optimal partitioning into stretches of one mean."""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

# cost of a break in units of sigma^2 log n: with 3 a series of independent normal values is broken
# in about one of fifty, with 2 (the Schwarz criterion) in one of eight
PENALTY = 3.0
# the median of |x| of a standard normal
MEDIAN_ABSOLUTE = 0.6744897501960817
FEWEST_POINTS = 8
FEWEST_FOR_PERSISTENCE = 40
MOST_PERSISTENCE = 0.8


@dataclass(frozen=True)
class LevelChange:
    """The first point of the new level, both levels, and their difference with its interval."""

    place: int
    before: float
    after: float
    size: float
    size_lower: float
    size_upper: float


def optimal_partition(values: np.ndarray, *, penalty: float, shortest: int = 2) -> list[int]:
    """Places where a new stretch begins, so that the squared distances to the means of the
    stretches plus `penalty` per break are least (Jackson et al. 2005; exact, quadratic in time).

    No stretch is shorter than `shortest`. Values must be finite.
    """
    size = len(values)
    if size < 2 * shortest:
        return []
    sums = np.concatenate([[0.0], np.cumsum(values)])
    squares = np.concatenate([[0.0], np.cumsum(values**2)])
    best = np.full(size + 1, np.inf)
    best[0] = -penalty
    begin = np.zeros(size + 1, dtype=int)
    for end in range(shortest, size + 1):
        start = np.arange(end - shortest + 1)
        length = end - start
        cost = squares[end] - squares[start] - (sums[end] - sums[start]) ** 2 / length
        total = best[start] + cost + penalty
        begin[end] = int(np.argmin(total))
        best[end] = total[begin[end]]
    breaks = []
    end = size
    while begin[end] > 0:
        end = begin[end]
        breaks.append(int(end))
    return breaks[::-1]


def level_changes(
    values: np.ndarray, *, level: float = 0.80, shortest: int = 2
) -> list[LevelChange]:
    """Changes of level of a series at equal distances; NaN are left out and keep their place.

    A level lasts `shortest` values at least.
    The noise is read from differences of neighbours, which a few changes of level do not widen.
    Values that hang together look like changes: what is left around a first partition says how much
    they do, and the penalty of the second rises with it by (1 + rho) / (1 - rho).
    """
    place = np.flatnonzero(np.isfinite(values))
    seen = values[place]
    size = len(seen)
    if size < FEWEST_POINTS:
        return []
    # neighbours differ by both noises
    sigma = float(np.median(np.abs(np.diff(seen)))) / MEDIAN_ABSOLUTE / np.sqrt(2)
    # of values that are mostly alike the median difference is none: then what is left counts
    sigma = sigma if sigma > 0 else float(np.diff(seen).std()) / np.sqrt(2)
    if sigma == 0:
        return []
    penalty = PENALTY * sigma**2 * np.log(size)
    breaks = optimal_partition(seen, penalty=penalty, shortest=shortest)
    if not breaks:
        return []
    left = seen - stretch_means(seen, breaks)
    rho = max(persistence(seen), persistence_left(left, len(breaks) + 1))
    inflation = (1 + rho) / (1 - rho)
    # the differences of neighbours that hang together are small
    wide = max(sigma**2 / (1 - rho), float((left**2).sum()) / max(size - len(breaks) - 1, 1))
    penalty = PENALTY * wide * inflation * np.log(size)
    breaks = optimal_partition(seen, penalty=penalty, shortest=shortest)
    edges = [0, *breaks, size]
    found = []
    for number, at in enumerate(breaks):
        before, after = seen[edges[number] : at], seen[at : edges[number + 2]]
        change = float(after.mean() - before.mean())
        error = np.sqrt(wide * inflation * (1 / len(before) + 1 / len(after)))
        reach = float(ndtri((1 + level) / 2) * error)
        found.append(
            LevelChange(
                int(place[at]),
                float(before.mean()),
                float(after.mean()),
                change,
                change - reach,
                change + reach,
            )
        )
    return found


def persistence(values: np.ndarray) -> float:
    """Lag-one autocorrelation, 0 to .8, from differences: over two steps they are sqrt(1 + rho)
    times those over one, whatever the level did a few times. 0 below 40 values."""
    if len(values) < FEWEST_FOR_PERSISTENCE:
        return 0.0
    one, two = (np.abs(values[lag:] - values[:-lag]) for lag in (1, 2))
    # the largest are changes of level
    ratio = np.mean(np.sort(two)[: int(0.9 * len(two))] ** 2) / max(
        np.mean(np.sort(one)[: int(0.9 * len(one))] ** 2), 1e-300
    )
    return float(np.clip(ratio - 1, 0, MOST_PERSISTENCE))


def persistence_left(left: np.ndarray, stretches: int) -> float:
    """The same from what is left around the means of stretches. Each stretch took its own mean out,
    which hides persistence: the bias of Kendall 1954 is put back for each."""
    square = float((left**2).sum())
    if square == 0:
        return 0.0
    rho = float((left[1:] * left[:-1]).sum()) / square
    return float(np.clip(rho + (1 + 3 * rho) * stretches / len(left), 0, MOST_PERSISTENCE))


def stretch_means(values: np.ndarray, breaks: list[int]) -> np.ndarray:
    """For each value the mean of its stretch."""
    edges = [0, *breaks, len(values)]
    return np.concatenate(
        [
            np.full(end - start, values[start:end].mean())
            for start, end in zip(edges[:-1], edges[1:], strict=True)
        ]
    )
