"""Lists of all customers as a stream: scores, parts, reasons and chances, a block at a time."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.special import expit

from retail_analytics.recommendations.backtest import probability_terms
from retail_analytics.recommendations.lists import ListRules, choose
from retail_analytics.recommendations.ordering import best_of_runs
from retail_analytics.recommendations.strategies import (
    BASELINE_WEIGHTS,
    SEASONAL,
    STRATEGIES,
    Candidates,
    Model,
    Seasons,
    best_of_all,
    blocks,
    draw_candidates,
    ranges,
)
from retail_analytics.storage.ahead import made_ahead

# baskets of everybody that weigh as much as those of a group, in what sells in it
GROUP_PRIOR_BASKETS = 50.0
# products up to which all their similarities are looked up in a table (16 MB)
DENSE_PRODUCTS = 2048


@dataclass(frozen=True)
class Treatment:
    """What the segment rules change for each customer.

    factors: customers x strategies, on the weights. price_factor: what a product should cost over
    what the customer usually pays. explore_slots: places kept for new products. group: number of
    the group whose popular products a customer without purchases gets. is_listed: whether the
    customer gets a list at all (consent).
    """

    factors: np.ndarray
    price_factor: np.ndarray
    explore_slots: np.ndarray
    group: np.ndarray
    is_listed: np.ndarray


@dataclass(frozen=True)
class Lists:
    """Entries of lists, by customer and place from 1.

    parts: entries x strategies, adding up to score. because, together: the customer's product that
    speaks most for the entry, among all and among those of the last basket (-1 none). chance: of a
    purchase within 30 days (NaN unknown). is_fallback: served by a baseline.
    """

    customer: np.ndarray
    product: np.ndarray
    place: np.ndarray
    parts: np.ndarray
    score: np.ndarray
    is_repeat: np.ndarray
    because: np.ndarray
    together: np.ndarray
    chance: np.ndarray
    is_fallback: np.ndarray


def all_lists(
    model: Model,
    seasons: Seasons,
    treatment: Treatment,
    *,
    customers: np.ndarray,
    day: int,
    rules: ListRules,
    weights: np.ndarray | None,
    probability: np.ndarray | None,
    blocked: sparse.csr_matrix,
) -> Iterator[Lists]:
    """Lists of these customers (sorted), a block at a time; without weights the baseline's."""
    season = seasons.scores(day)
    counts = model.histories.basket_count[customers]
    wanted = customers[(counts > 0) & treatment.is_listed[customers]]

    def lists_of(block: np.ndarray) -> Lists:
        return block_lists(
            model,
            block,
            treatment,
            season=season,
            day=day,
            rules=rules,
            weights=weights,
            probability=probability,
            blocked=blocked[block],
        )

    yield from made_ahead(lists_of, blocks(wanted, products=model.catalogue.size))
    cold = customers[(counts == 0) & treatment.is_listed[customers]]
    for block in blocks(cold, products=rules.length):
        yield cold_lists(model, seasons, treatment, block, season=season, day=day, rules=rules)


def block_lists(
    model: Model,
    block: np.ndarray,
    treatment: Treatment,
    *,
    season: np.ndarray,
    day: int,
    rules: ListRules,
    weights: np.ndarray | None,
    probability: np.ndarray | None,
    blocked: sparse.csr_matrix,
) -> Lists:
    """Lists of a block of customers with purchases."""
    histories = model.histories
    candidates = draw_candidates(
        model,
        block,
        season=season,
        today=np.full(len(block), day),
        price_factor=treatment.price_factor[block],
        blocked=blocked,
    )
    if weights is None:
        candidates = candidates.by_count()
        own_weights = np.tile(BASELINE_WEIGHTS, (len(block), 1))
    else:
        own_weights = weights * treatment.factors[block]
        total = own_weights.sum(axis=1, keepdims=True)
        own_weights = np.where(total > 0, own_weights / np.where(total > 0, total, 1), weights)
    parts = candidates.features() * own_weights.astype(np.float32)[candidates.row]
    score = parts.sum(axis=1)
    entry, place = choose(
        candidates,
        score,
        catalogue=model.catalogue,
        rules=rules,
        customers=len(block),
        explore_slots=treatment.explore_slots[block],
    )
    row, product = candidates.row[entry], candidates.product[entry]
    customer = block[row]
    is_repeat = candidates.is_repeat[entry]
    listed = parts[entry].astype(np.float64)
    total = listed.sum(axis=1)
    if probability is None:
        chance = np.full(len(entry), np.nan)
    else:
        terms = probability_terms(
            score=total,
            is_repeat=is_repeat,
            baskets=histories.basket_count[customer],
            first_day=histories.first_basket_day[customer],
            last_day=histories.last_basket_day[customer],
            day=day,
        )
        chance = expit(terms @ probability)
    return Lists(
        customer=customer,
        product=product,
        place=place + 1,
        parts=listed,
        score=total,
        is_repeat=is_repeat,
        because=strongest(model.collaborative, histories.bought[block], row, product),
        together=strongest(model.cross_selling, histories.last_basket[block], row, product),
        chance=chance,
        is_fallback=np.full(len(entry), weights is None),
    )


