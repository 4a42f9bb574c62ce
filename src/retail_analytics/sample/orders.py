"""Orders and what is in them: baskets, prices, vouchers, cancellations and returns."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from retail_analytics.sample import columns as col
from retail_analytics.sample.columns import DAY, Stream
from retail_analytics.sample.customers import Buyers, Purchases, rank_within
from retail_analytics.sample.habits import added_pairs
from retail_analytics.sample.world import World

PURCHASE, CANCELLED, RETURNED = range(3)


@dataclass(frozen=True)
class Documents:
    """Orders of every kind and their lines, purchases first and in the order of `Purchases`.

    buyer, second, kind, discount, total (cents) have one entry per order; line_order (its
    position), product, quantity, price (cents) one entry per line, by order.
    """

    buyer: np.ndarray
    second: np.ndarray
    kind: np.ndarray
    discount: np.ndarray
    total: np.ndarray
    line_order: np.ndarray
    product: np.ndarray
    quantity: np.ndarray
    price: np.ndarray

    @property
    def size(self) -> int:
        """Number of orders."""
        return len(self.buyer)


def draw_documents(
    world: World,
    buyers: Buyers,
    purchases: Purchases,
    *,
    block: int,
    discount: np.ndarray | None = None,
) -> Documents:
    """Purchases and cancelled orders with their lines; discount: share off each purchase.

    A cancelled order is one more order, in the ten days after a purchase by the same buyer, so that
    it takes nothing from the buying rates.
    """
    process, rng = world.process, world.stream(Stream.ORDERS, block)
    regretted = np.flatnonzero(rng.random(len(purchases.buyer)) < process.cancelled_per_purchase)
    later = purchases.second[regretted] + rng.integers(3600, 10 * DAY, len(regretted))
    seen = later < world.days * DAY
    buyer = np.concatenate([purchases.buyer, purchases.buyer[regretted][seen]])
    second = np.concatenate([purchases.second, later[seen]])
    kind = np.where(np.arange(len(buyer)) < len(purchases.buyer), PURCHASE, CANCELLED)

    line_order, product = draw_baskets(world, buyers, rng, buyer=buyer, day=second // DAY)
    catalogue = world.catalogue
    chance = np.array([k.quantity_chance for k in process.demand_kinds])[catalogue.kind]
    quantity = rng.geometric(chance[product])
    joined, joining = added_pairs(
        world, line_order=line_order, product=product, orders=len(buyer), block=block
    )
    line_order, product, quantity = in_order(
        np.concatenate([line_order, joined]),
        np.concatenate([product, joining]),
        np.concatenate([quantity, np.ones(len(joined), dtype=quantity.dtype)]),
    )
    on_sale = world.market.is_sale[second // DAY][line_order]
    price = catalogue.list_cents[product]
    if process.is_priced or process.is_watched:
        factor = world.factors[product, (second // DAY)[line_order]]
        price = np.rint(price * factor).astype(int)
    price = np.where(on_sale, np.rint(price * process.sale_price_share).astype(int), price)

    has_voucher = rng.random(len(buyer)) < process.voucher_share
    rate = np.array(process.voucher_rates)[rng.integers(0, len(process.voucher_rates), len(buyer))]
    taken_off = rate * has_voucher
    if discount is not None:
        # of two vouchers the better one counts
        taken_off[: len(discount)] = np.maximum(taken_off[: len(discount)], discount)
    # prices are what was paid: the voucher is already off them
    paid = np.rint(price * (1 - taken_off)[line_order]).astype(int)

    def order_sums(line_cents: np.ndarray) -> np.ndarray:
        return np.bincount(line_order, weights=line_cents, minlength=len(buyer)).astype(int)

    total = order_sums(quantity * paid)
    return Documents(
        buyer=buyer,
        second=second,
        kind=kind,
        discount=order_sums(quantity * price) - total,
        total=total,
        line_order=line_order,
        product=product,
        quantity=quantity,
        price=paid,
    )


def in_order(line_order: np.ndarray, *others: np.ndarray) -> list[np.ndarray]:
    """Lines with those of one order together; lines of an order keep their order."""
    order = np.argsort(line_order, kind="stable")
    return [line_order[order], *(values[order] for values in others)]


def draw_baskets(
    world: World, buyers: Buyers, rng: np.random.Generator, *, buyer: np.ndarray, day: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Order position and product of every line; a product stands once in an order."""
    process, catalogue = world.process, world.catalogue
    lines = np.minimum(1 + rng.poisson(process.extra_lines_mean, len(buyer)), process.most_lines)
    line_order = np.repeat(np.arange(len(buyer)), lines)
    owner = buyer[line_order]
    likes = rng.random(len(owner)) < process.favourite_category_share
    category = np.where(likes, buyers.favourite[owner], catalogue.categories)
    product = catalogue.draw(rng, catalogue.group_of(buyers.taste[owner], category))
    is_first = rank_within(line_order) == 0
    is_staple = is_first & (rng.random(len(owner)) < process.staple_share)
    product = np.where(is_staple, buyers.staple[owner], product)
    is_asked = catalogue.is_asked[product, day[line_order]]
    product = np.where(is_asked, product, catalogue.substitute[product])
    return np.divmod(col.distinct(line_order * catalogue.size + product), catalogue.size)


