"""Further experiments of the sample retailer: their assignments, outcomes and truths.

They change nothing else. The orders are there before the variants: a unit's variant is drawn with
the odds that its orders have under the two variants (Bayes' rule). Orders and variants together are
then as if the variant had come first and had changed the orders.

For a lift d the repeat orders of a unit have the likelihood ratio (1 + d)^n exp(-d m): n of them
are in the unit's window, m are to be expected from its rate. For a factor f on the chance r of a
return it is f for each order sent back, and (1 - f r) / (1 - r) for each that was kept.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from retail_analytics.experiments.assignment import place, variants_of
from retail_analytics.sample import columns as col
from retail_analytics.sample.columns import DAY, Stream
from retail_analytics.sample.customers import NO_LIFT, Buyers, Purchases, rank_within
from retail_analytics.sample.process import FurtherExperiment
from retail_analytics.sample.world import World

VARIANTS = ("control", "treatment")


@dataclass(frozen=True)
class Assigned:
    """The units of one experiment: buyer, seconds of the assignment, variant, orders it caused."""

    buyer: np.ndarray
    second: np.ndarray
    variant: np.ndarray
    caused: np.ndarray


def further_tables(
    world: World, buyers: Buyers, purchases: Purchases, *, block: int
) -> tuple[dict[str, pa.Table], pa.Table]:
    """Rows of experiment_assignments and experiment_outcomes of a block, and its truths.

    The truths have one row per experiment and variant: units, and orders that the variant caused.
    """
    rng = world.stream(Stream.EXPERIMENTS, block)
    assignments, truths = [], []
    for experiment in world.process.further_experiments:
        found = draw_assignments(world, buyers, purchases, experiment, rng, block=block)
        assignments.append(assignment_rows(world, buyers, experiment.name, VARIANTS, found))
        for code, name in enumerate(VARIANTS):
            is_own = found.variant == code
            truths.append(
                (experiment.name, name, int(is_own.sum()), int(found.caused[is_own].sum()))
            )
    model, outcomes = model_tables(world, buyers, rng)
    names = world.process.model_plan.variants
    assignments.append(assignment_rows(world, buyers, world.process.model_experiment, names, model))
    truths += [
        (world.process.model_experiment, name, int(np.sum(model.variant == code)), 0)
        for code, name in enumerate(names)
    ]
    keys = ("experiment_id", "variant", "unit_count", "caused_order_count")
    return (
        {
            "experiment_assignments": pa.concat_tables(assignments),
            "experiment_outcomes": outcomes,
        },
        pa.Table.from_pylist([dict(zip(keys, row, strict=True)) for row in truths]),
    )


def draw_assignments(
    world: World,
    buyers: Buyers,
    purchases: Purchases,
    experiment: FurtherExperiment,
    rng: np.random.Generator,
    *,
    block: int,
) -> Assigned:
    """Variants of the customers signed up before the start, given what they ordered."""
    start = (experiment.starts_on - world.first_day).days
    unit = np.flatnonzero(buyers.signed_up[: buyers.customers] < start)
    second = start * DAY + rng.integers(0, experiment.enrolment_days * DAY, len(unit))
    begins, ends = np.zeros(buyers.size), np.zeros(buyers.size)
    begins[unit] = second
    ends[unit] = second + experiment.length_days * DAY
    in_window = (purchases.second >= begins[purchases.buyer]) & (
        purchases.second < ends[purchases.buyer]
    )
    is_repeat = (rank_within(purchases.buyer) > 0) & (purchases.lifted_by == NO_LIFT)
    repeats = np.bincount(purchases.buyer[in_window & is_repeat], minlength=buyers.size)
    # the same draws as those of the returns themselves
    sent_back = (
        world.stream(Stream.RETURNS, block).random(len(purchases.buyer))
        < world.process.returned_per_purchase
    )
    back = np.bincount(purchases.buyer[in_window & sent_back], minlength=buyers.size)
    kept = np.bincount(purchases.buyer[in_window & ~sent_back], minlength=buyers.size)
    expected = experiment.lift * repeat_orders(world, buyers, purchases, begins=begins, ends=ends)
    rate, factor = world.process.returned_per_purchase, experiment.return_factor
    log_ratio = (
        repeats * np.log1p(experiment.lift)
        - expected
        + back * np.log(factor)
        + kept * np.log((1 - factor * rate) / (1 - rate))
    )[unit]
    odds = experiment.treated_share / (1 - experiment.treated_share) * np.exp(log_ratio)
    variant = (rng.random(len(unit)) < odds / (1 + odds)).astype(int)
    share = experiment.lift / (1 + experiment.lift)
    caused = rng.binomial(repeats[unit], share) * variant
    return Assigned(unit, second, variant, caused)


def repeat_orders(
    world: World, buyers: Buyers, purchases: Purchases, *, begins: np.ndarray, ends: np.ndarray
) -> np.ndarray:
    """Repeat orders that each buyer's rate expects between two seconds, until dropping out."""
    last = np.full(buyers.size, world.days * DAY, dtype=float)
    own = purchases.lifted_by == NO_LIFT
    gone = buyers.dropped_day >= 0
    latest = np.zeros(buyers.size)
    np.maximum.at(latest, purchases.buyer[own], purchases.second[own])
    last = np.where(gone, latest, last)
    low = np.maximum(begins / DAY, buyers.first_day)
    high = np.maximum(np.minimum(ends, last) / DAY, low)
    position = world.market.position_at
    reached = position(buyers.is_seasonal, np.minimum(high, world.days)) - position(
        buyers.is_seasonal, np.minimum(low, world.days)
    )
    return np.where(ends > begins, buyers.rate * np.maximum(reached, 0), 0.0)


