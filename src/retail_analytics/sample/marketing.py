"""Touchpoints that cause orders or do not, and what the channels cost."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from retail_analytics.sample import columns as col
from retail_analytics.sample.columns import DAY, Stream, choose
from retail_analytics.sample.customers import NO_DAY, NO_LIFT, Buyers, Purchases, spread
from retail_analytics.sample.holdouts import HeldOut
from retail_analytics.sample.market import idle_touches
from retail_analytics.sample.process import Channel
from retail_analytics.sample.watched import devices, is_unrecorded
from retail_analytics.sample.world import World

NO_CHANNEL = -1
# touches of a first purchase that did nothing come in the days before it
COURTING_DAYS = 30


def draw_causes(world: World, buyers: Buyers, purchases: Purchases, *, block: int) -> np.ndarray:
    """Channel that caused each purchase of a customer, or NO_CHANNEL."""
    rng = world.stream(Stream.CAUSES, block)
    edges = np.cumsum(world.market.cause, axis=0)[:, purchases.second // DAY]
    chance = rng.random(len(purchases.buyer))
    cause = np.sum(chance >= edges, axis=0)
    by_channel = (
        (cause < len(edges))
        & (purchases.buyer < buyers.customers)
        & (purchases.lifted_by == NO_LIFT)
    )
    return np.where(by_channel, cause, NO_CHANNEL)


def touchpoint_table(
    world: World,
    buyers: Buyers,
    purchases: Purchases,
    cause: np.ndarray,
    held_out: HeldOut,
    *,
    block: int,
) -> tuple[pa.Table, np.ndarray]:
    """The rows of touchpoints of a block by time, and the touches that each hold-out held back."""
    process, rng = world.process, world.stream(Stream.TOUCHPOINTS, block)
    caused = np.flatnonzero(cause != NO_CHANNEL)
    parts = [
        (
            purchases.buyer[caused],
            purchases.second[caused] - time_to_order(rng, len(caused)),
            cause[caused],
        )
    ]
    for code, channel in enumerate(process.channels):
        parts += [
            repeat_touches(world, rng, buyers, code),
            courting_touches(world, rng, buyers, code, channel),
            shadow_touches(rng, buyers, purchases, code, channel),
        ]
    buyer, second, code = (np.concatenate(values) for values in zip(*parts, strict=True))
    second = np.maximum(second, 0)
    is_idle = np.arange(len(buyer)) >= len(caused)
    is_seen = second < world.days * DAY
    is_seen &= ~is_unrecorded(world, second=second, channel=code)
    is_seen &= ~made_effective(
        world, buyer=buyer, second=second, code=code, is_idle=is_idle, block=block
    )
    held_back = is_seen & held_out.is_held_back(world, buyer=buyer, second=second, channel=code)
    seen = np.flatnonzero(is_seen & ~held_back.any(axis=0))
    row = seen[np.lexsort((code[seen], buyer[seen], second[seen]))]
    names = tuple(channel.name for channel in process.channels)
    channel = col.labels(code[row], names)
    size = len(row)
    table = pa.table(
        {
            "touchpoint_id": col.ids(
                "T", np.arange(size) + world.first_number(buyers.first_customer), 7
            ),
            "customer_id": buyers.customer_ids(buyer[row]),
            "touched_at": col.stamps(second[row], world.first_day),
            "channel": channel,
            "campaign": campaigns(world, channel, second[row] // DAY),
            "device": col.labels(
                devices(
                    world,
                    choose(rng, process.device_weights, size),
                    second=second[row],
                    block=block,
                ),
                process.devices,
            ),
            "region": col.labels(buyers.region[buyer[row]], process.regions),
        }
    )
    return table, held_back.sum(axis=1)


def made_effective(
    world: World,
    *,
    buyer: np.ndarray,
    second: np.ndarray,
    code: np.ndarray,
    is_idle: np.ndarray,
    block: int,
) -> np.ndarray:
    """Touches without effect that are not there, for the channel works more often after another."""
    process, rng = world.process, world.stream(Stream.SYNERGY, block)
    names = [channel.name for channel in process.channels]
    after = code == names.index(process.synergy_after_channel)
    span = (world.days + 1) * DAY
    # touches of the other channel in order of buyer and time; the last one before each touch
    earlier = np.sort(buyer[after] * span + second[after])
    here = buyer * span + second
    place = np.searchsorted(earlier, here, side="left") - 1
    last = np.where(place >= 0, earlier[np.maximum(place, 0)], -1) if len(earlier) else -1
    follows = (last >= buyer * span) & (here - last <= process.synergy_days * DAY)
    drops = rng.random(len(buyer)) >= process.synergy_idle_share
    return is_idle & follows & drops & (code == names.index(process.synergy_channel))


def time_to_order(rng: np.random.Generator, size: int) -> np.ndarray:
    """Seconds from a touch to the order it caused: a minute and more, eight hours on average."""
    return 60 + rng.exponential(8 * 3600, size).astype(int)


def repeat_touches(
    world: World, rng: np.random.Generator, buyers: Buyers, code: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Touches without effect of repeat buyers, between the first order and drop-out."""
    active = np.flatnonzero((buyers.rate > 0) & (np.arange(buyers.size) < buyers.customers))
    is_seasonal, tables = buyers.is_seasonal[active], world.market.touch[:, code]
    dropped = buyers.dropped_day[active]
    last = np.where(dropped == NO_DAY, world.days, np.maximum(dropped, buyers.first_day[active]))
    grid = np.arange(world.days + 1.0)

    def reached(day: np.ndarray) -> np.ndarray:
        return np.where(
            is_seasonal, np.interp(day, grid, tables[1]), np.interp(day, grid, tables[0])
        )

    low, high = reached(buyers.first_day[active]), reached(last)
    counts = rng.poisson(buyers.rate[active] * (high - low))
    entry, position = spread(rng, counts, low, high)
    day = np.empty(len(entry))
    for row, mask in enumerate((~is_seasonal[entry], is_seasonal[entry])):
        day[mask] = np.interp(position[mask], tables[row], grid)
    return active[entry], (day * DAY).astype(int), np.full(len(entry), code)