def strongest(
    similarity: sparse.csr_matrix, own: sparse.csr_matrix, row: np.ndarray, product: np.ndarray
) -> np.ndarray:
    """For each entry, the product of the customer's own that is most alike; -1 without one.

    own: customers of the block x products. Both matrices have sorted indices; ties go to the lowest
    number.
    """
    size = similarity.shape[0]
    result = np.full(len(row), -1, dtype=np.int64)
    if not similarity.nnz or not len(row):
        return result
    first, last = own.indptr[row].astype(np.int64), own.indptr[row + 1].astype(np.int64)
    entry = np.repeat(np.arange(len(row)), last - first)
    mine = own.indices[ranges(first, last)].astype(np.int64)
    if size <= DENSE_PRODUCTS:
        value = similarity.toarray()[mine, product[entry]]
    else:
        wanted = mine * size + product[entry]
        source = np.repeat(np.arange(size, dtype=np.int64), np.diff(similarity.indptr))
        known = source * size + similarity.indices
        place = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
        value = np.where(known[place] == wanted, similarity.data[place], 0)
    found = np.flatnonzero((value > 0) & (mine != product[entry]))
    best = found[best_of_runs(entry[found], value[found])]
    result[entry[best]] = mine[best]
    return result


def cold_lists(
    model: Model,
    seasons: Seasons,
    treatment: Treatment,
    block: np.ndarray,
    *,
    season: np.ndarray,
    day: int,
    rules: ListRules,
) -> Lists:
    """Lists of customers who bought nothing yet: what sells now to customers of their group."""
    rows, products, places, scores = [], [], [], []
    for group in np.unique(treatment.group[block]):
        members = np.flatnonzero(treatment.group[block] == group)
        own = group_season(model, treatment, season, group=int(group))
        popular = best_of_all(own, model.catalogue.is_offered, most=rules.length * 5)
        ranked = Candidates(
            row=np.zeros(len(popular), dtype=np.int64),
            product=popular,
            baskets=np.zeros(len(popular), dtype=np.int64),
            scores=np.zeros((len(popular), len(STRATEGIES)), dtype=np.float32),
            come_by_now=np.ones(len(popular)),
        )
        score = 1 / np.log2(2 + np.arange(len(popular)))
        entry, place = choose(ranked, score, catalogue=model.catalogue, rules=rules, customers=1)
        rows.append(np.repeat(members, len(entry)))
        products.append(np.tile(popular[entry], len(members)))
        places.append(np.tile(place, len(members)))
        scores.append(np.tile(score[entry], len(members)))
    row, product, place, score = (
        np.concatenate(values) for values in (rows, products, places, scores)
    )
    order = np.lexsort((place, row))
    parts = np.zeros((len(order), len(STRATEGIES)))
    parts[:, SEASONAL] = score[order]
    return Lists(
        customer=block[row[order]],
        product=product[order],
        place=place[order] + 1,
        parts=parts,
        score=score[order],
        is_repeat=np.zeros(len(order), dtype=bool),
        because=np.full(len(order), -1),
        together=np.full(len(order), -1),
        chance=np.full(len(order), np.nan),
        is_fallback=np.ones(len(order), dtype=bool),
    )


def group_season(
    model: Model, treatment: Treatment, season: np.ndarray, *, group: int
) -> np.ndarray:
    """By product, what sells now, leaned to what customers of the group bought."""
    histories = model.histories
    own = treatment.group[histories.customer] == group
    counts = np.bincount(
        histories.product[own], weights=histories.baskets[own], minlength=histories.products
    )
    everybody = histories.product_baskets + 1e-9
    share = everybody / everybody.sum()
    lift = (counts + GROUP_PRIOR_BASKETS * share) / ((counts.sum() + GROUP_PRIOR_BASKETS) * share)
    return season * lift
