"""The loyalty programme and campaigns to loyal customers.

As with further experiments, orders are there first: who joins is drawn with the odds that the
orders have with and without the programme's lift (Bayes' rule).
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from retail_analytics.sample import columns as col
from retail_analytics.sample.columns import DAY, Stream
from retail_analytics.sample.customers import NO_LIFT, Buyers, Purchases, rank_within
from retail_analytics.sample.experiments import repeat_orders
from retail_analytics.sample.world import World

KINDS = ("earned", "redeemed", "expired")
LATEST_JOIN_DAYS = 120


@dataclass(frozen=True)
class Points:
    """Bookings of points: buyer, day, points, kind (position in KINDS), tier, purchase or -1."""

    buyer: np.ndarray
    day: np.ndarray
    points: np.ndarray
    kind: np.ndarray
    tier: np.ndarray
    purchase: np.ndarray
    members: int


def lift_log_odds(
    world: World,
    buyers: Buyers,
    purchases: Purchases,
    *,
    lift: float,
    begins: np.ndarray,
    ends: np.ndarray,
) -> np.ndarray:
    """Log likelihood ratio of each buyer's repeat orders between two seconds, with and without."""
    inside = (purchases.second >= begins[purchases.buyer]) & (
        purchases.second < ends[purchases.buyer]
    )
    is_repeat = (rank_within(purchases.buyer) > 0) & (purchases.lifted_by == NO_LIFT)
    repeats = np.bincount(purchases.buyer[inside & is_repeat], minlength=buyers.size)
    expected = repeat_orders(world, buyers, purchases, begins=begins, ends=ends)
    return repeats * np.log1p(lift) - lift * expected


def draw_points(
    world: World,
    buyers: Buyers,
    purchases: Purchases,
    *,
    cents: np.ndarray,
    is_lost: np.ndarray,
    block: int,
) -> Points:
    """Who joins the programme, from its second year on, and what is booked."""
    process, rng = world.process, world.stream(Stream.LOYALTY, block)
    launch = world.days // 3
    joined = np.maximum(buyers.first_day, launch) + rng.uniform(0, LATEST_JOIN_DAYS, buyers.size)
    joined = joined.astype(int)
    shares = np.array(process.loyalty_join_shares)[buyers.pattern]
    ends = np.full(buyers.size, world.days * DAY, dtype=float)
    log_odds = lift_log_odds(
        world, buyers, purchases, lift=process.loyalty_lift, begins=joined * DAY * 1.0, ends=ends
    )
    odds = shares / (1 - shares) * np.exp(log_odds)
    is_member = rng.random(buyers.size) < odds / (1 + odds)
    is_member &= (np.arange(buyers.size) < buyers.customers) & (joined < world.days)
    counts = is_member[purchases.buyer] & ~is_lost
    counts &= purchases.second // DAY >= joined[purchases.buyer]
    rows: list[tuple[int, int, int, int, int, int]] = []
    line = np.flatnonzero(counts)
    edges = np.flatnonzero(np.diff(purchases.buyer[line], prepend=-1, append=-1))
    for start, end in zip(edges[:-1], edges[1:], strict=True):
        rows += member_bookings(world, rng, purchases, line[start:end], cents=cents)
    table = np.array(rows, dtype=int).reshape(-1, 6)
    table = table[np.lexsort((table[:, 3], table[:, 0], table[:, 1]))]
    return Points(*table.T, members=int(is_member.sum()))


