"""The truths behind a sample: what a method that reads the input tables should find again."""

from dataclasses import dataclass, fields

import numpy as np
import pyarrow as pa

from retail_analytics.sample import columns as col
from retail_analytics.sample.desk import change_window
from retail_analytics.sample.experiments import variant_truths
from retail_analytics.sample.habits import habit_truths, pair_truths
from retail_analytics.sample.holdouts import hold_out_truths, synergy_truths
from retail_analytics.sample.loyalty import campaign_truths, loyalty_truths
from retail_analytics.sample.prices import elasticity_truths
from retail_analytics.sample.watched import planted_truths
from retail_analytics.sample.world import World


@dataclass(frozen=True)
class Tally:
    """Sums over blocks. Shapes: demand products x days, pairs (see `habits.pair_counts`), habits
    (products x customers, orders), promises 2 x days (due, late), delayed, made_late incidents;
    touches, caused_orders, caused_cents channels; assigned experiments x (control, treatment),
    lifted_orders experiments; arms hold-outs x (shown, held out), lost_orders, lost_cents,
    held_back hold-outs.
    """

    demand: np.ndarray
    pairs: np.ndarray
    habits: np.ndarray
    promises: np.ndarray
    delayed: np.ndarray
    made_late: np.ndarray
    touches: np.ndarray
    caused_orders: np.ndarray
    caused_cents: np.ndarray
    assigned: np.ndarray
    lifted_orders: np.ndarray
    # tables of each block's variants
    variants: tuple[pa.Table, ...]
    arms: np.ndarray
    lost_orders: np.ndarray
    lost_cents: np.ndarray
    held_back: np.ndarray
    # of the loyalty programme
    members: int
    # campaigns to loyal customers x (shown, held out, orders caused, margin caused)
    loyal: np.ndarray

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            **{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)}
        )


def truth_tables(world: World, tally: Tally) -> dict[str, pa.Table]:
    """The truth tables of the shop as a whole."""
    return {
        "truth_products": product_truths(world, tally.demand),
        "truth_carriers": carrier_truths(world),
        "truth_incidents": incident_truths(world, tally),
        "truth_channels": channel_truths(world, tally),
        "truth_teams": team_truths(world),
        "truth_agents": agent_truths(world),
        "truth_changes": change_truths(world),
        "truth_experiments": experiment_truths(world, tally),
        "truth_variants": variant_truths(world, list(tally.variants)),
        "truth_pairs": pair_truths(world, tally.pairs),
        "truth_habits": habit_truths(world, tally.habits),
        "truth_hold_outs": hold_out_truths(
            world,
            arms=tally.arms,
            lost_orders=tally.lost_orders,
            lost_cents=tally.lost_cents,
            held_back_touches=tally.held_back,
        ),
        "truth_synergies": synergy_truths(world),
        "truth_loyalty": loyalty_truths(world, tally.members),
        **({"truth_planted": planted_truths(world)} if world.process.is_watched else {}),
    } | priced_truths(world, tally)


def priced_truths(world: World, tally: Tally) -> dict[str, pa.Table]:
    """What is true of a priced market only."""
    if not world.process.is_priced:
        return {}
    return {
        "truth_elasticities": elasticity_truths(world),
        "truth_campaigns": campaign_truths(world, tally.loyal),
    }


def product_truths(world: World, demand: np.ndarray) -> pa.Table:
    """A product: how it is asked for, and the mean and dispersion (variance / mean) of days."""
    process, catalogue = world.process, world.catalogue
    kinds = process.demand_kinds
    mean, variance = demand.mean(axis=1), demand.var(axis=1)
    return pa.table(
        {
            "product_id": col.ids("P", np.arange(catalogue.size) + 1, 4),
            "demand_kind": col.labels(catalogue.kind, tuple(kind.name for kind in kinds)),
            "price_tier": col.labels(catalogue.tier, process.price_tiers),
            "popularity_weight": pa.array(catalogue.weight.round(6)),
            "active_day_share": pa.array(
                np.array([kind.active_day_share for kind in kinds])[catalogue.kind]
            ),
            "mean_quantity_per_line": pa.array(
                np.array([1 / kind.quantity_chance for kind in kinds])[catalogue.kind].round(6)
            ),
            "mean_daily_demand_units": pa.array(mean.round(6)),
            "dispersion": pa.array((variance / np.where(mean > 0, mean, 1)).round(6)),
        }
    )


