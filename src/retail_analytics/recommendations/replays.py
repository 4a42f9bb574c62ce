"""Held-out baskets: what each customer knew until a day, and what was bought next.

Two tests. `next_month`: histories until a month begins, and each customer's first basket in it; all
that the lists know lies before. `last_basket`: each customer's last basket, with the histories of
all but that basket and what sold in the weeks before it; similarities may know other customers'
later baskets, as in the literature. The weights of each test were learned on the month, or basket,
before.
"""

from dataclasses import dataclass, fields, replace

import numpy as np

from retail_analytics.recommendations.evaluation import Targets
from retail_analytics.recommendations.histories import Histories, Purchases, build_histories
from retail_analytics.recommendations.ordering import (
    MOST_ROWS,
    begins_run,
    best_entries,
    distinct,
    position_in_run,
)
from retail_analytics.recommendations.strategies import (
    Candidates,
    Catalogue,
    Model,
    Seasons,
    Settings,
    blocks,
    build_seasons,
    cells,
    draw_candidates,
    fit_model,
)

# what sells now is counted for so many days together, to be counted seldom enough
SEASON_DAYS = 28


@dataclass(frozen=True)
class Replay:
    """Candidates of a test's customers with their rank features, and what they bought next.

    candidates: rows count the customers of the test. customers: their numbers. day: the last day
    of what sells that each list knows.
    """

    model: Model
    candidates: Candidates
    features: np.ndarray
    targets: Targets
    customers: np.ndarray
    day: np.ndarray


def sampled(customers: np.ndarray, *, most: int) -> np.ndarray:
    """At most so many of the customers, the same on every build, in order of number."""
    if len(customers) <= most:
        return customers
    mixed = (customers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(20)
    return np.sort(customers[np.argsort(mixed, kind="stable")[:most]])


def month_replay(
    purchases: Purchases,
    catalogue: Catalogue,
    *,
    first_day: int,
    last_day: int,
    settings: Settings,
    most: int,
    method: str | None,
) -> Replay:
    """Histories until the day before `first_day`, each customer's first basket until `last_day`."""
    known = purchases.where(purchases.day < first_day)
    later = purchases.where((purchases.day >= first_day) & (purchases.day <= last_day))
    new = begins_run(later.customer)
    first_basket = later.basket[new][np.cumsum(new) - 1]
    later = later.where(later.basket == first_basket)
    day = np.full(purchases.customers, first_day - 1)
    return replay(
        known, later, catalogue, day=day, today=day, settings=settings, most=most, method=method
    )


def basket_replay(
    purchases: Purchases,
    catalogue: Catalogue,
    *,
    left: int,
    settings: Settings,
    most: int,
    method: str | None,
) -> Replay:
    """Each customer's last basket (left 0), or the one before it (left 1), from those before it.

    What sells now is counted until at most four weeks before, and nothing after that day; what is
    due again is so on the day of the basket.
    """
    baskets_left = purchases.baskets_left
    known = purchases.where(baskets_left > left)
    later = purchases.where(baskets_left == left)
    today = np.zeros(purchases.customers, dtype=np.int64)
    today[later.customer] = later.day
    day = today // SEASON_DAYS * SEASON_DAYS - 1
    return replay(
        known, later, catalogue, day=day, today=today, settings=settings, most=most, method=method
    )


def replay(
    known: Purchases,
    later: Purchases,
    catalogue: Catalogue,
    *,
    day: np.ndarray,
    today: np.ndarray,
    settings: Settings,
    most: int,
    method: str | None,
) -> Replay:
    """Candidates of the customers who are known and bought later."""
    histories = build_histories(known)
    model = fit_model(histories, known, catalogue, settings=settings, method=method)
    customers = distinct(later.customer)
    customers = sampled(customers[histories.basket_count[customers] > 0], most=most)
    return candidates_of(model, customers, build_seasons(known), day=day, today=today, later=later)


def candidates_of(
    model: Model,
    customers: np.ndarray,
    seasons: Seasons,
    *,
    day: np.ndarray,
    today: np.ndarray,
    later: Purchases,
) -> Replay:
    """Draws and ranks candidates, the customers of one day at a time."""
    parts, features, order = [], [], []
    done = 0
    for own_day in distinct(day[customers]):
        season = seasons.scores(int(own_day))
        same = customers[day[customers] == own_day]
        for block in blocks(same, products=model.catalogue.size):
            drawn = draw_candidates(model, block, season=season, today=today[block])
            features.append(drawn.features())
            parts.append(replace(drawn, row=drawn.row + done))
            order.append(block)
            done += len(block)
    if parts:
        candidates = Candidates(
            **{
                field.name: np.concatenate([getattr(part, field.name) for part in parts])
                for field in fields(Candidates)
            }
        )
        rank_features, ordered = np.concatenate(features), np.concatenate(order)
    else:
        candidates = draw_candidates(
            model, customers, season=seasons.scores(0), today=today[customers]
        )
        rank_features, ordered = candidates.features(), customers
    return Replay(
        model=model,
        candidates=candidates,
        features=rank_features,
        targets=targets_of(model.histories, ordered, later),
        customers=ordered,
        day=day[ordered],
    )


def targets_of(histories: Histories, customers: np.ndarray, later: Purchases) -> Targets:
    """What these customers bought later, by their position."""
    place = np.full(histories.customers, -1, dtype=np.int64)
    place[customers] = np.arange(len(customers))
    row = place[later.customer]
    wanted = row >= 0
    row, product = row[wanted], later.product[wanted]
    code = distinct(row * max(histories.products, 1) + product)
    row, product = np.divmod(code, max(histories.products, 1))
    known = cells(histories.bought, customers[row], product) > 0
    return Targets(
        code=code, is_repeat=known, customers=len(customers), products=histories.products
    )


def best_lists(
    replayed: Replay, score: np.ndarray, *, length: int
) -> tuple[np.ndarray, np.ndarray]:
    """Entries and places of each customer's best candidates by score, ties by popularity."""
    counts = replayed.model.histories.product_baskets
    popularity = counts / max(counts.max(initial=0), 1)
    score = score + 1e-4 * popularity[replayed.candidates.product]
    rows = replayed.candidates.row
    picked = []
    step = min(MOST_ROWS, 10_000)
    for first in range(0, replayed.targets.customers, step):
        start, end = np.searchsorted(rows, [first, first + step])
        picked.append(start + best_entries(rows[start:end] - first, score[start:end], most=length))
    entry = np.concatenate(picked) if picked else np.zeros(0, dtype=np.int64)
    return entry, position_in_run(rows[entry])
