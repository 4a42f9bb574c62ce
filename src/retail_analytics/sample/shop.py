"""What the shop as a whole leaves behind: products, stock, incidents, mentions, month totals."""

import numpy as np
import pyarrow as pa

from retail_analytics.sample import columns as col
from retail_analytics.sample.columns import DAY, Stream
from retail_analytics.sample.holdouts import campaign_table
from retail_analytics.sample.marketing import ad_spend_table
from retail_analytics.sample.prices import price_change_table
from retail_analytics.sample.truths import Tally
from retail_analytics.sample.world import World

COUNT_WEEKDAY = 0
HISTORY_MONTHS = 12


def shop_tables(world: World, tally: Tally) -> dict[str, pa.Table]:
    """The input tables of the shop as a whole, which need the sums over all blocks."""
    return {
        "products": product_table(world),
        "complaints": counted_complaint_table(world, tally.promises),
        "incidents": incident_table(world, tally.delayed),
        "stock_levels": stock_table(world, tally.demand),
        "mentions": mention_table(world, tally.promises),
        "ad_spend": ad_spend_table(world),
        "campaigns": campaign_table(world),
        "price_changes": price_change_table(world),
        "delivery_months": delivery_month_table(world),
    }


def product_table(world: World) -> pa.Table:
    """The rows of products."""
    process, catalogue = world.process, world.catalogue
    number = np.arange(catalogue.size)
    category = col.labels(catalogue.category, tuple(c.name for c in process.categories))
    perishable = np.array([c.is_perishable for c in process.categories])[catalogue.category]
    return pa.table(
        {
            "product_id": col.ids("P", number + 1, 4),
            "product_name": pa.array(
                [
                    f"{name} article {item + 1}"
                    for name, item in zip(category.to_pylist(), number, strict=True)
                ]
            ),
            "category": category,
            "brand": col.labels(catalogue.brand, process.brands),
            "list_price": col.amounts(catalogue.list_cents),
            "unit_cost": col.amounts(catalogue.cost_cents),
            "lead_time_days": pa.array(catalogue.lead_time_days),
            "lead_time_sd_days": pa.array(catalogue.lead_time_sd_days),
            "is_perishable": pa.array(perishable),
        }
    )