def courting_touches(
    world: World, rng: np.random.Generator, buyers: Buyers, code: int, channel: Channel
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Touches without effect in the month before the first order (none: after signing up)."""
    customers = np.arange(buyers.customers)
    first = np.minimum(buyers.first_day[: buyers.customers], world.days - 1)
    pull = world.market.response[code, first.astype(int)] * idle_touches(world.process, channel)
    buyer = np.repeat(customers, rng.poisson(pull))
    away = rng.uniform(0, COURTING_DAYS, len(buyer))
    day = first[buyer] + np.where(buyers.has_orders[buyer], -away, away)
    seen = day >= 0
    return buyer[seen], (day[seen] * DAY).astype(int), np.full(seen.sum(), code)


def shadow_touches(
    rng: np.random.Generator, buyers: Buyers, purchases: Purchases, code: int, channel: Channel
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Touches in the two days before an order that would have come anyway."""
    shadowed = rng.random(len(purchases.buyer)) < channel.shadow_share
    row = np.flatnonzero(shadowed & (purchases.buyer < buyers.customers))
    away = rng.integers(3600, 2 * DAY, len(row))
    return purchases.buyer[row], purchases.second[row] - away, np.full(len(row), code)


def ad_spend_table(world: World) -> pa.Table:
    """The rows of ad_spend by day: every channel, one of the shop's own with a spend of 0."""
    tables = pa.concat_tables([paid_media_table(world), own_media_table(world)])
    order = pc.sort_indices(tables, [("spent_on", "ascending"), ("spend_amount", "descending")])
    return tables.take(order)


def own_media_table(world: World) -> pa.Table:
    """The rows of ad_spend of channels that cost nothing: how often they were shown."""
    process, rng = world.process, world.stream(Stream.OWN_MEDIA)
    own = [code for code, channel in enumerate(process.channels) if channel.cost_per_touch == 0]
    touches = np.array([mean_touches(world, process.channels[code]) for code in own])
    means = world.market.spend[own].T * touches * process.impressions_per_own_touch
    impressions = rng.poisson(means.ravel())
    day, position = np.divmod(np.arange(len(impressions)), max(len(own), 1))
    channel = col.labels(
        np.array(own, dtype=int)[position], tuple(c.name for c in process.channels)
    )
    return pa.table(
        {
            "spent_on": col.dates(day, world.first_day),
            "channel": channel,
            "spend_amount": col.amounts(np.zeros(len(day), dtype=int)),
            "campaign": campaigns(world, channel, day),
            "impressions": pa.array(impressions),
            "clicks": pa.array(rng.binomial(impressions, process.click_rate)),
        }
    )


def paid_media_table(world: World) -> pa.Table:
    """The rows of ad_spend of channels that cost money per touch."""
    process, rng = world.process, world.stream(Stream.SPEND)
    paid = [code for code, channel in enumerate(process.channels) if channel.cost_per_touch > 0]
    means = np.array([mean_spend_cents(world, process.channels[code]) for code in paid])
    cents = np.rint(world.market.spend[paid].T * means).astype(int).ravel()
    day, position = np.divmod(np.arange(len(cents)), len(paid))
    impressions = rng.poisson(cents * process.impressions_per_cent)
    channel = col.labels(np.array(paid)[position], tuple(c.name for c in process.channels))
    return pa.table(
        {
            "spent_on": col.dates(day, world.first_day),
            "channel": channel,
            "spend_amount": col.amounts(cents),
            "campaign": campaigns(world, channel, day),
            "impressions": pa.array(impressions),
            "clicks": pa.array(rng.binomial(impressions, process.click_rate)),
        }
    )


def mean_spend_cents(world: World, channel: Channel) -> float:
    """Mean cents per day: the touches that the channel's share of orders needs, at their cost."""
    return 100 * mean_touches(world, channel) * channel.cost_per_touch


def mean_touches(world: World, channel: Channel) -> float:
    """Touches of a day on average."""
    orders_a_day = world.customers * world.process.purchases_per_customer / world.days
    share = channel.shadow_share + channel.order_share + idle_touches(world.process, channel)
    return orders_a_day * share


def campaigns(world: World, channel: pa.Array, day: np.ndarray) -> pa.Array:
    """Campaign names: the one that ran on the channel, else the channel and the quarter."""
    quarter = col.labels((world.market.month[day] - 1) // 3, ("q1", "q2", "q3", "q4"))
    name = pc.binary_join_element_wise(channel, quarter, "-")
    for one in world.process.hold_outs:
        if one.is_campaign:
            start = (one.starts_on - world.first_day).days
            runs = pa.array((day >= start) & (day < start + one.length_days))
            name = pc.if_else(pc.and_(runs, pc.equal(channel, one.channel)), one.name, name)
    return name
