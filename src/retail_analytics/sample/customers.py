"""The customers of a block: who they are, what they like, and when they buy."""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from retail_analytics.sample import columns as col
from retail_analytics.sample.columns import DAY, Stream, choose
from retail_analytics.sample.market import invert
from retail_analytics.sample.world import World

FIRST_NAMES = (
    *("Ada", "Anna", "Ben", "Carla", "David", "Elena", "Emil", "Farid", "Grace", "Hana", "Ivan"),
    *("Jana", "Jonas", "Karim", "Lea", "Lucas", "Maya", "Mila", "Nadia", "Noah", "Olga", "Omar"),
    *("Paula", "Petra", "Rosa", "Samir", "Sara", "Tom", "Vera", "Yara"),
)
LAST_NAMES = (
    *("Adler", "Bauer", "Costa", "Dahl", "Eriksen", "Ferrari", "Garcia", "Hansen", "Ito", "Jansen"),
    *("Keller", "Lopez", "Meyer", "Novak", "Okafor", "Petrov", "Quinn", "Rossi", "Silva", "Tanaka"),
    *("Ueda", "Varga", "Weber", "Young", "Zeman"),
)
NO_DAY = -1
NO_LIFT = -1


@dataclass(frozen=True)
class Buyers:
    """One entry a buyer: first the block's customers, then its guests, who buy once without a name.

    first_day: the first order (without one: the signing up), with fractions. dropped_day: day
    of the last order of those who dropped out before the end, else NO_DAY. variants: experiments x
    buyers, 1 treated, 0 control, -1 not in it. assigned_at: the same in seconds.
    """

    first_customer: int
    customers: int
    pattern: np.ndarray
    is_seasonal: np.ndarray
    has_orders: np.ndarray
    rate: np.ndarray
    dropout: np.ndarray
    first_day: np.ndarray
    signed_up: np.ndarray
    dropped_day: np.ndarray
    taste: np.ndarray
    favourite: np.ndarray
    staple: np.ndarray
    region: np.ndarray
    sales_channel: np.ndarray
    variants: np.ndarray
    assigned_at: np.ndarray

    @property
    def size(self) -> int:
        """Customers and guests."""
        return len(self.pattern)

    def customer_ids(self, buyer: np.ndarray) -> pa.Array:
        """Customer ids of these buyers, null for guests."""
        return col.blank(col.ids("C", buyer + self.first_customer, 6), buyer >= self.customers)


@dataclass(frozen=True)
class Purchases:
    """One entry per purchase, by buyer and time; lifted_by: the experiment that caused it, if
    any."""

    buyer: np.ndarray
    second: np.ndarray
    lifted_by: np.ndarray


def draw_buyers(world: World, *, block: int, first_customer: int, count: int) -> Buyers:
    """Draws the customers and guests of a block; nobody has dropped out yet."""
    process, catalogue, rng = world.process, world.catalogue, world.stream(Stream.CUSTOMERS, block)
    size = count + round(count * process.guests_per_customer)
    names = [pattern.name for pattern in process.patterns]
    pattern = choose(rng, tuple(p.share for p in process.patterns), size)
    pattern[count:] = names.index("one_time")
    is_seasonal = np.array([p.is_seasonal for p in process.patterns])[pattern]
    has_orders = pattern != names.index("no_order")

    rate, dropout = np.zeros(size), np.ones(size)
    for code, p in enumerate(process.patterns):
        if p.rate_shape > 0:
            members = np.flatnonzero(pattern == code)
            rate[members] = rng.gamma(p.rate_shape, p.rate_per_day / p.rate_shape, len(members))
            dropout[members] = rng.beta(p.dropout_a, p.dropout_b, len(members))

    first_day = invert(world.market.arrival, is_seasonal, rng.random(size))
    lag = np.where(rng.random(size) < 0.6, 0, rng.geometric(1 / 6, size))
    signed_up = np.maximum(np.floor(first_day).astype(int) - lag * has_orders, 0)

    favourite = rng.integers(0, len(process.categories), size)
    taste = choose(rng, process.taste_weights, size)
    staple = catalogue.draw(rng, catalogue.group_of(taste, favourite))
    is_steady = np.array([k.active_day_share == 1 for k in process.demand_kinds])[catalogue.kind]
    variants, assigned_at = assign(world, block=block, signed_up=signed_up, customers=count)
    return Buyers(
        first_customer=first_customer,
        customers=count,
        pattern=pattern,
        is_seasonal=is_seasonal,
        has_orders=has_orders,
        rate=rate,
        dropout=dropout,
        first_day=first_day,
        signed_up=signed_up,
        dropped_day=np.full(size, NO_DAY),
        taste=taste,
        favourite=favourite,
        staple=np.where(is_steady[staple], staple, catalogue.substitute[staple]),
        region=choose(rng, process.region_weights, size),
        sales_channel=choose(rng, process.sales_channel_weights, size),
        variants=variants,
        assigned_at=assigned_at,
    )