def stock_table(world: World, demand: np.ndarray) -> pa.Table:
    """The rows of stock_levels: every product counted on Monday evenings, by day and product.

    Stock is reviewed every evening. When stock and open orders fall to the reorder point, a fixed
    quantity is ordered and comes after a normal lead time. Where demand found too little, the rest
    came from a neighbour that day, so that no demand is lost.
    """
    process, catalogue, rng = world.process, world.catalogue, world.stream(Stream.STOCK)
    mean, lead = demand.mean(axis=1), catalogue.lead_time_days
    perishable = np.array([c.is_perishable for c in process.categories])[catalogue.category]
    cover = np.where(perishable, process.perishable_cover_days, process.stock_cover_days)
    safety = process.stock_safety_factor * demand.std(axis=1) * np.sqrt(lead)
    reorder_point = np.ceil(mean * lead + safety).astype(int)
    batch = np.maximum(np.ceil(mean * cover).astype(int), 1)

    on_hand, on_order = reorder_point + batch, np.zeros(catalogue.size, dtype=int)
    arriving = np.zeros((world.days + 4 * int(lead.max()) + 2, catalogue.size), dtype=int)
    counts = []
    for day in range(world.days):
        on_hand = np.maximum(on_hand + arriving[day] - demand[:, day], 0)
        on_order = on_order - arriving[day]
        batches = np.maximum(-(-(reorder_point + 1 - on_hand - on_order) // batch), 0)
        wait = np.rint(rng.normal(lead, catalogue.lead_time_sd_days)).astype(int)
        wait = np.clip(wait, 1, 4 * lead)
        arriving[day + wait, np.arange(catalogue.size)] += batches * batch
        on_order = on_order + batches * batch
        if (world.market.weekday[day]) == COUNT_WEEKDAY:
            counts.append((np.full(catalogue.size, day), on_hand, on_order))
    counted, hand, order = (np.concatenate(values) for values in zip(*counts, strict=True))
    product = np.tile(np.arange(catalogue.size), len(counts))
    return pa.table(
        {
            "product_id": col.ids("P", product + 1, 4),
            "counted_on": col.dates(counted, world.first_day),
            "on_hand_units": pa.array(hand),
            "on_order_units": pa.array(order),
            "warehouse": col.labels(catalogue.warehouse[product], process.warehouses),
        }
    )


def incident_table(world: World, delayed: np.ndarray) -> pa.Table:
    """The rows of incidents; affected orders are the deliveries delayed, as someone counted
    them."""
    process, incidents, rng = world.process, world.incidents, world.stream(Stream.REPORTS)
    kinds = [process.incident_kinds[kind] for kind in incidents.kind]
    noise = np.exp(rng.normal(0, process.affected_orders_log_sd, incidents.size))
    solved = incidents.ends * DAY + rng.integers(9 * 3600, 21 * 3600, incidents.size)
    uncategorised = rng.random(incidents.size) < 0.5
    return pa.table(
        {
            "incident_id": col.ids("I", np.arange(incidents.size) + 1, 4),
            "occurred_on": col.dates(incidents.starts, world.first_day),
            "description": pa.array([kind.description for kind in kinds]),
            "affected_orders": pa.array(np.rint(delayed * noise).astype(int)),
            "warehouse": col.labels(incidents.warehouse, process.warehouses),
            "category": col.blank(pa.array([kind.category for kind in kinds]), uncategorised),
            "resolved_at": col.stamps(solved, world.first_day),
        }
    )


def mention_table(world: World, promises: np.ndarray) -> pa.Table:
    """The rows of mentions: a day and source, more negative after a week with many late parcels."""
    process, rng = world.process, world.stream(Stream.MENTIONS)
    due, late = (last_days(row, length=7) for row in promises)
    late_share = late / np.maximum(due, 1)
    volume = process.mentions_per_day + process.mentions_per_order * due / 7
    negative = process.negative_share + process.negative_share_per_late * late_share
    positive = (1 - negative) * process.positive_share_of_rest
    shares = np.stack([positive, negative, 1 - positive - negative], axis=1)
    rates = volume[:, None, None] * np.array(process.source_weights)[:, None] * shares[:, None, :]
    counts = rng.poisson(rates).reshape(-1, 3)
    day, source = np.divmod(np.arange(len(counts)), len(process.sources))
    return pa.table(
        {
            "mentioned_on": col.dates(day, world.first_day),
            "positive_count": pa.array(counts[:, 0]),
            "negative_count": pa.array(counts[:, 1]),
            "neutral_count": pa.array(counts[:, 2]),
            "source": col.labels(source, process.sources),
        }
    )


def last_days(series: np.ndarray, *, length: int) -> np.ndarray:
    """Sum of the day and the ones before it, `length` in all."""
    totals = np.concatenate([np.zeros(length, dtype=series.dtype), np.cumsum(series)])
    return totals[length:] - totals[:-length]


def counted_complaint_table(world: World, promises: np.ndarray) -> pa.Table:
    """Complaints counted by week and topic, about things that no single order explains."""
    process, rng = world.process, world.stream(Stream.COUNTED)
    due = last_days(promises[0], length=7)[6::7]
    rate = process.counted_complaints_per_order * due[:, None] / len(process.counted_topics)
    counts = rng.poisson(np.repeat(rate, len(process.counted_topics), axis=1))
    week, topic = np.nonzero(counts)
    return pa.table(
        {
            "complained_on": col.dates(week * 7 + 6, world.first_day),
            "topic": col.labels(topic, process.counted_topics),
            "order_id": pa.nulls(len(week), pa.string()),
            "complaint_count": pa.array(counts[week, topic]),
        }
    )


def delivery_month_table(world: World) -> pa.Table:
    """The rows of delivery_months: the year before the first day, of which no deliveries are
    kept."""
    rng, year = world.stream(Stream.HISTORY), world.first_day.year - 1
    size = HISTORY_MONTHS
    days_before = np.array(
        [col.days_since_epoch(world.first_day.replace(year=year, month=m + 1)) for m in range(size)]
    ) - col.days_since_epoch(world.first_day)
    busy = np.isin(np.arange(size), (5, 10, 11))
    return pa.table(
        {
            "month": col.dates(days_before, world.first_day),
            "average_delivery_days": pa.array((rng.normal(3.5, 0.15, size) + 0.3 * busy).round(2)),
            "on_time_rate_pct": pa.array((rng.normal(85, 1.5, size) - 5 * busy).round(2)),
            "complaint_count": pa.array(rng.poisson(0.008 * world.customers * (1 + busy))),
        }
    )
