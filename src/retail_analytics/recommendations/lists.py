"""From scored candidates to the list a customer gets: slots, caps and variety."""

from dataclasses import dataclass

import numpy as np

from retail_analytics.recommendations.ordering import best_entries, position_in_run
from retail_analytics.recommendations.strategies import Candidates, Catalogue

# candidates of a customer that are looked at for each place of the list
SPARE = 3


@dataclass(frozen=True)
class ListRules:
    """Rules of a list (seeds/rules/recommendations).

    length: places. explore_slots: places kept for what the customer never bought, where there is
    enough. category_caps: by category, the most of it in a list. diversity: share of its score that
    a new product loses when the list already holds one that is alike (same category and brand).
    """

    length: int
    explore_slots: int
    category_caps: np.ndarray
    diversity: float


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
    for kind in (candidates.is_repeat, ~candidates.is_repeat):
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

    there = table >= 0
    at = np.where(there, table, 0)
    none = np.zeros((customers, depth))
    value = np.where(there, score[at], 0.0) if len(entry) else none
    product = candidates.product[at] if len(entry) else at
    repeat = (candidates.baskets[at] > 0) & there if len(entry) else there
    category = catalogue.category[product] if len(entry) else at
    brand = catalogue.brand[product] if len(entry) else at
    caps = np.append(rules.category_caps, rules.length)[category] if len(entry) else at
    kept = rules.explore_slots if explore_slots is None else explore_slots
    repeats_left = np.full(customers, rules.length) - kept
    in_category = np.zeros((customers, depth), dtype=np.int64)
    alike = np.zeros((customers, depth))
    chosen = np.full((customers, rules.length), -1, dtype=np.int64)
    every = np.arange(customers)
    for step in range(rules.length if depth else 0):
        allowed = there & (in_category < caps) & (~repeat | (repeats_left > 0)[:, None])
        adjusted = np.where(allowed, value * (1 - rules.diversity * alike * ~repeat), -np.inf)
        best = adjusted.argmax(axis=1)
        is_one = allowed[every, best]
        # places kept for new products go to others where there are no more of them
        short = np.flatnonzero(~is_one)
        if len(short):
            left = there[short] & (in_category[short] < caps[short])
            best[short] = np.where(left, value[short], -np.inf).argmax(axis=1)
            is_one[short] = left[np.arange(len(short)), best[short]]
        chosen[:, step] = np.where(is_one, table[every, best], -1)
        there[every, best] &= ~is_one
        repeats_left = repeats_left - (is_one & repeat[every, best])
        own_category, own_brand = category[every, best], brand[every, best]
        same_category = (category == own_category[:, None]) & (category >= 0) & is_one[:, None]
        same_brand = (brand == own_brand[:, None]) & (brand >= 0) & is_one[:, None]
        in_category += same_category
        alike = np.maximum(alike, 0.7 * same_category + 0.3 * same_brand)
    row, step = np.nonzero(chosen >= 0)
    entry = chosen[row, step]
    order = best_entries(row, score[entry], most=rules.length)
    return entry[order], position_in_run(row[order])
