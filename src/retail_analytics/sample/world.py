"""Everything that all customers of one sample share."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from retail_analytics.sample.catalogue import Catalogue, build_catalogue
from retail_analytics.sample.columns import Stream, choose, stream
from retail_analytics.sample.desk import Desk, build_desk
from retail_analytics.sample.market import Market, build_market
from retail_analytics.sample.prices import price_factors
from retail_analytics.sample.process import NUMBERS_PER_CUSTOMER_YEAR, Process


@dataclass(frozen=True)
class Incidents:
    """One entry an incident, in order of its first day; days count from the sample's first."""

    warehouse: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    kind: np.ndarray

    @property
    def size(self) -> int:
        """Number of incidents."""
        return len(self.starts)


@dataclass(frozen=True)
class World:
    """The shop's parameters, market, products, incidents and support desk."""

    process: Process
    customers: int
    seed: int
    market: Market
    catalogue: Catalogue
    incidents: Incidents
    desk: Desk
    # products x days: the price times the list price, sales left aside
    factors: np.ndarray

    @property
    def first_day(self) -> date:
        """The first day of the sample."""
        return self.market.first_day

    def day(self, number: int) -> date:
        """The date of a day counted from the first."""
        return self.first_day + timedelta(days=number)

    @property
    def days(self) -> int:
        """Number of days; day `days` is the first that nobody has seen."""
        return self.market.days

    def first_number(self, first_customer: int) -> int:
        """First number for rows of the block that begins with this customer."""
        years = round(self.days / 365.25)
        return (first_customer - 1) * NUMBERS_PER_CUSTOMER_YEAR * years + 1

    def stream(self, kind: Stream, block: int = 0) -> np.random.Generator:
        """The random stream of one kind of rows and one block of customers."""
        return stream(self.seed, kind, block)


def build_world(process: Process, *, customers: int, seed: int, years: int) -> World:
    """Draws what does not depend on any single customer."""
    market = build_market(process, seed=seed, years=years)
    catalogue = build_catalogue(process, customers=customers, seed=seed, days=market.days)
    return World(
        process=process,
        customers=customers,
        seed=seed,
        market=market,
        catalogue=catalogue,
        incidents=build_incidents(process, seed=seed, years=years, days=market.days),
        desk=build_desk(process, customers=customers, seed=seed, market=market),
        factors=price_factors(process, products=catalogue.size, weekday=market.weekday, seed=seed),
    )


def build_incidents(process: Process, *, seed: int, years: int, days: int) -> Incidents:
    """Incidents in equal slots of time, so that no two of them overlap."""
    rng = stream(seed, Stream.INCIDENTS)
    size = process.incidents_per_year * years
    kind = np.arange(size) % len(process.incident_kinds)
    duration = np.array([k.duration_days for k in process.incident_kinds])[kind]
    slot = days / size
    latest = np.maximum(slot - duration, 1)
    starts = (np.arange(size) * slot + rng.random(size) * latest).astype(int)
    return Incidents(
        warehouse=choose(rng, process.warehouse_incident_weights, size),
        starts=starts,
        ends=np.minimum(starts + duration - 1, days - 1),
        kind=kind,
    )