def member_bookings(
    world: World,
    rng: np.random.Generator,
    purchases: Purchases,
    own: np.ndarray,
    *,
    cents: np.ndarray,
) -> list[tuple[int, int, int, int, int, int]]:
    """Bookings of one member by day: earned with each order, redeemed at times, else expired."""
    process = world.process
    buyer = int(purchases.buyer[own[0]])
    events = [(int(purchases.second[row] // DAY), int(row)) for row in own]
    lots: list[list[int]] = []
    rows, total = [], 0

    def expire(until: int) -> None:
        while lots and lots[0][0] + process.loyalty_valid_days <= until:
            day, left = lots.pop(0)
            if left:
                rows.append((buyer, day + process.loyalty_valid_days, left, 2, tier_of(), -1))

    def tier_of() -> int:
        return sum(total >= least for _, least in process.loyalty_tiers) - 1

    for place, (day, row) in enumerate(events):
        expire(day)
        earned = int(cents[row]) // 100
        if earned < 1:
            continue
        total += earned
        lots.append([day, earned])
        rows.append((buyer, day, earned, 0, tier_of(), row))
        if rng.random() < process.loyalty_redeem_chance:
            after = events[place + 1][0] if place + 1 < len(events) else world.days
            later = min(day + int(rng.integers(0, 20)), after, world.days - 1)
            balance = sum(left for _, left in lots)
            spent = int(balance * rng.uniform(0.3, 1.0))
            if spent >= process.loyalty_least_redeemed:
                rows.append((buyer, later, spent, 1, tier_of(), -1))
                for lot in lots:
                    used = min(lot[1], spent)
                    lot[1] -= used
                    spent -= used
    expire(world.days - 1)
    return rows


def loyalty_table(world: World, buyers: Buyers, points: Points, *, number: np.ndarray) -> pa.Table:
    """The rows of loyalty_events of a block; number: order number of each purchase."""
    order = col.ids("O", number[np.maximum(points.purchase, 0)], 7)
    return pa.table(
        {
            "customer_id": buyers.customer_ids(points.buyer),
            "occurred_on": col.dates(points.day, world.first_day),
            "points": pa.array(points.points),
            "kind": col.labels(points.kind, KINDS),
            "tier": col.labels(points.tier, tuple(n for n, _ in world.process.loyalty_tiers)),
            "order_id": col.blank(order, points.purchase < 0),
        }
    )


@dataclass(frozen=True)
class LoyalArms:
    """Campaigns to loyal customers: who was in each, shown or not; which purchases hang on it.

    Who is held out is drawn by lot; of their orders in its days those do not come that it would
    have caused (is_lost). One entry per campaign: is_told, the orders of the others in its days;
    is_caused, those of them that came because of it. discount: what it takes off each purchase.
    """

    members: tuple[np.ndarray, ...]
    is_shown: tuple[np.ndarray, ...]
    is_told: tuple[np.ndarray, ...]
    is_caused: tuple[np.ndarray, ...]
    is_lost: np.ndarray
    discount: np.ndarray

    def counts(self, *, came: np.ndarray, margin: np.ndarray, given: np.ndarray) -> np.ndarray:
        """Campaigns x (shown, held out, orders caused, margin caused in cents).

        came: whether each purchase came. margin: cents it brought. given: cents that campaigns took
        off it: of orders that would have come anyway they are lost.
        """
        rows = []
        for shown, told, caused in zip(self.is_shown, self.is_told, self.is_caused, strict=True):
            gained = margin[caused & came].sum() - given[told & ~caused & came].sum()
            rows.append((shown.sum(), (~shown).sum(), (caused & came).sum(), gained))
        return np.array(rows, dtype=int).reshape(-1, 4)


def draw_loyal_arms(
    world: World, buyers: Buyers, purchases: Purchases, standing: np.ndarray, *, block: int
) -> LoyalArms:
    """Arms of the campaigns of a priced market; standing: buyers with standing orders."""
    rng = world.stream(Stream.LOYAL_CAMPAIGNS, block)
    members, is_shown, is_told, is_caused = [], [], [], []
    is_lost = np.zeros(len(purchases.buyer), dtype=bool)
    discount = np.zeros(len(purchases.buyer))
    for campaign in world.process.loyal_campaigns if world.process.is_priced else ():
        start = (campaign.starts_on - world.first_day).days * DAY
        before = purchases.buyer[(purchases.second < start) & ~is_lost]
        orders = np.bincount(before, minlength=buyers.size)[: buyers.customers]
        orders[standing] = 0
        member = np.flatnonzero(orders >= campaign.fewest_orders)
        shown = rng.random(len(member)) >= campaign.held_out_share
        is_held, is_reached = np.zeros((2, buyers.size), dtype=bool)
        is_held[member[~shown]] = True
        is_reached[member[shown]] = True
        inside = (purchases.second >= start) & (
            purchases.second < start + campaign.length_days * DAY
        )
        caused = rng.random(len(purchases.buyer)) < campaign.lift / (1 + campaign.lift)
        caused &= inside
        is_lost |= is_held[purchases.buyer] & caused
        told = is_reached[purchases.buyer] & inside
        discount[told] = campaign.discount_rate or 0.0
        is_told.append(told)
        is_caused.append(told & caused)
        members.append(member)
        is_shown.append(shown)
    return LoyalArms(
        members=tuple(members),
        is_shown=tuple(is_shown),
        is_told=tuple(is_told),
        is_caused=tuple(is_caused),
        is_lost=is_lost,
        discount=discount,
    )


def loyal_assignments(world: World, buyers: Buyers, arms: LoyalArms) -> list[pa.Table]:
    """Rows of experiment_assignments, a table per campaign."""
    tables = []
    for campaign, member, shown in zip(
        world.process.loyal_campaigns, arms.members, arms.is_shown, strict=False
    ):
        start = (campaign.starts_on - world.first_day).days
        tables.append(
            pa.table(
                {
                    "experiment_id": pa.repeat(campaign.name, len(member)),
                    "customer_id": buyers.customer_ids(member),
                    "variant": col.labels(shown.astype(int), ("control", "treatment")),
                    "assigned_at": col.stamps(np.full(len(member), start * DAY), world.first_day),
                }
            )
        )
    return tables


def campaign_truths(world: World, counts: np.ndarray) -> pa.Table:
    """A campaign to loyal customers: its true lift, who was in it, and the orders it caused.

    counts: as of `LoyalArms`. Caused are orders of the shown that would not have come, and their
    margin less what a voucher took off the others.
    """
    campaigns = world.process.loyal_campaigns
    return pa.table(
        {
            "campaign": pa.array([one.name for one in campaigns]),
            "starts_on": pa.array([one.starts_on for one in campaigns]),
            "length_days": pa.array([one.length_days for one in campaigns]),
            "true_lift": pa.array([one.lift for one in campaigns]),
            "shown_count": pa.array(counts[:, 0]),
            "held_out_count": pa.array(counts[:, 1]),
            "caused_order_count": pa.array(counts[:, 2]),
            "caused_margin": col.amounts(counts[:, 3]),
        }
    )


def loyalty_truths(world: World, members: int) -> pa.Table:
    """The programme: its true effect on the rate of repeat orders, and its members."""
    return pa.table(
        {
            "true_lift": pa.array([world.process.loyalty_lift]),
            "member_count": pa.array([members]),
            "valid_days": pa.array([world.process.loyalty_valid_days]),
        }
    )
