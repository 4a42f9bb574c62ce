"""How alike two products are, from who bought both: sparse, in blocks, the best of each product.

Memory grows with the products kept for each (`neighbours`), never with customers squared, and with
products squared only in EASE, which a rule bounds.
"""

import numpy as np
from scipy import linalg, sparse

from retail_analytics.recommendations.ordering import MOST_ENTRIES, MOST_ROWS, best_entries

# entries of a block of the products' overlap; one product has fewer, for all have at most 4 million
BLOCK_ENTRIES = MOST_ENTRIES // 2
# shared buyers that two products are short of, as prior weight: one shared buyer is chance
OVERLAP_SHRINKAGE = 10.0
EASE_RIDGE = 500.0


def item_neighbours(
    bought: sparse.csr_matrix, *, neighbours: int, shrinkage: float = OVERLAP_SHRINKAGE
) -> sparse.csr_matrix:
    """Cosine of products over customers, shrunk, with the `neighbours` best of each product.

    bought: customers x products, ones. Returns products x products; row i holds what is bought by
    the buyers of i: n_ij / sqrt(n_i n_j) x n_ij / (n_ij + shrinkage), zero on the diagonal.

    Source: Sarwar et al. 2001; the shrinkage is that of Bell and Koren 2007.
    """
    counts = np.asarray(bought.sum(axis=0), dtype=np.float64).ravel()

    def similarity(rows: np.ndarray, columns: np.ndarray, overlap: np.ndarray) -> np.ndarray:
        return overlap / np.sqrt(counts[rows] * counts[columns]) * overlap / (overlap + shrinkage)

    return best_overlaps(bought, similarity, neighbours=neighbours)


def basket_neighbours(
    baskets: sparse.csr_matrix, *, neighbours: int, shrinkage: float = OVERLAP_SHRINKAGE
) -> sparse.csr_matrix:
    """Share of the baskets with i that hold j, above chance; the `neighbours` best of each product.

    baskets: baskets x products, ones. Row i: max(0, n_ij - n_i n_j / n) / (n_i + shrinkage).
    """
    counts = np.asarray(baskets.sum(axis=0), dtype=np.float64).ravel()
    total = max(baskets.shape[0], 1)

    def above_chance(rows: np.ndarray, columns: np.ndarray, overlap: np.ndarray) -> np.ndarray:
        expected = counts[rows] * counts[columns] / total
        return np.maximum(overlap - expected, 0) / (counts[rows] + shrinkage)

    return best_overlaps(baskets, above_chance, neighbours=neighbours)


def best_overlaps(bought: sparse.csr_matrix, measure, *, neighbours: int) -> sparse.csr_matrix:
    """The best of each product by `measure(rows, columns, overlap)`, a block of products a time."""
    products = bought.shape[1]
    by_product = bought.T.tocsr()
    # the most entries that the rows of a block can have: no more than all products, each
    degree = np.diff(bought.indptr).astype(np.float64)
    reach = np.minimum(by_product @ degree, products)
    blocks = (np.cumsum(reach) // BLOCK_ENTRIES).astype(np.int64) if products else np.zeros(0)
    parts = []
    for block in np.unique(blocks):
        members = np.flatnonzero(blocks == block)
        for first in range(members[0], members[-1] + 1, MOST_ROWS):
            last = min(first + MOST_ROWS, members[-1] + 1)
            overlap = (by_product[first:last] @ bought).tocoo()
            value = measure(overlap.row + first, overlap.col, overlap.data.astype(np.float64))
            kept = np.flatnonzero((value > 0) & (overlap.row + first != overlap.col))
            rows, columns, value = overlap.row[kept], overlap.col[kept], value[kept]
            best = best_entries(rows, value, most=neighbours)
            parts.append(
                sparse.csr_matrix(
                    (value[best], (rows[best], columns[best])), shape=(last - first, products)
                )
            )
    if not parts:
        return sparse.csr_matrix((products, products), dtype=np.float32)
    table = sparse.vstack(parts, format="csr").astype(np.float32)
    table.sort_indices()
    return table


def ease(
    bought: sparse.csr_matrix, *, neighbours: int, ridge: float = EASE_RIDGE
) -> sparse.csr_matrix:
    """EASE: the linear model of each product from all others, its positive weights.

    bought: customers x products, ones. B = I - P / diag(P) with P = (X'X + ridge I)^-1; row i holds
    what having bought i adds to each other product. Needs products squared of memory.

    Source: Steck 2019.
    """
    products = bought.shape[1]
    if not products:
        return sparse.csr_matrix((0, 0), dtype=np.float32)
    gram = (bought.T @ bought).toarray().astype(np.float64)
    gram[np.diag_indices(products)] += ridge
    factor = linalg.lapack.dpotrf(gram, lower=0, overwrite_a=1)[0]
    inverse = linalg.lapack.dpotri(factor, lower=0, overwrite_c=1)[0]
    inverse = np.triu(inverse) + np.triu(inverse, 1).T
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    return best_of_matrix(weights, most=neighbours)


def best_of_matrix(weights: np.ndarray, *, most: int) -> sparse.csr_matrix:
    """The positive `most` best of each row of a dense matrix."""
    size = weights.shape[0]
    parts = []
    step = max(1, min(MOST_ROWS, BLOCK_ENTRIES // max(size, 1)))
    for first in range(0, size, step):
        block = weights[first : first + step]
        rows, columns = np.nonzero(block > 0)
        value = block[rows, columns]
        best = best_entries(rows, value, most=most)
        parts.append(
            sparse.csr_matrix((value[best], (rows[best], columns[best])), shape=block.shape)
        )
    table = sparse.vstack(parts, format="csr").astype(np.float32)
    table.sort_indices()
    return table
