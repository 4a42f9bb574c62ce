"""What each strategy thinks of each candidate: scores, then ranks, then parts that add up.

A strategy's score orders a customer's candidates. What goes into the sum is its rank, as
1 / log2(1 + rank), so that no strategy's scale counts: 1 for its first, .63 for its second, 0 for
what it says nothing about. Six strategies: the seed's five, and what the customer buys anyway: the
mean of how often, and of the chance that it is due again (`rhythms`; Bhagat et al. 2018, Buy It
Again, KDD, rank repeats by such a chance).
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np
from scipy import sparse

from retail_analytics.recommendations.histories import Histories, Purchases
from retail_analytics.recommendations.ordering import (
    begins_run,
    best_entries,
    distinct,
    order_by,
    places,
    position_in_run,
    ranks_in_rows,
)
from retail_analytics.recommendations.pairs import Known, known_pairs, purchase_days
from retail_analytics.recommendations.rhythms import Pairs, Rhythms, fit_rhythms, next_chances
from retail_analytics.recommendations.similarity import basket_neighbours, ease, item_neighbours

STRATEGIES = (
    "collaborative",
    "content",
    "cross_selling",
    "seasonal",
    "price_affinity",
    "personal",
)
FIXED_WEIGHTS = (0.30, 0.25, 0.20, 0.15, 0.10, 0.0)
PERSONAL = STRATEGIES.index("personal")
SEASONAL = STRATEGIES.index("seasonal")
# what the customer buys anyway, ties by what sells now
BASELINE_WEIGHTS = (0.0, 0.0, 0.0, 0.01, 0.0, 0.99)
RECENT_DAYS = 30
YEAR_DAYS = 364
NEVER = -(2**40)
# baskets of the product's buyers that weigh as much as the customer's own
REPEAT_PRIOR_BASKETS = 5.0
DUE_DAYS = 30
# gaps from which on a rhythm is the pair's own, and not its product's
FEWEST_OWN_GAPS = 2
CATEGORY_SHARE = 0.7
# cells of a block's dense scores, 4 bytes each
BLOCK_CELLS = 6_000_000
MOST_BLOCK_CUSTOMERS = 1024


@dataclass(frozen=True)
class Catalogue:
    """By product: category and brand as numbers (-1 unknown), log price (NaN unknown), and whether
    it may be recommended."""

    category: np.ndarray
    brand: np.ndarray
    log_price: np.ndarray
    is_offered: np.ndarray

    @property
    def size(self) -> int:
        """Number of products."""
        return len(self.category)


@dataclass(frozen=True)
class Settings:
    """The numbers of the rule table that scoring needs (seeds/rules/recommendations)."""

    neighbours: int = 50
    collaborative_candidates: int = 40
    cross_candidates: int = 20
    popular_candidates: int = 20
    category_candidates: int = 10
    ease_products: int = 5000
    history_products: int = 500


@dataclass(frozen=True)
class Model:
    """Everything learned from the purchases until a day that scoring reads."""

    histories: Histories
    catalogue: Catalogue
    collaborative: sparse.csr_matrix
    cross_selling: sparse.csr_matrix
    collaborative_method: str
    repeat_rate: np.ndarray
    known: Known
    rhythms: Rhythms
    price_scale: float
    settings: Settings


@dataclass(frozen=True)
class Candidates:
    """Candidates of a block of customers, by row, then product.

    row: position of the customer in the block. scores: candidates x strategies, raw. baskets: how
    often the customer bought it (0: explore). come_by_now: of what the customer buys in a known
    rhythm and is not likely to need within DUE_DAYS, the share of next purchases that would have
    come by now; 1 of all else.
    """

    row: np.ndarray
    product: np.ndarray
    baskets: np.ndarray
    scores: np.ndarray
    come_by_now: np.ndarray

    def take(self, entry: np.ndarray | slice) -> Self:
        """Some of them, by position or mask."""
        return replace(
            self, **{field.name: getattr(self, field.name)[entry] for field in fields(self)}
        )

    @property
    def is_repeat(self) -> np.ndarray:
        """Whether the customer has bought it before."""
        return self.baskets > 0

    def by_count(self) -> Self:
        """The same with how often the customer bought it as the personal score (the baseline's)."""
        scores = self.scores.copy()
        scores[:, PERSONAL] = self.baskets
        return replace(self, scores=scores)

    def features(self) -> np.ndarray:
        """Candidates x strategies: 1 / log2(1 + rank) within the customer, 0 without a score."""
        result = np.zeros(self.scores.shape, dtype=np.float32)
        for number in range(self.scores.shape[1]):
            there = np.flatnonzero(self.scores[:, number] > 0)
            ranks = ranks_in_rows(self.row[there], self.scores[there, number])
            parts = (1 / np.log2(1 + np.arange(1, ranks.max(initial=0) + 1))).astype(np.float32)
            result[there, number] = parts[ranks - 1]
        return result


def fit_model(
    histories: Histories,
    purchases: Purchases,
    catalogue: Catalogue,
    *,
    settings: Settings,
    method: str | None = None,
) -> Model:
    """Learns similarities and rates from histories and the purchases they were made from.

    method: `ease` or `item_knn`; None takes EASE where the products are few enough for it.
    """
    if method is None or catalogue.size > settings.ease_products:
        method = "ease" if catalogue.size <= settings.ease_products else "item_knn"
    known = known_pairs(purchase_days(purchases), as_of=int(purchases.day.max(initial=0)))
    bought = recent_products(histories, most=settings.history_products)
    learn = ease if method == "ease" else item_neighbours
    baskets = basket_matrix(purchases)
    return Model(
        histories=histories,
        catalogue=catalogue,
        collaborative=learn(bought, neighbours=settings.neighbours),
        cross_selling=basket_neighbours(baskets, neighbours=settings.neighbours),
        collaborative_method=method,
        repeat_rate=repeat_rates(histories),
        known=known,
        rhythms=fit_rhythms(known.pairs, products=catalogue.size),
        price_scale=price_scale(histories, catalogue),
        settings=settings,
    )


def recent_products(histories: Histories, *, most: int) -> sparse.csr_matrix:
    """Customers x products, ones; of a customer with more products, the `most` last bought."""
    counts = np.diff(histories.start)
    if not len(counts) or counts.max() <= most:
        return histories.bought
    order = order_by(histories.customer, -histories.last_day, histories.product)
    kept = np.zeros(len(order), dtype=bool)
    kept[order] = position_in_run(histories.customer[order]) < most
    return sparse.csr_matrix(
        (
            np.ones(int(kept.sum()), dtype=np.float32),
            (histories.customer[kept], histories.product[kept]),
        ),
        shape=(histories.customers, histories.products),
    )


def basket_matrix(purchases: Purchases, *, most: int = 500) -> sparse.csr_matrix:
    """Baskets x products, ones; of a basket with more products, the first `most` by number."""
    basket = np.cumsum(begins_run(purchases.basket)) - 1
    kept = position_in_run(basket) < most
    return sparse.csr_matrix(
        (np.ones(int(kept.sum()), dtype=np.float32), (basket[kept], purchases.product[kept])),
        shape=(int(basket[-1]) + 1 if len(basket) else 0, purchases.products),
    )


def repeat_rates(histories: Histories) -> np.ndarray:
    """By product: share of its buyers' later baskets that hold it again, shrunk towards that of
    all."""
    again = np.bincount(
        histories.product, weights=histories.baskets - 1, minlength=histories.products
    )
    later = np.bincount(
        histories.product, weights=histories.later_baskets, minlength=histories.products
    )
    of_all = (again.sum() + 0.01) / (later.sum() + 1)
    return (again + 20 * of_all) / (later + 20)


def price_scale(histories: Histories, catalogue: Catalogue) -> float:
    """Mean distance of a customer's log prices from the customer's own mean; 1 without prices."""
    price = catalogue.log_price[histories.product]
    known = np.isfinite(price)
    mean = customer_mean(histories, np.where(known, price, 0), known)
    distance = np.abs(price[known] - mean[histories.customer[known]])
    return max(float(distance.mean()), 0.1) if len(distance) else 1.0


def customer_mean(histories: Histories, values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """By customer, the mean of the known values of the entries; NaN without one."""
    total = np.bincount(
        histories.customer[known], weights=values[known], minlength=histories.customers
    )
    count = np.bincount(histories.customer[known], minlength=histories.customers)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


@dataclass(frozen=True)
class Seasons:
    """Products of all purchases by day, from which what sells on any day can be counted."""

    day: np.ndarray
    product: np.ndarray
    products: int

    def counted(self, first: int, last: int) -> np.ndarray:
        """By product, baskets from the first to the last day."""
        start, end = np.searchsorted(self.day, [first, last + 1])
        return np.bincount(self.product[start:end], minlength=self.products).astype(float)

    def scores(self, day: int) -> np.ndarray:
        """By product: baskets of the 30 days until `day`, and of the 30 after it a year before.

        Those of a year before count as many baskets as were sold in all lately; without purchases
        more than 394 days old, the last 30 days alone. Adds a thousandth of the share of all older
        baskets, so that what sold before comes before what never sold. Nothing after `day` counts.
        """
        recent = self.counted(day - RECENT_DAYS + 1, day)
        ahead = self.counted(day - YEAR_DAYS + 1, day - YEAR_DAYS + RECENT_DAYS)
        older = self.counted(NEVER, day)
        has_year = len(self.day) and self.day[0] <= day - YEAR_DAYS - RECENT_DAYS
        if has_year and ahead.sum() > 0:
            recent = (recent + ahead * max(recent.sum(), 1) / ahead.sum()) / 2
        return recent + 1e-3 * older / max(older.max(initial=0), 1)


def build_seasons(purchases: Purchases) -> Seasons:
    """Purchases in order of day."""
    order = order_by(purchases.day)
    return Seasons(
        day=purchases.day[order], product=purchases.product[order], products=purchases.products
    )


def blocks(customers: np.ndarray, *, products: int) -> Iterator[np.ndarray]:
    """The customers in blocks whose dense scores fit into memory."""
    size = int(np.clip(BLOCK_CELLS // max(products, 1), 1, MOST_BLOCK_CUSTOMERS))
    for first in range(0, len(customers), size):
        yield customers[first : first + size]


def draw_candidates(
    model: Model,
    customers: np.ndarray,
    *,
    season: np.ndarray,
    today: np.ndarray,
    price_factor: np.ndarray | None = None,
    blocked: sparse.csr_matrix | None = None,
) -> Candidates:
    """Candidates of these customers and what each strategy thinks of them.

    customers: sorted numbers. season: by product (`season_scores`). today: by customer of the
    block, the day of the list. price_factor: by customer of the block, what a product should cost
    over what the customer usually pays (1). blocked: customers of the block x products that must
    not be offered (sent back).
    """
    histories, catalogue, settings = model.histories, model.catalogue, model.settings
    count, products = len(customers), catalogue.size
    first, last = histories.start[customers], histories.start[customers + 1]
    own = ranges(first, last)
    own_row = np.repeat(np.arange(count), last - first)
    own_product = histories.product[own]

    collaborative = (histories.bought[customers] @ model.collaborative).tocoo()
    cross = (histories.last_basket[customers] @ model.cross_selling).tocoo()
    basket_counts = np.zeros((count, products), dtype=np.int32)
    basket_counts[own_row, own_product] = histories.baskets[own]

    popular = distinct(
        np.concatenate(
            [
                best_of_all(measure, catalogue.is_offered, most=settings.popular_candidates)
                for measure in (season, histories.product_baskets)
            ]
        )
    )
    category_weights = group_weights(catalogue.category, own_row, own_product, rows=count)
    rows, columns = [own_row], [own_product]
    for table, most in (
        (collaborative, settings.collaborative_candidates),
        (cross, settings.cross_candidates),
    ):
        usable = np.flatnonzero(
            (basket_counts[table.row, table.col] == 0) & catalogue.is_offered[table.col]
        )
        row, column = table.row[usable], table.col[usable]
        best = best_entries(row, table.data[usable], most=most)
        rows.append(row[best])
        columns.append(column[best])
    rows.append(np.repeat(np.arange(count), len(popular)))
    columns.append(np.tile(popular, count))
    favourite = category_weights.argmax(axis=1) if category_weights.shape[1] else None
    if favourite is not None:
        liked = best_of_groups(
            season, catalogue.category, catalogue.is_offered, most=settings.category_candidates
        )
        has_one = category_weights.max(axis=1) > 0
        lengths = np.where(has_one, np.diff(liked.indptr)[favourite], 0)
        rows.append(np.repeat(np.arange(count), lengths))
        start = liked.indptr[favourite]
        columns.append(liked.indices[ranges(start, start + lengths)])

    # each cell once, in order; the table has as many cells as the counts above
    wanted = np.zeros((count, products), dtype=bool)
    wanted[np.concatenate(rows), np.concatenate(columns)] = True
    row, product = np.nonzero(wanted & catalogue.is_offered)
    if blocked is not None and blocked.nnz:
        kept = cells(blocked, row, product) == 0
        row, product = row[kept], product[kept]

    baskets = basket_counts[row, product]
    scores = np.zeros((len(row), len(STRATEGIES)), dtype=np.float32)
    scores[:, 0] = collaborative.toarray()[row, product]
    scores[:, 2] = cross.toarray()[row, product]
    scores[:, 1] = content_scores(catalogue, category_weights, own_row, own_product, row, product)
    scores[:, 3] = season[product]
    scores[:, 4] = price_scores(model, customers, row, product, price_factor)
    again = np.flatnonzero(baskets > 0)
    rate = model.repeat_rate[product[again]]
    scores[again, PERSONAL] = (baskets[again] - 1 + REPEAT_PRIOR_BASKETS * rate) / (
        histories.basket_count[customers[row[again]]] + REPEAT_PRIOR_BASKETS
    )
    entry, chance, come = due_again(model, customers, row[again], product[again], today=today)
    scores[again[entry], PERSONAL] = (scores[again[entry], PERSONAL] + chance) / 2
    come_by_now = np.ones(len(row))
    come_by_now[again[entry]] = come
    return Candidates(
        row=row, product=product, baskets=baskets, scores=scores, come_by_now=come_by_now
    )


def due_again(
    model: Model, customers: np.ndarray, row: np.ndarray, product: np.ndarray, *, today: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Positions of those bought on several days, their chance within DUE_DAYS of the customer's
    day, and the share that would have come by now (1 without a rhythm of their own, and where it
    is due by then)."""
    known, size = model.known, model.catalogue.size
    place, is_known = places(
        known.customer * size + known.pairs.product,
        customers[row].astype(np.int64) * size + product,
    )
    entry = np.flatnonzero(is_known)
    place = place[entry]
    pairs = Pairs(
        **{field.name: getattr(known.pairs, field.name)[place] for field in fields(Pairs)}
    )
    elapsed = np.maximum(today[row[entry]] - known.last_day[place], 0).astype(float)
    chance, by_now, by_then = next_chances(
        replace(pairs, elapsed=elapsed), model.rhythms, horizon=DUE_DAYS
    )
    is_early = (pairs.gaps >= FEWEST_OWN_GAPS) & (by_then < 0.5)
    return entry, chance, np.where(is_early, by_now, 1.0)


def content_scores(
    catalogue: Catalogue,
    category_weights: np.ndarray,
    own_row: np.ndarray,
    own_product: np.ndarray,
    row: np.ndarray,
    product: np.ndarray,
) -> np.ndarray:
    """Share of the customer's products in the candidate's category and of its brand."""
    brand_weights = group_weights(catalogue.brand, own_row, own_product, rows=len(category_weights))
    score = np.zeros(len(row))
    for groups, weights, share in (
        (catalogue.category, category_weights, CATEGORY_SHARE),
        (catalogue.brand, brand_weights, 1 - CATEGORY_SHARE),
    ):
        group = groups[product]
        known = np.flatnonzero(group >= 0)
        score[known] += share * weights[row[known], group[known]]
    return score


def group_weights(
    groups: np.ndarray, own_row: np.ndarray, own_product: np.ndarray, *, rows: int
) -> np.ndarray:
    """Customers of the block x groups: share of the customer's products in each group."""
    size = int(groups.max(initial=-1)) + 1
    group = groups[own_product]
    known = group >= 0
    cell = own_row[known] * size + group[known]
    counts = np.bincount(cell, minlength=rows * size).reshape(rows, size).astype(np.float32)
    return counts / np.maximum(np.bincount(own_row, minlength=rows), 1)[:, None]


def price_scores(
    model: Model,
    customers: np.ndarray,
    row: np.ndarray,
    product: np.ndarray,
    price_factor: np.ndarray | None,
) -> np.ndarray:
    """1 where the price is what the customer usually pays, falling with the distance of logs."""
    histories, price = model.histories, model.catalogue.log_price
    own = ranges(histories.start[customers], histories.start[customers + 1])
    own_row = np.repeat(
        np.arange(len(customers)), histories.start[customers + 1] - histories.start[customers]
    )
    value = price[histories.product[own]]
    known = np.isfinite(value)
    total = np.bincount(own_row[known], weights=value[known], minlength=len(customers))
    number = np.bincount(own_row[known], minlength=len(customers))
    usual = np.where(number > 0, total / np.maximum(number, 1), np.nan)
    if price_factor is not None:
        usual = usual + np.log(price_factor)
    score = np.exp(-np.abs(price[product] - usual[row]) / model.price_scale)
    return np.nan_to_num(score, nan=0.0)


def best_of_all(season: np.ndarray, is_offered: np.ndarray, *, most: int) -> np.ndarray:
    """The offered products that sell best now."""
    offered = np.flatnonzero(is_offered & (season > 0))
    best = best_entries(np.zeros(len(offered), dtype=np.int64), season[offered], most=most)
    return offered[best]


def best_of_groups(
    season: np.ndarray, groups: np.ndarray, is_offered: np.ndarray, *, most: int
) -> sparse.csr_matrix:
    """Groups x products: those of each group that sell best now."""
    size = int(groups.max(initial=-1)) + 1
    usable = np.flatnonzero(is_offered & (season > 0) & (groups >= 0))
    order = usable[np.lexsort((usable, -season[usable], groups[usable]))]
    order = order[position_in_run(groups[order]) < most]
    return sparse.csr_matrix(
        (np.ones(len(order)), (groups[order], order)), shape=(size, len(season))
    )


def cells(matrix: sparse.csr_matrix, row: np.ndarray, column: np.ndarray) -> np.ndarray:
    """The values of these cells."""
    if not len(row):
        return np.zeros(0, dtype=np.float32)
    return np.asarray(matrix[row, column]).ravel()


def ranges(first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """first[0], ..., last[0] - 1, first[1], ..., as one array."""
    lengths = last - first
    ends = np.cumsum(lengths)
    return np.arange(ends[-1] if len(ends) else 0) + np.repeat(first - (ends - lengths), lengths)
