"""What recommendations should find again: products bought together, and products bought by habit.

Both are drawn from random streams of their own, after everything else about orders, so that all
other tables stay as they are without them.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from retail_analytics.sample import columns as col
from retail_analytics.sample.catalogue import Catalogue
from retail_analytics.sample.columns import DAY, Stream
from retail_analytics.sample.customers import Buyers
from retail_analytics.sample.process import Process
from retail_analytics.sample.world import World

SALES_CHANNEL = "standing order"


@dataclass(frozen=True)
class Plants:
    """Products of the planted pairs (first, second) and the products that are bought by habit."""

    first: np.ndarray
    second: np.ndarray
    habit: np.ndarray


@dataclass(frozen=True)
class Habits:
    """Standing orders: one entry per order of one unit; seconds count from the sample's first."""

    buyer: np.ndarray
    second: np.ndarray
    product: np.ndarray


def plants(process: Process, catalogue: Catalogue) -> Plants:
    """The most popular steady products: pairs across categories of one warehouse, then habits.

    A pair lies in one warehouse, so that no delivery is added.
    """
    steady = np.array([kind.active_day_share == 1 for kind in process.demand_kinds])
    ranked = np.lexsort((np.arange(catalogue.size), -catalogue.weight))
    ranked = ranked[steady[catalogue.kind[ranked]]]
    houses = np.unique(catalogue.warehouse)
    count = process.pair_count // len(houses)
    first, second = [], []
    for house in houses:
        members = ranked[catalogue.warehouse[ranked] == house].tolist()
        firsts, rest = members[:count], members[count:]
        for number, item in enumerate(firsts):
            others = [m for m in rest if catalogue.category[m] != catalogue.category[item]]
            if others:
                # the best seller with the least of the next, so that pairs are about as frequent
                other = others[min(count - 1 - number, len(others) - 1)]
                first.append(item)
                second.append(other)
                rest.remove(other)
    used = {*first, *second}
    habit = [item for item in ranked.tolist() if item not in used][: process.habit_products]
    return Plants(
        first=np.array(first, dtype=int),
        second=np.array(second, dtype=int),
        habit=np.array(habit, dtype=int),
    )


def added_pairs(
    world: World, *, line_order: np.ndarray, product: np.ndarray, orders: int, block: int
) -> tuple[np.ndarray, np.ndarray]:
    """Order and product of the lines that make the pairs: the second joins the first.

    It joins with the chance that makes the second `pair_lift` times as likely in a basket with the
    first as in any: share s of all orders, c of those with the first (share a) before, q of those
    without it then: c + q (1 - c) = lift x (s + a q (1 - c)).
    """
    rng = world.stream(Stream.PAIRS, block)
    planted = plants(world.process, world.catalogue)
    lift = world.process.pair_lift
    new_orders, new_products = [], []
    for first, second in zip(planted.first, planted.second, strict=True):
        has_first = np.zeros(orders, dtype=bool)
        has_second = np.zeros(orders, dtype=bool)
        has_first[line_order[product == first]] = True
        has_second[line_order[product == second]] = True
        chance = rng.random(orders)
        if not has_first.any():
            continue
        share, both = has_second.mean(), has_second[has_first].mean()
        room = (1 - both) * (1 - lift * has_first.mean())
        joining = np.clip((lift * share - both) / room, 0, 1) if room > 0 else 0.0
        joined = np.flatnonzero(has_first & ~has_second & (chance < joining))
        new_orders.append(joined)
        new_products.append(np.full(len(joined), second))
    if not new_orders:
        return np.zeros(0, dtype=int), np.zeros(0, dtype=int)
    return np.concatenate(new_orders), np.concatenate(new_products)


def draw_habits(world: World, buyers: Buyers, *, block: int) -> Habits:
    """Standing orders of some customers who buy often: one product every so many days.

    Days from one to the next are normal, rounded, at least one. The first comes up to half a year
    after the first order; after each, the habit ends with a chance of its own.
    """
    process, rng = world.process, world.stream(Stream.HABITS, block)
    products = plants(process, world.catalogue).habit
    frequent = np.flatnonzero(buyers.pattern[: buyers.customers] == 0)
    wanted = rng.random(len(frequent)) < process.habit_share_of_frequent
    owner = frequent[wanted & bool(len(products))]
    product = products[np.arange(len(owner)) % max(len(products), 1)]
    rows = []
    for buyer, item in zip(owner, product, strict=True):
        day = int(buyers.first_day[buyer]) + int(rng.integers(1, 180))
        while day < world.days:
            rows.append((buyer, day * DAY + int(rng.integers(8 * 3600, 20 * 3600)), item))
            if rng.random() < process.habit_end_chance:
                break
            day += max(1, round(rng.normal(process.habit_days, process.habit_days_sd)))
    table = np.array(rows, dtype=int).reshape(-1, 3)
    table = table[np.lexsort((table[:, 0], table[:, 1]))]
    return Habits(buyer=table[:, 0], second=table[:, 1], product=table[:, 2])


