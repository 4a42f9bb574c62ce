"""Which products are bought together more often than chance: rules of the basket with their tests.

A lift without a floor is noise: of all pairs of products some are together by chance, and those
with the fewest baskets have the largest lifts. So a pair needs a number of baskets, its chance is
the hypergeometric tail, and the false discovery rate is controlled over all possible pairs.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.special import gammaln

from retail_analytics.recommendations.similarity import BLOCK_ENTRIES

COLUMNS = [
    "antecedent",
    "consequent",
    "basket_count",
    "antecedent_count",
    "consequent_count",
    "total_count",
    "support",
    "confidence",
    "lift",
    "lift_lower",
    "lift_upper",
    "p_value",
    "q_value",
]


def association_rules(baskets: sparse.csr_matrix, *, fewest_baskets: int, z: float) -> pd.DataFrame:
    """Rules antecedent -> consequent of all pairs of products with enough baskets in common.

    Parameters: baskets, a matrix baskets x products of ones; fewest_baskets, how many baskets a
    pair needs; z, the normal quantile of the two-sided interval of the lift.

    Returns one row per rule (COLUMNS), each pair in both directions, by antecedent and consequent:
    support = n_ab / n, confidence = n_ab / n_a, lift = n n_ab / (n_a n_b) with an interval (delta
    method on its logarithm, multinomial baskets), p_value = P(at least n_ab in common by chance)
    (hypergeometric), and q_value (Benjamini and Hochberg 1995) over all pairs of products that
    were sold, those never bought together too.
    """
    total = baskets.shape[0]
    counts = np.asarray(baskets.sum(axis=0), dtype=np.int64).ravel()
    found = [
        pd.DataFrame({"antecedent": first, "consequent": second, "basket_count": together})
        for first, second, together in common_baskets(baskets, fewest=fewest_baskets)
    ]
    if not found:
        return pd.DataFrame({name: pd.Series(dtype="float64") for name in COLUMNS})
    pairs = pd.concat(found, ignore_index=True)
    first, second = counts[pairs["antecedent"]], counts[pairs["consequent"]]
    together = pairs["basket_count"].to_numpy(dtype=np.int64)
    pairs["p_value"] = overlap_chance(together, first, second, total)
    sold = int((counts > 0).sum())
    pairs["q_value"] = false_discovery_rates(
        pairs["p_value"].to_numpy(), tests=sold * (sold - 1) // 2
    )
    mirrored = pairs.rename(columns={"antecedent": "consequent", "consequent": "antecedent"})
    rules = pd.concat([pairs, mirrored], ignore_index=True)
    rules = rules.sort_values(["antecedent", "consequent"], ignore_index=True)
    first = counts[rules["antecedent"]].astype(float)
    second = counts[rules["consequent"]].astype(float)
    together = rules["basket_count"].to_numpy(dtype=float)
    rules["antecedent_count"], rules["consequent_count"] = first.astype(int), second.astype(int)
    rules["total_count"] = total
    rules["support"] = together / total
    rules["confidence"] = together / first
    lift = together * total / (first * second)
    spread = z * np.sqrt(np.maximum(lift_log_variance(together, first, second, total), 0))
    rules["lift"] = lift
    rules["lift_lower"] = lift * np.exp(-spread)
    rules["lift_upper"] = lift * np.exp(spread)
    return rules[COLUMNS]


def common_baskets(
    baskets: sparse.csr_matrix, *, fewest: int
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Pairs of products (first < second) with at least `fewest` baskets in common, in blocks."""
    by_product = baskets.T.tocsr()
    counts = np.diff(by_product.indptr)
    # a product with fewer baskets has no such pair
    usable = np.flatnonzero(counts >= fewest)
    reach = np.minimum(by_product[usable] @ np.diff(baskets.indptr).astype(float), len(counts))
    blocks = (np.cumsum(reach) // BLOCK_ENTRIES).astype(np.int64)
    often = baskets[:, usable].tocsr()
    by_often = by_product[usable]
    for block in np.unique(blocks):
        members = np.flatnonzero(blocks == block)
        overlap = (by_often[members[0] : members[-1] + 1] @ often).tocoo()
        row = overlap.row + members[0]
        kept = (overlap.data >= fewest) & (row < overlap.col)
        if kept.any():
            yield (
                usable[row[kept]],
                usable[overlap.col[kept]],
                np.rint(overlap.data[kept]).astype(np.int64),
            )


def overlap_chance(
    together: np.ndarray, first: np.ndarray, second: np.ndarray, total: int
) -> np.ndarray:
    """P(X >= together) of X common baskets of two independent products.

    X is hypergeometric: `first` drawn out of `total` baskets of which `second` hold the other. The
    terms of the shorter tail are added from its largest on.
    """
    k, a, b = (np.asarray(value, dtype=np.float64) for value in (together, first, second))
    upper = k > a * b / max(total, 1)
    start = np.where(upper, k, k - 1)
    lowest = np.maximum(0, a + b - total)

    def log_choose(n: np.ndarray | float, m: np.ndarray) -> np.ndarray:
        return gammaln(n + 1) - gammaln(m + 1) - gammaln(n - m + 1)

    possible = (start >= lowest) & (start <= np.minimum(a, b))
    at = np.where(possible, start, lowest)
    log_term = log_choose(b, at) + log_choose(total - b, a - at) - log_choose(float(total), a)
    term = np.where(possible, np.exp(log_term), 0.0)
    tail, position = term.copy(), at.copy()
    active = np.flatnonzero(term > 0)
    while len(active):
        j, up = position[active], upper[active]
        ratio_up = (
            (b[active] - j) * (a[active] - j) / ((j + 1) * (total - a[active] - b[active] + j + 1))
        )
        ratio_down = (
            j * (total - a[active] - b[active] + j) / ((b[active] - j + 1) * (a[active] - j + 1))
        )
        term[active] *= np.where(up, ratio_up, ratio_down)
        position[active] += np.where(up, 1, -1)
        tail[active] += term[active]
        active = active[term[active] > 1e-17 * tail[active]]
    return np.clip(np.where(upper, tail, 1 - tail), 0, 1)


def false_discovery_rates(p_values: np.ndarray, *, tests: int) -> np.ndarray:
    """Benjamini and Hochberg's q of each p value among `tests`, the ones not given being 1."""
    order = np.argsort(p_values, kind="stable")
    raised = p_values[order] * max(tests, len(p_values)) / (np.arange(len(p_values)) + 1)
    q_values = np.empty(len(p_values))
    q_values[order] = np.minimum(np.minimum.accumulate(raised[::-1])[::-1], 1)
    return q_values


def lift_log_variance(
    together: np.ndarray, first: np.ndarray, second: np.ndarray, total: int
) -> np.ndarray:
    """Variance of the log lift of multinomial baskets, by the delta method."""
    lift = together * total / (first * second)
    return 1 / together - (1 / first + 1 / second) + (2 * lift - 1) / total
