"""Channels held back from some customers: experiments, and the tenth that a campaign leaves out.

Whoever is held out gets no touch of the channel while it lasts, and the orders that the channel
would have caused do not come. All other orders are as they would have been, so that the rows of
everything else stay what they are without hold-outs.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from retail_analytics.sample import columns as col
from retail_analytics.sample.columns import DAY, Stream
from retail_analytics.sample.customers import Buyers, Purchases
from retail_analytics.sample.world import World

NOT_IN_IT, SHOWN, HELD_OUT = -1, 0, 1
# tables whose rows belong to an order
OF_ORDERS = ("orders", "order_lines", "deliveries", "complaints")


@dataclass(frozen=True)
class HeldOut:
    """Arms of a block: hold-outs x buyers (NOT_IN_IT, SHOWN, HELD_OUT)."""

    arms: np.ndarray

    def is_held_back(
        self, world: World, *, buyer: np.ndarray, second: np.ndarray, channel: np.ndarray
    ) -> np.ndarray:
        """Hold-outs x cases: whether the channel (a code) is held back from the buyer then."""
        codes = [one.name for one in world.process.channels]
        rows = []
        for arm, hold_out in zip(self.arms, world.process.hold_outs, strict=True):
            start = (hold_out.starts_on - world.first_day).days * DAY
            rows.append(
                (arm[buyer] == HELD_OUT)
                & (channel == codes.index(hold_out.channel))
                & (second >= start)
                & (second < start + hold_out.length_days * DAY)
            )
        return np.array(rows, dtype=bool).reshape(len(self.arms), len(buyer))


def draw_held_out(world: World, buyers: Buyers, *, block: int) -> HeldOut:
    """Puts the customers signed up before each hold-out into its arms."""
    rng = world.stream(Stream.HOLD_OUTS, block)
    hold_outs = world.process.hold_outs
    arms = np.full((len(hold_outs), buyers.size), NOT_IN_IT)
    for row, hold_out in enumerate(hold_outs):
        chance = rng.random(buyers.customers)
        start = (hold_out.starts_on - world.first_day).days
        members = np.flatnonzero(buyers.signed_up[: buyers.customers] < start)
        arms[row, members] = np.where(chance[members] < hold_out.share, HELD_OUT, SHOWN)
    return HeldOut(arms)


def lost_purchases(
    world: World, held_out: HeldOut, purchases: Purchases, cause: np.ndarray
) -> np.ndarray:
    """Hold-outs x purchases: the purchases that did not come because of each."""
    return held_out.is_held_back(
        world, buyer=purchases.buyer, second=purchases.second, channel=cause
    )


def without_orders(tables: dict[str, pa.Table], lost: pa.Array) -> dict[str, pa.Table]:
    """The tables without the rows of these orders."""
    return {
        name: table.filter(pc.invert(pc.is_in(table["order_id"], lost)))
        if name in OF_ORDERS
        else table
        for name, table in tables.items()
    }


def hold_out_assignments(world: World, buyers: Buyers, held_out: HeldOut) -> pa.Table:
    """Who was put into which arm, by hold-out and customer, at its first second."""
    row, buyer = np.nonzero(held_out.arms != NOT_IN_IT)
    hold_outs = world.process.hold_outs
    starts = np.array([(one.starts_on - world.first_day).days * DAY for one in hold_outs], int)
    is_treated = np.array([one.held_out_variant == "treatment" for one in hold_outs], bool)
    is_held = held_out.arms[row, buyer] == HELD_OUT
    variant = np.where(is_treated[row], is_held, ~is_held).astype(int)
    return pa.table(
        {
            "experiment_id": col.labels(row, tuple(one.name for one in hold_outs)),
            "customer_id": buyers.customer_ids(buyer),
            "variant": col.labels(variant, ("control", "treatment")),
            "assigned_at": col.stamps(starts[row], world.first_day),
        }
    )


def campaign_table(world: World) -> pa.Table:
    """The rows of campaigns: those that held customers out, and the sales of every year."""
    rows = [
        (c.name, c.starts_on, c.length_days, c.channel, c.budget, None)
        for c in world.process.hold_outs
        if c.is_campaign
    ]
    if world.process.is_priced:
        rows += [
            (c.name, c.starts_on, c.length_days, c.channel, c.budget, c.discount_rate)
            for c in world.process.loyal_campaigns
        ]
    is_sale, discount = world.market.is_sale, 1 - world.process.sale_price_share
    edges = np.flatnonzero(np.diff(np.concatenate([[0], is_sale.astype(int), [0]])))
    for start, end in edges.reshape(-1, 2):
        first = world.day(int(start))
        rows.append((f"sale-{first:%Y-%m}", first, int(end - start), None, None, discount))
    rows.sort(key=lambda row: (row[1], row[0]))
    name, first, length, channel, budget, rate = zip(*rows, strict=True) if rows else [()] * 6
    days = np.array([(day - world.first_day).days for day in first], dtype=int)
    return pa.table(
        {
            "campaign": pa.array(name, pa.string()),
            "starts_on": col.dates(days, world.first_day),
            "ends_on": col.dates(days + np.array(length, dtype=int) - 1, world.first_day),
            "channel": pa.array(channel, pa.string()),
            "budget": pa.array(budget, pa.float64()),
            "discount_rate": pa.array([None if r is None else round(r, 4) for r in rate]),
        }
    )


def hold_out_truths(
    world: World,
    *,
    arms: np.ndarray,
    lost_orders: np.ndarray,
    lost_cents: np.ndarray,
    held_back_touches: np.ndarray,
) -> pa.Table:
    """A hold-out: whom it left out, and the orders, revenue and touches that did not come.

    arms: hold-outs x (shown, held out); the others one entry per hold-out.
    """
    hold_outs = world.process.hold_outs
    return pa.table(
        {
            "experiment_id": pa.array([one.name for one in hold_outs], pa.string()),
            "channel": pa.array([one.channel for one in hold_outs], pa.string()),
            "held_out_variant": pa.array([one.held_out_variant for one in hold_outs], pa.string()),
            "starts_on": pa.array([one.starts_on for one in hold_outs], pa.date32()),
            "length_days": pa.array([one.length_days for one in hold_outs], pa.int64()),
            "shown_count": pa.array(arms[:, 0]),
            "held_out_count": pa.array(arms[:, 1]),
            "lost_order_count": pa.array(lost_orders),
            "lost_revenue": col.amounts(lost_cents),
            "held_back_touch_count": pa.array(held_back_touches),
        }
    )


def synergy_truths(world: World) -> pa.Table:
    """The pair of channels that multiply each other: how often a touch works apart and together."""
    process = world.process
    effects = {channel.name: channel.purchase_effect for channel in process.channels}
    apart = effects[process.synergy_channel]
    kept = process.synergy_idle_share
    return pa.table(
        {
            "channel": pa.array([process.synergy_channel]),
            "after_channel": pa.array([process.synergy_after_channel]),
            "within_days": pa.array([process.synergy_days]),
            "effect_apart": pa.array([apart]),
            "effect_together": pa.array([round(apart / (apart + kept * (1 - apart)), 6)]),
        }
    )
