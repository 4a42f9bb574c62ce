"""One block of customers with all that hangs on them, and the blocks of a sample in order."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from retail_analytics.sample import columns as col
from retail_analytics.sample.columns import DAY, Stream
from retail_analytics.sample.customers import (
    NO_LIFT,
    Buyers,
    Purchases,
    customer_tables,
    draw_buyers,
    draw_purchases,
)
from retail_analytics.sample.experiments import further_tables
from retail_analytics.sample.habits import (
    draw_habits,
    habit_counts,
    habit_demand,
    habit_tables,
    pair_counts,
)
from retail_analytics.sample.holdouts import (
    HELD_OUT,
    SHOWN,
    draw_held_out,
    hold_out_assignments,
    lost_purchases,
    without_orders,
)
from retail_analytics.sample.loyalty import (
    LoyalArms,
    draw_loyal_arms,
    draw_points,
    loyal_assignments,
    loyalty_table,
)
from retail_analytics.sample.mailings import mailing_tables
from retail_analytics.sample.marketing import NO_CHANNEL, draw_causes, touchpoint_table
from retail_analytics.sample.orders import (
    Documents,
    daily_demand,
    draw_documents,
    order_numbers,
    order_tables,
    with_returns,
)
from retail_analytics.sample.parcels import (
    complaint_table,
    delivery_table,
    draw_parcels,
    last_delivery,
    missed_promise,
    promises_by_day,
)
from retail_analytics.sample.prices import AddedLines, added_demand, added_lines, added_tables
from retail_analytics.sample.process import BLOCK
from retail_analytics.sample.support import cancellation_table, ticket_tables
from retail_analytics.sample.truths import Tally
from retail_analytics.sample.watched import is_within
from retail_analytics.sample.world import World
from retail_analytics.storage.ahead import made_ahead

Drawn = tuple[dict[str, pa.Table], Tally]


def drawn_blocks(world: World) -> Iterator[Drawn]:
    """The blocks in order; threads draw the next ones while the caller writes.

    Every block has its own random streams, so that the threads change nothing.
    """

    def drawn(numbered: tuple[int, int]) -> Drawn:
        block, first = numbered
        count = min(BLOCK, world.customers + 1 - first)
        return draw_block(world, block=block, first=first, count=count)

    return made_ahead(drawn, enumerate(range(1, world.customers + 1, BLOCK)))


def draw_block(world: World, *, block: int, first: int, count: int) -> Drawn:
    """All rows of a block of customers, and what they add to the shop's sums."""
    buyers = draw_buyers(world, block=block, first_customer=first, count=count)
    buyers, purchases = draw_purchases(world, buyers, block=block)
    cause = draw_causes(world, buyers, purchases, block=block)
    held_out = draw_held_out(world, buyers, block=block)
    lost_by = lost_purchases(world, held_out, purchases, cause)
    habits = draw_habits(world, buyers, block=block)
    loyal = draw_loyal_arms(world, buyers, purchases, np.unique(habits.buyer), block=block)
    is_lost = lost_by.any(axis=0) | loyal.is_lost | is_within(world, "outage", purchases.second)
    documents = draw_documents(world, buyers, purchases, block=block, discount=loyal.discount)
    loyal_counts = counted_loyal(world, buyers, purchases, loyal, documents, is_lost, block=block)
    parcels = draw_parcels(world, documents, is_lost, block=block)
    orders = len(purchases.buyer)
    delivered_at = last_delivery(parcels, orders=orders)
    missed = missed_promise(world, parcels, orders=orders)
    purchase_lines = documents.line_order < orders
    pairs = pair_counts(
        world,
        line_order=documents.line_order[purchase_lines],
        product=documents.product[purchase_lines],
        orders=orders,
    )
    demand = daily_demand(world, documents, is_lost) + habit_demand(world, habits)
    added = drawn_added(world, documents, is_lost, block=block)
    demand = demand + added_demand(world, added)
    points = draw_points(
        world,
        buyers,
        purchases,
        cents=documents.total[:orders],
        is_lost=is_lost,
        block=block,
    )
    documents, source = with_returns(world, documents, delivered_at=delivered_at, block=block)
    number = order_numbers(world, buyers, documents)
    lost_revenue = [documents.total[:orders][row].sum() for row in lost_by]
    cause = np.where(is_lost, NO_CHANNEL, cause)
    touchpoints, held_back = touchpoint_table(
        world, buyers, purchases, cause, held_out, block=block
    )
    is_delivered = delivered_at < world.days * DAY
    tables = {
        **customer_tables(world, buyers, block=block),
        **order_tables(
            world, buyers, documents, number=number, is_delivered=is_delivered, block=block
        ),
        "deliveries": delivery_table(world, parcels, number=number, first_customer=first),
        "complaints": complaint_table(world, parcels, number=number, block=block),
        "touchpoints": touchpoints,
        **ticket_tables(world, buyers, documents, missed=missed, block=block),
        "cancellations": cancellation_table(world, buyers, documents, missed=missed, block=block),
    }
    if world.process.is_priced:
        mailed = mailing_tables(
            world,
            buyers,
            purchases,
            is_lost=is_lost,
            has_consent=tables["customers"]["marketing_consent"].to_numpy(),
            block=block,
        )
        # the type of a touch is known of mailings only, and a column of those markets
        untyped = pa.nulls(touchpoints.num_rows, pa.string())
        mailed["touchpoints"] = pa.concat_tables(
            [touchpoints.append_column("touch_type", untyped), mailed["touchpoints"]]
        )
        tables |= mailed
    further, truths = further_tables(world, buyers, purchases, block=block)
    tables["experiment_assignments"] = pa.concat_tables(
        [tables["experiment_assignments"], further["experiment_assignments"]]
    )
    tables["experiment_outcomes"] = further["experiment_outcomes"]
    standing = habit_tables(
        world, buyers, habits, first_number=world.first_number(first) + documents.size
    )
    brought = added_tables(
        world,
        added,
        first_number=world.first_number(first) + documents.size + len(habits.buyer),
    )
    for more in (standing, brought) if world.process.is_priced else (standing,):
        for name, rows in more.items():
            tables[name] = pa.concat_tables([tables[name], rows])
    tables["loyalty_events"] = loyalty_table(world, buyers, points, number=number)
    came_back = np.arange(len(source)) + documents.size - len(source)
    lost = np.concatenate([np.flatnonzero(is_lost), came_back[is_lost[source]]])
    tables = without_orders(tables, col.ids("O", number[lost], 7))
    tables["experiment_assignments"] = pa.concat_tables(
        [
            tables["experiment_assignments"],
            hold_out_assignments(world, buyers, held_out),
            *loyal_assignments(world, buyers, loyal),
        ]
    )
    channels = world.process.channels
    is_caused = cause != NO_CHANNEL
    revenue = np.bincount(
        cause[is_caused], weights=documents.total[:orders][is_caused], minlength=len(channels)
    )
    return tables, Tally(
        demand=demand,
        pairs=pairs,
        habits=habit_counts(world, habits),
        promises=promises_by_day(world, parcels),
        delayed=parcels.delayed,
        made_late=parcels.made_late,
        touches=count_each(touchpoints["channel"], [channel.name for channel in channels]),
        caused_orders=np.bincount(cause[is_caused], minlength=len(channels)),
        caused_cents=revenue.astype(int),
        assigned=count_assigned(buyers),
        lifted_orders=np.bincount(
            purchases.lifted_by[purchases.lifted_by != NO_LIFT],
            minlength=len(world.process.experiments),
        ),
        variants=(truths,),
        arms=np.stack([np.sum(held_out.arms == arm, axis=1) for arm in (SHOWN, HELD_OUT)], axis=1),
        lost_orders=lost_by.sum(axis=1),
        lost_cents=np.array(lost_revenue, dtype=int),
        held_back=held_back,
        members=points.members,
        loyal=loyal_counts,
    )