def carrier_truths(world: World) -> pa.Table:
    """A carrier: punctuality where no incident interferes; days late are geometric from one."""
    carriers = world.process.carriers
    return pa.table(
        {
            "carrier": pa.array([c.name for c in carriers]),
            "parcel_share": pa.array([c.share for c in carriers]),
            "promised_days": pa.array([c.promise_days for c in carriers]),
            "on_time_probability": pa.array([c.on_time_probability for c in carriers]),
            "mean_days_late": pa.array([c.mean_days_late for c in carriers]),
        }
    )


def incident_truths(world: World, tally: Tally) -> pa.Table:
    """An incident: its window, the days it cost a delivery on average, and the deliveries it
    hit."""
    process, incidents = world.process, world.incidents
    kinds = [process.incident_kinds[kind] for kind in incidents.kind]
    return pa.table(
        {
            "incident_id": col.ids("I", np.arange(incidents.size) + 1, 4),
            "warehouse": col.labels(incidents.warehouse, process.warehouses),
            "category": pa.array([kind.category for kind in kinds]),
            "starts_on": col.dates(incidents.starts, world.first_day),
            "ends_on": col.dates(incidents.ends, world.first_day),
            "mean_extra_days": pa.array([kind.extra_days for kind in kinds]),
            "parcels_delayed": pa.array(tally.delayed),
            "parcels_made_late": pa.array(tally.made_late),
        }
    )


def channel_truths(world: World, tally: Tally) -> pa.Table:
    """A channel: its true effect, response to spend, and the touches and orders that came of it."""
    channels = world.process.channels
    return pa.table(
        {
            "channel": pa.array([c.name for c in channels]),
            "purchase_effect": pa.array([c.purchase_effect for c in channels]),
            "order_share": pa.array([c.order_share for c in channels]),
            "carry_over": pa.array([c.carry_over for c in channels]),
            "half_saturation": pa.array([c.half_saturation for c in channels]),
            "touch_count": pa.array(tally.touches),
            "caused_order_count": pa.array(tally.caused_orders),
            "caused_revenue": col.amounts(tally.caused_cents),
        }
    )


def team_truths(world: World) -> pa.Table:
    """A team and priority: medians and log standard deviations of its log-normal times."""
    process = world.process
    rows = [
        (team, name, factor)
        for team in process.teams
        for name, factor in zip(process.priorities, process.priority_factors, strict=True)
    ]
    return pa.table(
        {
            "team": pa.array([team.name for team, _, _ in rows]),
            "priority": pa.array([name for _, name, _ in rows]),
            "reply_median_minutes": pa.array(
                [round(t.reply_median_minutes * f, 6) for t, _, f in rows]
            ),
            "reply_log_sd": pa.array([process.reply_log_sd] * len(rows)),
            "resolve_median_hours": pa.array(
                [round(t.resolve_median_hours * f, 6) for t, _, f in rows]
            ),
            "resolve_log_sd": pa.array([process.resolve_log_sd] * len(rows)),
        }
    )


def agent_truths(world: World) -> pa.Table:
    """An agent: team, what it adds to the logarithm of its times, and since when it works."""
    desk, teams = world.desk, world.process.teams
    is_newcomer = np.arange(len(desk.speed)) == len(desk.speed) - 1
    return pa.table(
        {
            "agent": pa.array(desk.agent_names),
            "team": col.labels(desk.agent_team, tuple(team.name for team in teams)),
            "log_effect": pa.array(desk.speed.round(6)),
            "is_newcomer": pa.array(is_newcomer),
            "works_from": col.dates(np.where(is_newcomer, desk.newcomer_from, 0), world.first_day),
        }
    )


def change_truths(world: World) -> pa.Table:
    """Something unusual in support: what, where, from when to when (UTC), and how large."""
    changes = world.process.support_changes
    windows = [change_window(change, world.first_day) for change in changes]
    return pa.table(
        {
            "kind": pa.array([change.kind for change in changes]),
            "entity": pa.array([change.entity for change in changes]),
            "starts_at": col.stamps(np.array([start for start, _ in windows]), world.first_day),
            "ends_at": col.stamps(np.array([end for _, end in windows]), world.first_day),
            "size": pa.array([change.size for change in changes]),
        }
    )


def experiment_truths(world: World, tally: Tally) -> pa.Table:
    """An experiment: its lift of the buying rate of the treated, and the orders it really made."""
    experiments = world.process.experiments
    return pa.table(
        {
            "experiment_id": pa.array([e.name for e in experiments]),
            "starts_on": pa.array([e.starts_on for e in experiments]),
            "length_days": pa.array([e.length_days for e in experiments]),
            "true_lift": pa.array([e.lift for e in experiments]),
            "control_count": pa.array(tally.assigned[:, 0]),
            "treatment_count": pa.array(tally.assigned[:, 1]),
            "lifted_order_count": pa.array(tally.lifted_orders),
        }
    )
