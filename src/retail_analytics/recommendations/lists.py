"""From scored candidates to the list a customer gets: slots, caps and variety."""

from dataclasses import dataclass

import numpy as np

from retail_analytics.recommendations.ordering import best_entries, position_in_run
from retail_analytics.recommendations.strategies import Candidates, Catalogue

# candidates of a customer that are looked at for each place of the list
SPARE = 3
# how much alike two products are: in nothing, of one brand, of one category, of both
ALIKE = (0.0, 0.3, 0.7, 1.0)


@dataclass(frozen=True)
class ListRules:
    """Rules of a list (seeds/rules/recommendations).

    length: places. explore_slots: places kept for what the customer never bought, where there is
    enough. category_caps: by category, the most of it in a list. diversity: share of its score that
    a new product loses when the list already holds one that is alike (same category and brand).
    soonest_repeat: share of a customer's next purchases of a product that would have come by now,
    from which on it is listed again.
    """

    length: int
    explore_slots: int
    category_caps: np.ndarray
    diversity: float
    soonest_repeat: float
    soonest: float = 0.0


def category_caps(catalogue: Catalogue, *, cap: int, length: int) -> np.ndarray:
    """By category, the most in a list.

    A category that holds more than half of what is offered is not capped: there is no variety to
    make, and lists would be short. Nor is one capped below what fills a list over all categories.
    """
    size = int(catalogue.category.max(initial=-1)) + 1
    offered = catalogue.category[catalogue.is_offered]
    counts = np.bincount(offered[offered >= 0], minlength=size)
    groups = int((counts > 0).sum())
    caps = np.full(size, max(cap, -(-length // max(groups, 1))), dtype=np.int64)
    caps[counts > len(offered) / 2] = length
    return caps


def choose(
    candidates: Candidates,
    score: np.ndarray,
    *,
    catalogue: Catalogue,
    rules: ListRules,
    customers: int,
    explore_slots: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Entries of the lists and their place from 0, by customer of the block and place.

    Each place goes to the best candidate that breaks no rule: by score, less `diversity` for new
    products like one already there. The places kept for new products are the last ones that
    repeats may not take. The list is then in order of score. explore_slots: by customer, where it
    is not the rule's.
    """
    width = rules.length * SPARE
    picked = []
    is_due = candidates.come_by_now >= rules.soonest_repeat
    for kind in (candidates.is_repeat & is_due, ~candidates.is_repeat):
        there = np.flatnonzero(kind)
        best = best_entries(candidates.row[there], score[there], most=width)
        picked.append(there[best])
    entry = np.concatenate(picked)
    entry = np.sort(entry)
    entry = entry[best_entries(candidates.row[entry], score[entry], most=2 * width)]
    row = candidates.row[entry]
    place = position_in_run(row)
    depth = int(place.max(initial=-1)) + 1
    table = np.full((customers, depth), -1, dtype=np.int64)
    table[row, place] = entry

    if not depth:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    there = table >= 0
    at = np.where(there, table, 0)
    value = np.where(there, score[at], 0).astype(np.float64)
    repeat = (candidates.baskets[at] > 0) & there
    category = catalogue.category.astype(np.int32)[candidates.product[at]]
    brand = catalogue.brand.astype(np.int32)[candidates.product[at]]
    caps = np.append(rules.category_caps, rules.length).astype(np.int16)[category]
    # what is left of the score of a new product by how it is like what is listed (ALIKE)
    left_of_score = 1 - rules.diversity * np.array(ALIKE)
    kept = rules.explore_slots if explore_slots is None else explore_slots
    repeats_left = np.full(customers, rules.length) - kept
    in_category = np.zeros((customers, depth), dtype=np.int16)
    alike = np.zeros((customers, depth), dtype=np.int8)
    chosen = np.full((customers, rules.length), -1, dtype=np.int64)
    every = np.arange(customers)
    for step in range(rules.length):
        is_free = there & (in_category < caps)
        allowed = is_free & (~repeat | (repeats_left > 0)[:, None])
        best = np.where(allowed, value * left_of_score[alike], -np.inf).argmax(axis=1)
        is_one = allowed[every, best]
        # places kept for new products go to others where there are no more of them
        short = np.flatnonzero(~is_one)
        if len(short):
            best[short] = np.where(is_free[short], value[short], -np.inf).argmax(axis=1)
            is_one[short] = is_free[short, best[short]]
        chosen[:, step] = np.where(is_one, table[every, best], -1)
        there[every, best] &= ~is_one
        repeats_left = repeats_left - (is_one & repeat[every, best])
        same_category = category == known_or_none(category[every, best], is_one)
        same_brand = brand == known_or_none(brand[every, best], is_one)
        in_category += same_category
        like_this = 2 * same_category.view(np.int8) + same_brand.view(np.int8)
        alike = np.where(repeat, 0, np.maximum(alike, like_this))
    row, step = np.nonzero(chosen >= 0)
    entry = chosen[row, step]
    order = best_entries(row, score[entry], most=rules.length)
    return entry[order], position_in_run(row[order])


def known_or_none(group: np.ndarray, is_one: np.ndarray) -> np.ndarray:
    """The group of what each customer was just given, as a column; -2 for none and unknown."""
    return np.where(is_one & (group >= 0), group, -2).astype(np.int32)[:, None]