def counted_loyal(
    world: World,
    buyers: Buyers,
    purchases: Purchases,
    loyal: LoyalArms,
    documents: Documents,
    is_lost: np.ndarray,
    *,
    block: int,
) -> np.ndarray:
    """Campaigns x (shown, held out, orders caused, margin caused); documents: purchases first."""
    orders, given = len(is_lost), np.zeros(len(is_lost), dtype=int)
    if loyal.discount.any():
        plain = draw_documents(world, buyers, purchases, block=block)
        given = plain.total[:orders] - documents.total[:orders]
    cost = np.bincount(
        documents.line_order,
        weights=documents.quantity * world.catalogue.cost_cents[documents.product],
        minlength=documents.size,
    ).astype(int)
    return loyal.counts(came=~is_lost, margin=documents.total[:orders] - cost[:orders], given=given)


def drawn_added(
    world: World, documents: Documents, is_lost: np.ndarray, *, block: int
) -> AddedLines:
    """What lower prices add to the purchases; documents: purchases first, is_lost of these."""
    came = np.zeros(documents.size, dtype=bool)
    came[: len(is_lost)] = ~is_lost
    line = np.flatnonzero(came[documents.line_order])
    second = documents.second[documents.line_order[line]]
    product, process = documents.product[line], world.process
    price = np.rint(world.catalogue.list_cents[product] * world.factors[product, second // DAY])
    on_sale = world.market.is_sale[second // DAY]
    price = np.where(on_sale, np.rint(price * process.sale_price_share), price).astype(int)
    return added_lines(
        process,
        world.stream(Stream.PRICE_DEMAND, block),
        factors=world.factors,
        category=world.catalogue.category,
        second=second,
        product=product,
        quantity_chance=np.array([kind.quantity_chance for kind in process.demand_kinds])[
            world.catalogue.kind
        ],
        price=price,
    )


def count_each(column: pa.ChunkedArray, names: list[str]) -> np.ndarray:
    """How often each name stands in the column."""
    return np.array([pc.sum(pc.equal(column, name)).as_py() or 0 for name in names])


def count_assigned(buyers: Buyers) -> np.ndarray:
    """Customers by experiment and variant (control, treatment)."""
    return np.stack([np.sum(buyers.variants == variant, axis=1) for variant in (0, 1)], axis=1)
