"""Deliveries on their way: carriers, incidents that delay them, and the complaints about it."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from retail_analytics.sample import columns as col
from retail_analytics.sample.columns import DAY, Stream, choose
from retail_analytics.sample.orders import PURCHASE, Documents
from retail_analytics.sample.world import World


@dataclass(frozen=True)
class Parcels:
    """One entry per delivery, by order: an order has one from each warehouse that holds its
    products.

    Days and seconds count from the sample's first; they may lie after its end. delayed, made_late:
    number of deliveries by incident.
    """

    order: np.ndarray
    warehouse: np.ndarray
    carrier: np.ndarray
    promised_day: np.ndarray
    shipped_at: np.ndarray
    delivered_at: np.ndarray
    delayed: np.ndarray
    made_late: np.ndarray

    @property
    def is_late(self) -> np.ndarray:
        """Delivered after the promised day."""
        return self.delivered_at // DAY > self.promised_day


def draw_parcels(world: World, documents: Documents, is_lost: np.ndarray, *, block: int) -> Parcels:
    """Draws the deliveries of all purchases; those of lost ones count in no incident.

    is_lost: whether each purchase did not come.

    On time: any day from the one after shipping to the promised one, later days more likely.
    Late: one day and more, geometric. Then the incidents of the delivery's warehouse add their
    days.
    """
    process, rng = world.process, world.stream(Stream.PARCELS, block)
    line = np.flatnonzero(documents.kind[documents.line_order] == PURCHASE)
    houses = len(process.warehouses)
    house_of = world.catalogue.warehouse[documents.product[line]]
    order, warehouse = np.divmod(
        col.distinct(documents.line_order[line] * houses + house_of), houses
    )

    size = len(order)
    ordered_at = documents.second[order]
    carrier = choose(rng, tuple(c.share for c in process.carriers), size)
    promise_days = np.array([c.promise_days for c in process.carriers])[carrier]
    promised_day = ordered_at // DAY + promise_days
    low, high = process.handling_hours
    shipped_at = ordered_at + (rng.uniform(low, high, size) * 3600).astype(int)
    shipped_day = shipped_at // DAY

    on_time = np.array([c.on_time_probability for c in process.carriers])[carrier]
    mean_late = np.array([c.mean_days_late for c in process.carriers])[carrier]
    way = np.ceil(np.sqrt(rng.random(size)) * (promised_day - shipped_day)).astype(int)
    late_day = promised_day + rng.geometric(1 / mean_late)
    delivered_day = np.where(rng.random(size) < on_time, shipped_day + np.maximum(way, 1), late_day)
    delivered_day, delayed, made_late = delay_by_incidents(
        world,
        rng,
        warehouse,
        shipped_day=shipped_day,
        promised=promised_day,
        planned=delivered_day,
        counts=~is_lost[order],
    )
    return Parcels(
        order=order,
        warehouse=warehouse,
        carrier=carrier,
        promised_day=promised_day,
        shipped_at=shipped_at,
        delivered_at=delivered_day * DAY + rng.integers(8 * 3600, 20 * 3600, size),
        delayed=delayed,
        made_late=made_late,
    )


def delay_by_incidents(
    world: World,
    rng: np.random.Generator,
    warehouse: np.ndarray,
    *,
    shipped_day: np.ndarray,
    promised: np.ndarray,
    planned: np.ndarray,
    counts: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Day of delivery after incidents; deliveries delayed and made late by each incident.

    A delivery is hit if any day from its shipping to its planned delivery is one of the incident's,
    at the same warehouse. It loses 1 + Poisson(extra days - 1) days.
    """
    incidents = world.incidents
    day = planned.copy()
    delayed, made_late = np.zeros((2, incidents.size), dtype=int)
    for item in range(incidents.size):
        hit = np.flatnonzero(
            (warehouse == incidents.warehouse[item])
            & (shipped_day <= incidents.ends[item])
            & (day >= incidents.starts[item])
        )
        extra = world.process.incident_kinds[incidents.kind[item]].extra_days
        before = day[hit]
        day[hit] += 1 + rng.poisson(extra - 1, len(hit))
        delayed[item] = counts[hit].sum()
        is_made_late = (before <= promised[hit]) & (day[hit] > promised[hit])
        made_late[item] = np.sum(is_made_late & counts[hit])
    return day, delayed, made_late


