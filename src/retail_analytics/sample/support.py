"""Support tickets, answered by teams of known speed, and customers who say why they leave."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from retail_analytics.sample import columns as col
from retail_analytics.sample.columns import DAY, Stream, choose
from retail_analytics.sample.customers import NO_DAY, Buyers
from retail_analytics.sample.desk import change_window
from retail_analytics.sample.orders import PURCHASE, Documents
from retail_analytics.sample.watched import minutes_written
from retail_analytics.sample.world import World

NEVER = 2**60
BURST_YARDSTICK_DAYS = 14
EVENT_NAMES = ("opened", "assigned", "replied", "waiting", "resolved", "reopened")
OPENED = 0
# events in the order of a ticket's life: after a wait it is assigned again
EVENTS = np.array([0, 1, 2, 3, 1, 4, 5, 4])


def ticket_tables(
    world: World, buyers: Buyers, documents: Documents, *, missed: np.ndarray, block: int
) -> dict[str, pa.Table]:
    """The rows of support_tickets of a block by time, and of their ticket_events.

    missed: day on which each purchase's missed promise is felt, -1 where all came in time.
    """
    process, desk, rng = world.process, world.desk, world.stream(Stream.TICKETS, block)
    purchase = np.flatnonzero(documents.kind == PURCHASE)
    is_late = missed >= 0
    asks_late = is_late & (rng.random(len(purchase)) < process.ticket_rate_late)
    asks = asks_late | (rng.random(len(purchase)) < process.ticket_rate)
    ordered_at = documents.second[purchase]
    wait = 600 + rng.exponential(3 * DAY, len(purchase)).astype(int)
    felt_at = missed * DAY + col.seconds_of_day(rng, process.hour_weights, len(purchase))
    opened_at = np.where(asks_late, felt_at, ordered_at + wait)
    row = np.flatnonzero(asks & (opened_at < world.days * DAY))
    row, opened_at = with_bursts(world, row, opened_at[row], block=block)
    order = np.argsort(opened_at, kind="stable")
    row, opened_at, size = row[order], opened_at[order], len(row)

    topics = (process.late_topic, *process.topics)
    topic = 1 + choose(rng, tuple(t.share for t in process.topics), size)
    topic = np.where(asks_late[row], 0, topic)
    team = np.array([t.team for t in topics])[topic]
    priority = choose(rng, process.priority_weights, size)
    channel = choose(rng, process.ticket_channel_weights, size)
    agent = team * desk.agents + rng.integers(0, desk.agents, size)
    newcomer_asked = rng.random(size) * (desk.agents + 1) < 1
    is_newcomers = (
        (team == process.newcomer_team) & (opened_at >= desk.newcomer_from * DAY) & newcomer_asked
    )
    agent = np.where(is_newcomers, len(desk.agent_names) - 1, agent)
    times = draw_times(world, team, priority, agent, opened_at, block=block)

    end = world.days * DAY
    # a day to the solution costs about half a point
    mood = 4.6 - 0.5 * np.minimum((times.resolved_at - opened_at) / DAY, 6) - 0.8 * asks_late[row]
    mood = mood + change_size(world, "sentiment", opened_at, none=0.0)
    score = np.clip(np.rint(mood + rng.normal(0, 0.8, size)), 1, 5).astype(int)
    unscored = (rng.random(size) >= process.scored_share) | (times.resolved_at >= end)
    message, texts = draw_messages(world, topic, asks_late[row], block=block)
    handle = np.array(process.handle_median_minutes)[channel] * np.exp(
        times.rng.normal(0, process.handle_log_sd, size) + desk.speed[agent]
    )
    handle = minutes_written(world, handle, second=opened_at)
    numbers = np.arange(size) + world.first_number(buyers.first_customer)
    tickets = pa.table(
        {
            "ticket_id": col.ids("S", numbers, 7),
            "opened_at": col.stamps(opened_at, world.first_day),
            "customer_id": buyers.customer_ids(documents.buyer[purchase[row]]),
            "team": col.labels(team, tuple(t.name for t in process.teams)),
            "agent": col.labels(agent, desk.agent_names),
            "channel": col.labels(channel, process.ticket_channels),
            "priority": col.labels(priority, process.priorities),
            "topic": col.labels(topic, tuple(t.name for t in topics)),
            "first_replied_at": col.blank(
                col.stamps(times.replied_at, world.first_day), times.replied_at >= end
            ),
            "resolved_at": col.blank(
                col.stamps(times.resolved_at, world.first_day), times.resolved_at >= end
            ),
            # as text: the help desk's export is said to write n/a here and there
            "satisfaction_score": col.blank(pa.array(score).cast(pa.string()), unscored),
            "message": col.labels(message, texts),
            "handle_minutes": col.blank(
                pa.array(handle.round(1)), np.asarray(times.resolved_at >= end)
            ),
        }
    )
    events = event_table(world, numbers, team, agent, opened_at, times)
    return {"support_tickets": tickets, "ticket_events": events}


@dataclass(frozen=True)
class Times:
    """Seconds from the first day; never (a second far away) where something did not happen."""

    rng: np.random.Generator
    assigned_at: np.ndarray
    replied_at: np.ndarray
    waits_at: np.ndarray
    goes_on_at: np.ndarray
    first_resolved_at: np.ndarray
    reopened_at: np.ndarray
    resolved_at: np.ndarray


def draw_times(
    world: World,
    team: np.ndarray,
    priority: np.ndarray,
    agent: np.ndarray,
    opened_at: np.ndarray,
    *,
    block: int,
) -> Times:
    """When tickets were answered, waited for their customer, were solved and came back."""
    process, desk, size = world.process, world.desk, len(opened_at)
    rng = world.stream(Stream.TICKET_TIMES, block)
    factor = np.array(process.priority_factors)[priority] * np.exp(desk.speed[agent])
    slow = change_size(world, "team", opened_at, none=1.0, team=team)
    spread = change_size(world, "response", opened_at, none=1.0)
    reply_minutes = np.array([t.reply_median_minutes for t in process.teams])[team] * factor * slow
    solve_hours = np.array([t.resolve_median_hours for t in process.teams])[team] * factor * slow
    to_reply = reply_minutes * 60 * np.exp(rng.normal(0, process.reply_log_sd, size) * spread)
    to_solution = solve_hours * 3600 * np.exp(rng.normal(0, process.resolve_log_sd, size))
    replied_at = desk.due(team, opened_at, np.rint(to_reply).astype(np.int64))
    assigned_at = opened_at + ((replied_at - opened_at) * rng.random(size)).astype(np.int64)

    waits = rng.random(size) < process.waiting_share
    part = rng.random(size)
    waits_at = desk.due(team, replied_at, np.rint(to_solution * part).astype(np.int64))
    pause = np.rint(rng.exponential(process.waiting_mean_hours * 3600, size)).astype(np.int64)
    goes_on_at = waits_at + np.where(waits, pause, 0)
    solved_at = desk.due(team, goes_on_at, np.rint(to_solution * (1 - part)).astype(np.int64))
    comes_back = rng.random(size) < process.reopened_share
    away = rng.exponential(process.reopened_after_mean_days * DAY, size).astype(np.int64)
    again = np.rint(to_solution * process.reopened_time_share).astype(np.int64)
    reopened_at = solved_at + 60 + away
    solved_again_at = desk.due(team, reopened_at, again)
    return Times(
        rng=rng,
        assigned_at=assigned_at,
        replied_at=replied_at,
        waits_at=np.where(waits, waits_at, NEVER),
        goes_on_at=np.where(waits, goes_on_at, NEVER),
        first_resolved_at=solved_at,
        reopened_at=np.where(comes_back, reopened_at, NEVER),
        # as a help desk would write it on the last day: what came back is not solved
        resolved_at=np.where(
            comes_back & (reopened_at < world.days * DAY), solved_again_at, solved_at
        ),
    )


def event_table(
    world: World,
    numbers: np.ndarray,
    team: np.ndarray,
    agent: np.ndarray,
    opened_at: np.ndarray,
    times: Times,
) -> pa.Table:
    """The rows of ticket_events by ticket and time, up to the last day."""
    came_back = times.reopened_at < world.days * DAY
    moments = np.stack(
        [
            opened_at,
            times.assigned_at,
            times.replied_at,
            times.waits_at,
            times.goes_on_at,
            times.first_resolved_at,
            times.reopened_at,
            np.where(came_back, times.resolved_at, NEVER),
        ],
        axis=1,
    )
    ticket, event = np.nonzero(moments < world.days * DAY)
    return pa.table(
        {
            "ticket_id": col.ids("S", numbers[ticket], 7),
            "occurred_at": col.stamps(moments[ticket, event], world.first_day),
            "event": col.labels(EVENTS[event], EVENT_NAMES),
            "agent": col.blank(col.labels(agent[ticket], world.desk.agent_names), event == OPENED),
            "team": col.labels(team[ticket], tuple(t.name for t in world.process.teams)),
        }
    )


def with_bursts(
    world: World, row: np.ndarray, opened_at: np.ndarray, *, block: int
) -> tuple[np.ndarray, np.ndarray]:
    """The tickets (rows of purchases, opening seconds) and those that changes bring on top."""
    rng = world.stream(Stream.TICKET_BURSTS, block)
    rows, seconds = [row], [opened_at]
    for change in world.process.support_changes:
        if change.kind not in ("volume", "temporal") or not len(row):
            continue
        starts, ends = change_window(change, world.first_day)
        near = np.abs(opened_at - starts) < BURST_YARDSTICK_DAYS * DAY
        usual = near.sum() / (2 * BURST_YARDSTICK_DAYS)
        extra = rng.poisson(usual * (change.size - (change.kind == "volume")))
        rows.append(rng.choice(row, extra))
        within = rng.integers(0, ends - starts, extra)
        if change.kind == "volume":
            within = col.seconds_of_day(rng, world.process.hour_weights, extra)
        seconds.append(starts + within)
    return np.concatenate(rows), np.concatenate(seconds)


def change_size(
    world: World, kind: str, opened_at: np.ndarray, *, none: float, team: np.ndarray | None = None
) -> np.ndarray:
    """What the changes of a kind make of tickets opened at these seconds."""
    result = np.full(len(opened_at), none)
    names = np.array([t.name for t in world.process.teams])
    for change in world.process.support_changes:
        if change.kind == kind:
            starts, ends = change_window(change, world.first_day)
            hit = (opened_at >= starts) & (opened_at < ends)
            if team is not None:
                hit &= names[team] == change.entity
            result[hit] = change.size
    return result


def draw_messages(
    world: World, topic: np.ndarray, is_late: np.ndarray, *, block: int
) -> tuple[np.ndarray, pa.Array]:
    """Codes of the messages, and the texts: what a topic's customers write, in a mood."""
    process, rng = world.process, world.stream(Stream.TICKET_MESSAGES, block)
    topics = (process.late_topic, *process.topics)
    plain = [message for t in topics for message in t.messages]
    counts = np.array([len(t.messages) for t in topics])
    first = np.cumsum([0, *counts])
    code = first[topic] + (rng.random(len(topic)) * counts[topic]).astype(int)
    moods = ("", *process.bad_moods, *process.good_moods)
    bad = np.where(is_late, process.bad_mood_share_late, process.bad_mood_share)
    drawn, kind = rng.random(len(topic)), rng.random(len(topic))
    mood = np.where(
        drawn < bad,
        1 + (kind * len(process.bad_moods)).astype(int),
        np.where(
            drawn < bad + process.good_mood_share,
            1 + len(process.bad_moods) + (kind * len(process.good_moods)).astype(int),
            0,
        ),
    )
    texts = pa.array([message + ending for message in plain for ending in moods])
    return code * len(moods) + mood, texts


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