def assign(
    world: World, *, block: int, signed_up: np.ndarray, customers: int
) -> tuple[np.ndarray, np.ndarray]:
    """Puts the customers signed up before each experiment into its variants, half and half."""
    rng = world.stream(Stream.ASSIGNMENTS, block)
    experiments = world.process.experiments
    variants = np.full((len(experiments), len(signed_up)), -1)
    assigned_at = np.zeros((len(experiments), len(signed_up)), dtype=int)
    for row, experiment in enumerate(experiments):
        start = (experiment.starts_on - world.first_day).days
        members = np.flatnonzero(signed_up[:customers] < start)
        variants[row, members] = rng.integers(0, 2, len(members))
        enrolment = world.process.enrolment_days * DAY
        assigned_at[row, members] = start * DAY + rng.integers(0, enrolment, len(members))
    return variants, assigned_at


def draw_purchases(world: World, buyers: Buyers, *, block: int) -> tuple[Buyers, Purchases]:
    """Draws every purchase, and says when buyers dropped out.

    After the first order, orders come at the buyer's rate times the market's intensity; every one
    of these may be the last, with the buyer's own chance. A lift adds orders on top until then.
    """
    market, rng = world.market, world.stream(Stream.PURCHASES, block)
    start = market.position_at(buyers.is_seasonal, buyers.first_day)
    end = market.intensity[buyers.is_seasonal.astype(int), -1]
    buyer, position = spread(rng, rng.poisson(buyers.rate * (end - start)), start, end)
    order = np.lexsort((position, buyer))
    buyer, position = buyer[order], position[order]
    rank = rank_within(buyer)
    lifetime = rng.geometric(np.maximum(buyers.dropout, 1e-9))
    is_last = rank == lifetime[buyer] - 1
    last = np.full(buyers.size, np.inf)
    last[buyer[is_last]] = position[is_last]
    kept = rank < lifetime[buyer]

    parts = [(buyer[kept], position[kept], np.full(kept.sum(), NO_LIFT))]
    for row in range(len(world.process.experiments)):
        more_buyer, more_position = lifted_orders(world, buyers, rng, row)
        seen = more_position < last[more_buyer]
        parts.append((more_buyer[seen], more_position[seen], np.full(seen.sum(), row)))
    first = np.flatnonzero(buyers.has_orders)
    parts.append((first, start[first], np.full(len(first), NO_LIFT)))
    buyer, position, lifted_by = (np.concatenate(values) for values in zip(*parts, strict=True))
    day = market.day_at(buyers.is_seasonal[buyer], position).astype(int)

    dropped = np.where(buyers.has_orders & (buyers.rate == 0), start, last)
    dropped_day = np.full(buyers.size, NO_DAY)
    gone = np.flatnonzero(np.isfinite(dropped) & buyers.has_orders)
    dropped_day[gone] = market.day_at(buyers.is_seasonal[gone], dropped[gone]).astype(int)

    second = day * DAY + col.seconds_of_day(rng, world.process.hour_weights, len(day))
    order = np.lexsort((second, buyer))
    return replace(buyers, dropped_day=dropped_day), Purchases(
        buyer=buyer[order], second=second[order], lifted_by=lifted_by[order]
    )