def model_tables(
    world: World, buyers: Buyers, rng: np.random.Generator
) -> tuple[Assigned, pa.Table]:
    """The experiment that compares models: units by salted hash, and what was measured of them."""
    process, plan = world.process, world.process.model_plan
    begins, share = plan.rollout[-1]
    start = (plan.rollout[0][0] - world.first_day).days
    signed_up = np.flatnonzero(buyers.signed_up[: buyers.customers] < start)
    ids = buyers.customer_ids(signed_up).to_pylist()
    traffic = place(ids, salt=plan.salt, purpose="traffic")
    takes_part = np.flatnonzero(traffic < share)
    unit = signed_up[takes_part]
    names = variants_of([ids[row] for row in takes_part], plan)
    variant = np.array([plan.variants.index(name) for name in names], dtype=int)
    # each unit comes on some day once its step of the rollout has begun
    step = np.array([(day - world.first_day).days for day, _ in plan.rollout])
    shares = np.array([s for _, s in plan.rollout])
    first = step[np.searchsorted(shares, traffic[takes_part], side="right")]
    last = (begins - world.first_day).days + process.model_enrolment_days
    second = first * DAY + (rng.random(len(unit)) * (last - first) * DAY).astype(int)

    searches = 1 + rng.poisson(process.searches_per_unit - 1, len(unit))
    row = np.repeat(np.arange(len(unit)), searches)
    arm = variant[row]
    at = second[row] + 5 + np.cumsum(rng.integers(30, 7200, len(row))) % (5 * DAY)
    values = {
        "success": (rng.random(len(row)) < np.array(process.model_success)[arm]).astype(float),
        "latency_ms": np.array(process.model_latency_ms)[arm]
        * np.exp(rng.normal(0, process.model_latency_log_sd, len(row))),
        "cost": np.array(process.model_cost)[arm] * rng.gamma(4, 1 / 4, len(row)),
    }
    places = {"success": 0, "latency_ms": 1, "cost": 4}
    parts = [("exposure", np.arange(len(unit)), second + 5, np.ones(len(unit)))]
    parts += [(name, row, at, np.round(v, places[name])) for name, v in values.items()]
    tables = [
        pa.table(
            {
                "experiment_id": pa.repeat(process.model_experiment, len(rows)),
                "customer_id": buyers.customer_ids(unit[rows]),
                "metric": pa.repeat(name, len(rows)),
                "value": pa.array(measured),
                "observed_at": col.stamps(seconds, world.first_day),
            }
        )
        for name, rows, seconds, measured in parts
    ]
    return Assigned(unit, second, variant, np.zeros(len(unit), int)), pa.concat_tables(tables)


def assignment_rows(
    world: World, buyers: Buyers, name: str, variants: tuple[str, ...], found: Assigned
) -> pa.Table:
    """The rows of experiment_assignments of one experiment."""
    return pa.table(
        {
            "experiment_id": pa.repeat(name, len(found.buyer)),
            "customer_id": buyers.customer_ids(found.buyer),
            "variant": col.labels(found.variant, variants),
            "assigned_at": col.stamps(found.second, world.first_day),
        }
    )


def variant_truths(world: World, counts: list[pa.Table]) -> pa.Table:
    """A variant of an experiment: its true effects, and the orders that it really caused."""
    process = world.process
    sums = (
        pa.concat_tables(counts)
        .group_by(["experiment_id", "variant"], use_threads=False)
        .aggregate([("unit_count", "sum"), ("caused_order_count", "sum")])
    )
    effects = {
        (e.name, "treatment"): (e.lift, e.return_factor) for e in process.further_experiments
    }
    model = {
        (process.model_experiment, name): code
        for code, name in enumerate(process.model_plan.variants)
    }
    rows = []
    for row in sums.to_pylist():
        key = (row["experiment_id"], row["variant"])
        lift, factor = effects.get(key, (0.0, 1.0))
        code = model.get(key)
        rows.append(
            {
                "experiment_id": key[0],
                "variant": key[1],
                "true_lift": lift,
                "return_factor": factor,
                "success_rate": None if code is None else process.model_success[code],
                "latency_ms_median": None if code is None else process.model_latency_ms[code],
                "cost_per_search": None if code is None else process.model_cost[code],
                "unit_count": row["unit_count_sum"],
                "caused_order_count": row["caused_order_count_sum"],
            }
        )
    return pa.Table.from_pylist(rows)
