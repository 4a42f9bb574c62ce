"""How good lists are on baskets that were held out.

A list is measured against what the customer bought next: recall (share of the basket that the list
held), nDCG (the same, earlier places counting more; 1 is the best list of that length), hit
(whether it held any), and recall of what was bought before (repeat) and what was not (explore)
apart.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import stats

LENGTH = 10
DRAWS = 400


@dataclass(frozen=True)
class Outcomes:
    """One entry per customer of the test, NaN where the measure does not apply.

    recommended: products of all lists with how often each stands in one.
    """

    recall: np.ndarray
    ndcg: np.ndarray
    hit: np.ndarray
    repeat_recall: np.ndarray
    explore_recall: np.ndarray
    recommended: np.ndarray


@dataclass(frozen=True)
class Targets:
    """What the customers of a test bought next: sorted codes row x products + product.

    is_repeat: whether the customer had bought it before.
    """

    code: np.ndarray
    is_repeat: np.ndarray
    customers: int
    products: int

    @property
    def row(self) -> np.ndarray:
        """Customer of each product bought."""
        return self.code // max(self.products, 1)

    def find(self, row: np.ndarray, product: np.ndarray) -> np.ndarray:
        """Position of each row and product among the targets, -1 where it was not bought."""
        wanted = row.astype(np.int64) * self.products + product
        if not len(self.code):
            return np.full(len(wanted), -1)
        place = np.minimum(np.searchsorted(self.code, wanted), len(self.code) - 1)
        return np.where(self.code[place] == wanted, place, -1)


def measure(
    targets: Targets,
    *,
    row: np.ndarray,
    product: np.ndarray,
    place: np.ndarray,
    length: int = LENGTH,
) -> Outcomes:
    """Outcomes of lists: one entry a recommended product, with its place in the list from 0."""
    kept = place < length
    row, product, place = row[kept], product[kept], place[kept]
    found = targets.find(row, product)
    hits = found >= 0
    count = targets.customers
    size = np.bincount(targets.row, minlength=count)
    gain = 1 / np.log2(2 + np.arange(length))
    ideal = np.concatenate([[0], np.cumsum(gain)])[np.minimum(size, length)]

    def share(of: np.ndarray, wanted: np.ndarray) -> np.ndarray:
        whole = np.bincount(targets.row[wanted], minlength=count)
        got = np.bincount(row[of], minlength=count)
        return np.where(whole > 0, got / np.maximum(whole, 1), np.nan)

    is_repeat = np.zeros(len(row), dtype=bool)
    is_repeat[hits] = targets.is_repeat[found[hits]]
    everything = np.ones(len(targets.code), dtype=bool)
    dcg = np.bincount(row[hits], weights=gain[place[hits]], minlength=count)
    recall = share(hits, everything)
    return Outcomes(
        recall=recall,
        ndcg=np.where(ideal > 0, dcg / np.where(ideal > 0, ideal, 1), np.nan),
        hit=np.where(size > 0, (recall > 0).astype(float), np.nan),
        repeat_recall=share(hits & is_repeat, targets.is_repeat),
        explore_recall=share(hits & ~is_repeat, ~targets.is_repeat),
        recommended=np.bincount(product, minlength=targets.products),
    )


def mean_interval(values: np.ndarray, *, z: float) -> tuple[float, float, float]:
    """Mean of the known values with its normal interval at `z`; NaN where there are too few."""
    known = values[np.isfinite(values)]
    if not len(known):
        return np.nan, np.nan, np.nan
    mean = float(known.mean())
    if len(known) < 2:
        return mean, np.nan, np.nan
    half = z * float(known.std(ddof=1)) / np.sqrt(len(known))
    return mean, mean - half, mean + half


def bootstrap_interval(
    values: np.ndarray, *, level: float, seed: int
) -> tuple[float, float, float]:
    """Mean of the known values with the quantiles of resampled means (customers drawn anew).

    Values of as many customers are drawn alike, so that strategies differ by what they list.
    """
    known = values[np.isfinite(values)]
    if len(known) < 2:
        return (float(known.mean()) if len(known) else np.nan), np.nan, np.nan
    mean = float(known.mean())
    drawn = resampling(len(known), seed) @ known / len(known)
    lower, upper = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return mean, min(float(lower), mean), max(float(upper), mean)


@lru_cache(maxsize=4)
def resampling(size: int, seed: int) -> np.ndarray:
    """How often each of `size` values is drawn, in each of DRAWS samples of that size."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(size, np.full(size, 1 / size), size=DRAWS).astype(np.float32)


def novelty(recommended: np.ndarray, product_baskets: np.ndarray) -> float:
    """Mean surprise of what is recommended: -log2 of the product's share of all that sold."""
    shares = (product_baskets + 1) / (product_baskets.sum() + len(product_baskets))
    total = recommended.sum()
    return float(-(recommended * np.log2(shares)).sum() / total) if total else np.nan


def level_of(z: float) -> float:
    """Two-sided confidence level of a normal quantile."""
    return float(2 * stats.norm.cdf(z) - 1)