def lifted_orders(
    world: World, buyers: Buyers, rng: np.random.Generator, row: int
) -> tuple[np.ndarray, np.ndarray]:
    """Buyer and position of the orders that an experiment adds, were nobody to drop out."""
    experiment, market = world.process.experiments[row], world.market
    assigned = buyers.assigned_at[row] / DAY
    opened = np.maximum(assigned, buyers.first_day)
    closed = np.maximum(assigned + experiment.length_days, opened)
    low = market.position_at(buyers.is_seasonal, opened)
    high = market.position_at(buyers.is_seasonal, closed)
    rate = buyers.rate * experiment.lift * (buyers.variants[row] == 1)
    return spread(rng, rng.poisson(rate * (high - low)), low, high)


def spread(
    rng: np.random.Generator, counts: np.ndarray, low: np.ndarray, high: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """`counts` points of each entry, evenly between low and high: entry and position of each."""
    entry = np.repeat(np.arange(len(counts)), counts)
    return entry, low[entry] + rng.random(len(entry)) * (high - low)[entry]


def rank_within(groups: np.ndarray) -> np.ndarray:
    """0, 1, 2, ... within each run of equal values."""
    if len(groups) == 0:
        return np.zeros(0, dtype=int)
    starts = np.flatnonzero(np.concatenate([[True], groups[1:] != groups[:-1]]))
    lengths = np.diff(np.append(starts, len(groups)))
    return np.arange(len(groups)) - np.repeat(starts, lengths)


def customer_tables(world: World, buyers: Buyers, *, block: int) -> dict[str, pa.Table]:
    """The rows of customers, experiment_assignments and truth_customers of a block."""
    process = world.process
    rng = world.stream(Stream.NAMES, block)
    number = np.arange(buyers.customers)
    customer_id = buyers.customer_ids(number)
    given = col.labels(rng.integers(0, len(FIRST_NAMES), len(number)), FIRST_NAMES)
    family = col.labels(rng.integers(0, len(LAST_NAMES), len(number)), LAST_NAMES)
    email = pc.binary_join_element_wise(pc.utf8_lower(customer_id), "example.com", "@")
    dropped = buyers.dropped_day[number]
    customers = {
        "customer_id": customer_id,
        "signed_up_on": col.dates(buyers.signed_up[number], world.first_day),
        "customer_name": pc.binary_join_element_wise(given, family, " "),
        "email": col.blank(email, rng.random(len(number)) < 0.03),
        "region": col.blank(
            col.labels(buyers.region[number], process.regions), rng.random(len(number)) < 0.02
        ),
        "marketing_consent": pa.array(rng.random(len(number)) < process.consent_share),
    }
    truth = {
        "customer_id": customer_id,
        "pattern": col.labels(buyers.pattern[number], tuple(p.name for p in process.patterns)),
        "buying_rate_per_day": pa.array(buyers.rate[number].round(6)),
        "dropout_probability": pa.array(buyers.dropout[number].round(6)),
        "dropped_out_on": col.blank(col.dates(dropped, world.first_day), dropped == NO_DAY),
        "is_alive_at_end": pa.array((dropped == NO_DAY) & buyers.has_orders[number]),
        "price_taste": col.labels(buyers.taste[number], process.price_tiers),
        "favourite_category": col.labels(
            buyers.favourite[number], tuple(c.name for c in process.categories)
        ),
        "staple_product_id": col.ids("P", buyers.staple[number] + 1, 4),
    }
    return {
        "customers": pa.table(customers),
        "experiment_assignments": assignment_table(world, buyers),
        "truth_customers": pa.table(truth),
    }


def assignment_table(world: World, buyers: Buyers) -> pa.Table:
    """Who was put into which variant, by experiment and customer."""
    row, buyer = np.nonzero(buyers.variants >= 0)
    names = tuple(experiment.name for experiment in world.process.experiments)
    return pa.table(
        {
            "experiment_id": col.labels(row, names),
            "customer_id": buyers.customer_ids(buyer),
            "variant": col.labels(buyers.variants[row, buyer], ("control", "treatment")),
            "assigned_at": col.stamps(buyers.assigned_at[row, buyer], world.first_day),
        }
    )