def delivery_table(
    world: World, parcels: Parcels, *, number: np.ndarray, first_customer: int
) -> pa.Table:
    """The rows of deliveries: deliveries shipped before the end, by order and warehouse."""
    end = world.days * DAY
    seen = np.flatnonzero(parcels.shipped_at < end)
    row = seen[np.lexsort((parcels.warehouse[seen], number[parcels.order[seen]]))]
    process = world.process
    first_number = world.first_number(first_customer)
    delivered_at = parcels.delivered_at[row]
    return pa.table(
        {
            "delivery_id": col.ids("D", np.arange(len(row)) + first_number, 7),
            "order_id": col.ids("O", number[parcels.order[row]], 7),
            "promised_on": col.dates(parcels.promised_day[row], world.first_day),
            "shipped_at": col.stamps(parcels.shipped_at[row], world.first_day),
            "delivered_at": col.blank(
                col.stamps(delivered_at, world.first_day), delivered_at >= end
            ),
            "carrier": col.labels(parcels.carrier[row], tuple(c.name for c in process.carriers)),
            "warehouse": col.labels(parcels.warehouse[row], process.warehouses),
        }
    )


def last_delivery(parcels: Parcels, *, orders: int) -> np.ndarray:
    """Second at which the last delivery of each order arrives."""
    last = np.zeros(orders, dtype=int)
    np.maximum.at(last, parcels.order, parcels.delivered_at)
    return last


def missed_promise(world: World, parcels: Parcels, *, orders: int) -> np.ndarray:
    """Day on which each order's first missed promise is felt, -1 where there is none."""
    felt = parcels.promised_day + 1
    late = np.flatnonzero(parcels.is_late & (felt < world.days))
    first = np.full(orders, world.days)
    np.minimum.at(first, parcels.order[late], felt[late])
    return np.where(first < world.days, first, -1)


def complaint_table(world: World, parcels: Parcels, *, number: np.ndarray, block: int) -> pa.Table:
    """Complaints about deliveries by day, one per order: late ones by days late, others rarely."""
    process, rng = world.process, world.stream(Stream.COMPLAINTS, block)
    size = len(parcels.order)
    delivered_day = parcels.delivered_at // DAY
    days_late = np.maximum(delivered_day - parcels.promised_day, 0)
    chance = np.minimum(
        process.late_complaint_base + process.late_complaint_per_day * days_late,
        process.late_complaint_most,
    )
    chance = np.where(days_late > 0, chance, process.other_complaint_rate)
    wait = rng.geometric(0.5, size)
    day = np.where(days_late > 0, parcels.promised_day, delivered_day) + wait
    topic = np.where(days_late > 0, 0, 1 + rng.integers(0, len(process.complaint_topics), size))
    row = np.flatnonzero((rng.random(size) < chance) & (day < world.days))
    row = row[np.unique(parcels.order[row], return_index=True)[1]]
    row = row[np.lexsort((number[parcels.order[row]], day[row]))]
    return pa.table(
        {
            "complained_on": col.dates(day[row], world.first_day),
            "topic": col.labels(topic[row], ("late delivery", *process.complaint_topics)),
            "order_id": col.ids("O", number[parcels.order[row]], 7),
            "complaint_count": pa.array(np.ones(len(row), dtype=int)),
        }
    )


def promises_by_day(world: World, parcels: Parcels) -> np.ndarray:
    """Deliveries promised for each day, and those of them that were late: 2 x days."""
    due = np.flatnonzero(parcels.promised_day < world.days)
    day = parcels.promised_day[due]
    late = day[parcels.is_late[due]]
    return np.stack([np.bincount(d, minlength=world.days) for d in (day, late)])
