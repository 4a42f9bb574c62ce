"""Support tickets, answered by teams of known speed, and customers who say why they leave."""

import numpy as np
import pyarrow as pa

from retail_analytics.sample import columns as col
from retail_analytics.sample.columns import DAY, Stream, choose
from retail_analytics.sample.customers import NO_DAY, Buyers
from retail_analytics.sample.orders import PURCHASE, Documents
from retail_analytics.sample.world import World

CUSTOMERS_PER_AGENT = 5_000
FEWEST_AGENTS = 3


def ticket_table(
    world: World, buyers: Buyers, documents: Documents, *, missed: np.ndarray, block: int
) -> pa.Table:
    """The rows of support_tickets of a block by time.

    missed: day on which each purchase's missed promise is felt, -1 where all came in time.
    """
    process, rng = world.process, world.stream(Stream.TICKETS, block)
    purchase = np.flatnonzero(documents.kind == PURCHASE)
    is_late = missed >= 0
    asks_late = is_late & (rng.random(len(purchase)) < process.ticket_rate_late)
    asks = asks_late | (rng.random(len(purchase)) < process.ticket_rate)
    ordered_at = documents.second[purchase]
    wait = 600 + rng.exponential(3 * DAY, len(purchase)).astype(int)
    felt_at = missed * DAY + col.seconds_of_day(rng, process.hour_weights, len(purchase))
    opened_at = np.where(asks_late, felt_at, ordered_at + wait)
    row = np.flatnonzero(asks & (opened_at < world.days * DAY))
    row = row[np.argsort(opened_at[row], kind="stable")]
    opened_at, size = opened_at[row], len(row)

    topics = (process.late_topic, *process.topics)
    topic = 1 + choose(rng, tuple(t.share for t in process.topics), size)
    topic = np.where(asks_late[row], 0, topic)
    team = np.array([t.team for t in topics])[topic]
    agents = max(FEWEST_AGENTS, world.customers // CUSTOMERS_PER_AGENT)
    agent_names = pa.array(
        [f"{t.name.lower()}-{n + 1}" for t in process.teams for n in range(agents)]
    )
    priority = choose(rng, process.priority_weights, size)
    factor = np.array(process.priority_factors)[priority]
    reply_minutes = np.array([t.reply_median_minutes for t in process.teams])[team] * factor
    resolve_hours = np.array([t.resolve_median_hours for t in process.teams])[team] * factor
    to_reply = reply_minutes * 60 * np.exp(rng.normal(0, process.reply_log_sd, size))
    to_solution = resolve_hours * 3600 * np.exp(rng.normal(0, process.resolve_log_sd, size))
    replied_at = opened_at + np.rint(to_reply).astype(int)
    resolved_at = replied_at + np.rint(to_solution).astype(int)

    end = world.days * DAY
    # a day to the solution costs about half a point
    mood = 4.6 - 0.5 * np.minimum((resolved_at - opened_at) / DAY, 6) - 0.8 * asks_late[row]
    score = np.clip(np.rint(mood + rng.normal(0, 0.8, size)), 1, 5).astype(int)
    unscored = (rng.random(size) >= process.scored_share) | (resolved_at >= end)
    messages = [message for t in topics for message in t.messages]
    first_message = np.cumsum([0, *(len(t.messages) for t in topics)])
    message = first_message[topic] + (
        rng.random(size) * np.array([len(t.messages) for t in topics])[topic]
    ).astype(int)
    return pa.table(
        {
            "ticket_id": col.ids(
                "S", np.arange(size) + world.first_number(buyers.first_customer), 7
            ),
            "opened_at": col.stamps(opened_at, world.first_day),
            "customer_id": buyers.customer_ids(documents.buyer[purchase[row]]),
            "team": col.labels(team, tuple(t.name for t in process.teams)),
            "agent": col.labels(team * agents + rng.integers(0, agents, size), agent_names),
            "channel": col.labels(
                choose(rng, process.ticket_channel_weights, size), process.ticket_channels
            ),
            "priority": col.labels(priority, process.priorities),
            "topic": col.labels(topic, tuple(t.name for t in topics)),
            "first_replied_at": col.blank(
                col.stamps(replied_at, world.first_day), replied_at >= end
            ),
            "resolved_at": col.blank(col.stamps(resolved_at, world.first_day), resolved_at >= end),
            # as text: the help desk's export is said to write n/a here and there
            "satisfaction_score": col.blank(pa.array(score).cast(pa.string()), unscored),
            "message": col.labels(message, pa.array(messages)),
        }
    )


def cancellation_table(
    world: World, buyers: Buyers, documents: Documents, *, missed: np.ndarray, block: int
) -> pa.Table:
    """The rows of cancellations of a block by day: some who dropped out say so, and why."""
    process, rng = world.process, world.stream(Stream.CANCELLATIONS, block)
    had_late = np.zeros(buyers.size, dtype=bool)
    had_late[documents.buyer[np.flatnonzero(missed >= 0)]] = True
    chance = np.where(had_late, process.notice_share_after_late, process.notice_share)
    chance = np.where(buyers.rate > 0, chance, process.notice_share_one_time)
    day = buyers.dropped_day + 7 + rng.exponential(25, buyers.size).astype(int)
    reason = np.where(
        had_late,
        choose(rng, process.reason_weights_after_late, buyers.size),
        choose(rng, process.reason_weights, buyers.size),
    )
    leaves = (
        (buyers.dropped_day != NO_DAY) & (rng.random(buyers.size) < chance) & (day < world.days)
    )
    row = np.flatnonzero(leaves & (np.arange(buyers.size) < buyers.customers))
    row = row[np.argsort(day[row], kind="stable")]
    return pa.table(
        {
            "cancelled_on": col.dates(day[row], world.first_day),
            "reason": col.labels(reason[row], process.reasons),
            "customer_id": buyers.customer_ids(row),
            "cancellation_count": pa.array(np.ones(len(row), dtype=int)),
        }
    )