def with_returns(
    world: World, documents: Documents, *, delivered_at: np.ndarray, block: int
) -> tuple[Documents, np.ndarray]:
    """Adds the orders that came back: a copy of the purchase, 2 to 20 days after its delivery.

    delivered_at: second at which each purchase's last delivery arrives. Returns the documents and
    the purchase that each added one is a copy of.
    """
    rng = world.stream(Stream.RETURNS, block)
    purchases = len(delivered_at)
    sent_back = rng.random(purchases) < world.process.returned_per_purchase
    second = delivered_at + rng.integers(2 * DAY, 20 * DAY, purchases)
    source = np.flatnonzero(sent_back & (second < world.days * DAY))
    position = np.full(documents.size, -1)
    position[source] = np.arange(len(source)) + documents.size
    copied = np.flatnonzero(position[documents.line_order] >= 0)
    extra = {
        "buyer": documents.buyer[source],
        "second": second[source],
        "kind": np.full(len(source), RETURNED),
        "discount": documents.discount[source],
        "total": documents.total[source],
        "line_order": position[documents.line_order[copied]],
        "product": documents.product[copied],
        "quantity": documents.quantity[copied],
        "price": documents.price[copied],
    }
    added = Documents(
        **{name: np.concatenate([getattr(documents, name), more]) for name, more in extra.items()}
    )
    return added, source


def order_numbers(world: World, buyers: Buyers, documents: Documents) -> np.ndarray:
    """Number of each order: by time within the block, from the block's own range."""
    by_time = np.argsort(documents.second, kind="stable")
    number = np.empty(documents.size, dtype=int)
    number[by_time] = np.arange(documents.size) + world.first_number(buyers.first_customer)
    return number


def order_tables(
    world: World,
    buyers: Buyers,
    documents: Documents,
    *,
    number: np.ndarray,
    is_delivered: np.ndarray,
    block: int,
) -> dict[str, pa.Table]:
    """The rows of orders and order_lines of a block; a purchase not yet delivered is placed."""
    process, rng = world.process, world.stream(Stream.ORDER_LABELS, block)
    by_time = np.argsort(number)
    names = pa.array(["placed", "completed", "cancelled", "returned"])
    status = np.array([1, 2, 3])[documents.kind]
    status[np.flatnonzero(~is_delivered)] = 0
    switches = rng.random(documents.size) < 0.15
    other = rng.integers(0, len(process.sales_channels), documents.size)
    channel = np.where(switches, other, buyers.sales_channel[documents.buyer])
    orders = {
        "order_id": col.ids("O", number[by_time], 7),
        "ordered_at": col.stamps(documents.second[by_time], world.first_day),
        "customer_id": buyers.customer_ids(documents.buyer[by_time]),
        "order_status": col.labels(status[by_time], names),
        "sales_channel": col.labels(channel[by_time], process.sales_channels),
        "order_total": col.amounts(documents.total[by_time]),
        "discount_amount": col.amounts(documents.discount[by_time]),
    }
    no_prices = (documents.kind == PURCHASE) & (
        rng.random(documents.size) < process.unpriced_order_share
    )
    line_number = rank_within(documents.line_order) + 1
    line = np.argsort(number[documents.line_order], kind="stable")
    lines = {
        "order_id": col.ids("O", number[documents.line_order[line]], 7),
        "product_id": col.ids("P", documents.product[line] + 1, 4),
        "quantity": pa.array(documents.quantity[line]),
        "line_number": pa.array(line_number[line]),
        "unit_price": col.blank(
            col.amounts(documents.price[line]), no_prices[documents.line_order[line]]
        ),
    }
    return {"orders": pa.table(orders), "order_lines": pa.table(lines)}


def daily_demand(world: World, documents: Documents, is_lost: np.ndarray) -> np.ndarray:
    """Units asked for by product and day; cancelled, returned and lost orders are left out.

    is_lost: whether each purchase, the first of the documents, did not come.
    """
    counts = documents.kind == PURCHASE
    counts[: len(is_lost)] &= ~is_lost
    line = np.flatnonzero(counts[documents.line_order])
    cell = (
        documents.product[line] * world.days + documents.second[documents.line_order[line]] // DAY
    )
    shape = (world.catalogue.size, world.days)
    units = np.bincount(cell, weights=documents.quantity[line], minlength=shape[0] * shape[1])
    return units.astype(int).reshape(shape)