def habit_tables(
    world: World, buyers: Buyers, habits: Habits, *, first_number: int
) -> dict[str, pa.Table]:
    """The rows of orders and order_lines of standing orders: collected in the shop, no delivery."""
    number = first_number + np.arange(len(habits.buyer))
    price = world.catalogue.list_cents[habits.product]
    orders = {
        "order_id": col.ids("O", number, 7),
        "ordered_at": col.stamps(habits.second, world.first_day),
        "customer_id": buyers.customer_ids(habits.buyer),
        "order_status": pa.array(["completed"] * len(number), pa.string()),
        "sales_channel": pa.array([SALES_CHANNEL] * len(number), pa.string()),
        "order_total": col.amounts(price),
        "discount_amount": col.amounts(np.zeros(len(number), dtype=int)),
    }
    lines = {
        "order_id": col.ids("O", number, 7),
        "product_id": col.ids("P", habits.product + 1, 4),
        "quantity": pa.array(np.ones(len(number), dtype=int)),
        "line_number": pa.array(np.ones(len(number), dtype=int)),
        "unit_price": col.amounts(price),
    }
    return {"orders": pa.table(orders), "order_lines": pa.table(lines)}


def habit_demand(world: World, habits: Habits) -> np.ndarray:
    """Units of standing orders by product and day."""
    shape = (world.catalogue.size, world.days)
    cell = habits.product * world.days + habits.second // DAY
    return np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape)


def pair_counts(
    world: World, *, line_order: np.ndarray, product: np.ndarray, orders: int
) -> np.ndarray:
    """Pairs x (orders with the first, with the second, with both, all orders)."""
    planted = plants(world.process, world.catalogue)
    counts = np.zeros((len(planted.first), 4), dtype=int)
    for number, (first, second) in enumerate(zip(planted.first, planted.second, strict=True)):
        with_first = np.unique(line_order[product == first])
        with_second = np.unique(line_order[product == second])
        both = np.intersect1d(with_first, with_second, assume_unique=True)
        counts[number] = len(with_first), len(with_second), len(both), orders
    return counts


def pair_truths(world: World, counts: np.ndarray) -> pa.Table:
    """A planted pair: its lift as declared, and as it came out over all purchases."""
    planted = plants(world.process, world.catalogue)
    first, second, both, orders = counts.T
    expected = first * second / np.maximum(orders, 1)
    return pa.table(
        {
            "antecedent_product_id": col.ids("P", planted.first + 1, 4),
            "consequent_product_id": col.ids("P", planted.second + 1, 4),
            "lift": pa.array(np.full(len(first), world.process.pair_lift)),
            "realised_lift": pa.array((both / np.where(expected > 0, expected, 1)).round(6)),
            "basket_count": pa.array(both),
        }
    )


def habit_truths(world: World, counts: np.ndarray) -> pa.Table:
    """A product bought by habit: days between purchases, and the customers and orders of habits."""
    process, products = world.process, plants(world.process, world.catalogue).habit
    return pa.table(
        {
            "product_id": col.ids("P", products + 1, 4),
            "mean_interval_days": pa.array(np.full(len(products), process.habit_days)),
            "interval_sd_days": pa.array(np.full(len(products), process.habit_days_sd)),
            "end_chance": pa.array(np.full(len(products), process.habit_end_chance)),
            "customer_count": pa.array(counts[:, 0]),
            "order_count": pa.array(counts[:, 1]),
        }
    )


def habit_counts(world: World, habits: Habits) -> np.ndarray:
    """Habit products x (customers, orders)."""
    products = plants(world.process, world.catalogue).habit
    counts = np.zeros((len(products), 2), dtype=int)
    for number, item in enumerate(products):
        own = habits.product == item
        counts[number] = len(np.unique(habits.buyer[own])), own.sum()
    return counts
