"""Prices that move, what units do about it, and what competitors ask.

In a priced market each product has a factor on its list price that changes on random Mondays, and
is sold factor ** elasticity times as often. The orders at list price are those of a steady market;
what a lower price adds comes on top, as orders of guests. Every draw has a random stream of its
own.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from retail_analytics.sample import columns as col
from retail_analytics.sample.columns import DAY, Stream, choose
from retail_analytics.sample.process import Process
from retail_analytics.sample.watched import monthly_price_factors

if TYPE_CHECKING:
    from retail_analytics.sample.world import World

MONDAY = 0


@dataclass(frozen=True)
class AddedLines:
    """Orders of one line that a lower price added: second, product, quantity, price in cents."""

    second: np.ndarray
    product: np.ndarray
    quantity: np.ndarray
    price: np.ndarray


def price_factors(process: Process, *, products: int, weekday: np.ndarray, seed: int) -> np.ndarray:
    """Products x days: what the price is times the list price, sales left aside."""
    days = len(weekday)
    factors = np.ones((products, days))
    if not process.is_priced:
        return factors * monthly_price_factors(process, days=days)
    rng = col.stream(seed, Stream.PRICES)
    mondays = np.flatnonzero(weekday == MONDAY)
    choices = np.array(process.price_factors)
    for product in range(products):
        changes = mondays[rng.random(len(mondays)) < 1 / process.price_spell_weeks]
        levels = choose(rng, process.price_factor_weights, len(changes))
        for start, level in zip(changes, levels, strict=True):
            factors[product, start:] = choices[level]
    return factors


def added_lines(
    process: Process,
    rng: np.random.Generator,
    *,
    factors: np.ndarray,
    category: np.ndarray,
    second: np.ndarray,
    product: np.ndarray,
    quantity_chance: np.ndarray,
    price: np.ndarray,
) -> AddedLines:
    """What lower prices add to these lines sold: Poisson, by the elasticity of the category.

    quantity_chance: of each product (geometric). price: cents a unit costs then, before vouchers.
    """
    elasticity = np.array(process.elasticities)[category[product]]
    more = factors[product, second // DAY] ** elasticity - 1
    counts = rng.poisson(np.maximum(more, 0))
    line = np.repeat(np.arange(len(product)), counts)
    start = second[line] // DAY * DAY
    return AddedLines(
        second=start + rng.integers(8 * 3600, 22 * 3600, len(line)),
        product=product[line],
        quantity=rng.geometric(quantity_chance[product[line]]),
        price=price[line],
    )


def added_tables(world: "World", added: AddedLines, *, first_number: int) -> dict[str, pa.Table]:
    """The rows of orders and order_lines of guests whom a lower price brought."""
    number = first_number + np.arange(len(added.second))
    count = len(number)
    orders = {
        "order_id": col.ids("O", number, 7),
        "ordered_at": col.stamps(added.second, world.first_day),
        "customer_id": pa.nulls(count, pa.string()),
        "order_status": pa.array(["completed"] * count, pa.string()),
        "sales_channel": pa.array(["web"] * count, pa.string()),
        "order_total": col.amounts(added.quantity * added.price),
        "discount_amount": col.amounts(np.zeros(count, dtype=int)),
    }
    lines = {
        "order_id": col.ids("O", number, 7),
        "product_id": col.ids("P", added.product + 1, 4),
        "quantity": pa.array(added.quantity),
        "line_number": pa.array(np.ones(count, dtype=int)),
        "unit_price": col.amounts(added.price),
    }
    return {"orders": pa.table(orders), "order_lines": pa.table(lines)}


def added_demand(world: "World", added: AddedLines) -> np.ndarray:
    """Units of these orders by product and day."""
    shape = (world.catalogue.size, world.days)
    cell = added.product * world.days + added.second // DAY
    sums = np.bincount(cell, weights=added.quantity, minlength=shape[0] * shape[1])
    return sums.astype(int).reshape(shape)


def price_change_table(world: "World") -> pa.Table:
    """The rows of price_changes: own prices when they change, competitors' every four weeks."""
    process, market, catalogue = world.process, world.market, world.catalogue
    sale = np.where(market.is_sale, process.sale_price_share, 1.0)
    own = np.rint(np.rint(catalogue.list_cents[:, None] * world.factors) * sale).astype(int)
    changes = np.ones(own.shape, dtype=bool)
    changes[:, 1:] = own[:, 1:] != own[:, :-1]
    product, day = np.nonzero(changes)
    rng = world.stream(Stream.COMPETITORS)
    names = process.competitors
    watched = np.argsort(-catalogue.weight, kind="stable")[: process.competitor_products]
    level = np.exp(rng.normal(0, process.competitor_log_sd, (len(watched), len(names))))
    # the last look is a week before the end
    looks = np.arange(world.days - 7, process.competitor_lag_days, -process.competitor_every_days)
    looks = looks[::-1]
    followed = own[watched][:, looks - process.competitor_lag_days]
    seen = np.rint(
        followed[:, :, None]
        * level[:, None, :]
        * np.exp(rng.normal(0, 0.01, (len(watched), len(looks), len(names))))
    ).astype(int)
    item, look, shop = (axis.ravel() for axis in np.indices(seen.shape))
    days = np.concatenate([day, looks[look]])
    products = np.concatenate([product, watched[item]])
    cents = np.concatenate([own[product, day], seen.ravel()])
    shops = np.concatenate([np.full(len(day), -1), shop])
    order = np.lexsort((shops, products, days))
    competitor = col.labels(np.maximum(shops[order], 0), names)
    return pa.table(
        {
            "observed_on": col.dates(days[order], world.first_day),
            "price": col.amounts(cents[order]),
            "product_id": col.ids("P", products[order] + 1, 4),
            "category": pa.nulls(len(order), pa.string()),
            "competitor": col.blank(competitor, shops[order] < 0),
        }
    )


def elasticity_truths(world: "World") -> pa.Table:
    """A category: by how many percent units change when the price rises by one."""
    process = world.process
    return pa.table(
        {
            "category": pa.array([category.name for category in process.categories]),
            "elasticity": pa.array(process.elasticities),
        }
    )
