"""Deliveries and incidents against the truths of generated retailers, ten of them and more."""

import duckdb
import pandas as pd
import pytest
from compiled import run_models
from operations_chain import MODELS, empty_shop, open_shop

from retail_analytics.sample import write_sample

SEEDS = range(12)
CUSTOMERS = 500
INCIDENTS = """
    select
        incidents.*,
        truth.parcels_delayed,
        truth.parcels_made_late,
        truth.mean_extra_days
    from incidents inner join truth_incidents as truth on incidents.incident_id = truth.incident_id
"""
CARRIERS = """
    select
        scorecards.*,
        truth.on_time_probability,
        rank() over (
            partition by scorecards.dimension, scorecards.warehouse
            order by truth.on_time_probability desc
        ) as true_rank
    from carrier_scorecards as scorecards
    inner join truth_carriers as truth on scorecards.carrier = truth.carrier
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Incidents and carriers of every retailer, each with what is true of it."""
    incidents, carriers = [], []
    for seed in SEEDS:
        folder = tmp_path_factory.mktemp("shop")
        write_sample(customers=CUSTOMERS, out=folder, seed=seed, file_format="parquet")
        con = open_shop(folder)
        run_models(con, MODELS)
        incidents.append(con.execute(INCIDENTS).df())
        carriers.append(con.execute(CARRIERS).df())
    return pd.concat(incidents), pd.concat(carriers)


def covered(frame: pd.DataFrame, *, estimate: str, truth: str) -> float:
    """Share of rows whose interval of `estimate` holds the truth."""
    lower, upper = frame[f"{estimate}_lower"], frame[f"{estimate}_upper"]
    return ((lower <= frame[truth]) & (frame[truth] <= upper)).mean()


def test_parcels_made_late_lie_in_their_intervals_as_often_as_stated(found) -> None:
    incidents = found[0].query("impact_status == 'ok'")
    assert len(incidents) > 200
    share = covered(incidents, estimate="excess_late_deliveries", truth="parcels_made_late")
    assert 0.70 <= share <= 0.90


def test_parcels_made_late_add_up_to_those_that_were(found) -> None:
    incidents = found[0].query("impact_status == 'ok'")
    true, late = incidents["parcels_made_late"].sum(), incidents["late_delivery_count"].sum()
    assert incidents["excess_late_deliveries"].sum() == pytest.approx(true, rel=0.03)
    # what a count of late parcels alone would blame on incidents
    assert late > 1.1 * true


def test_days_added_are_those_that_incidents_added(found) -> None:
    incidents = found[0].query("impact_status == 'ok'")
    added = (incidents["added_days_per_delivery"] * incidents["counted_delivery_count"]).sum()
    true = (incidents["mean_extra_days"] * incidents["parcels_delayed"]).sum()
    assert added == pytest.approx(true, rel=0.07)


def test_punctuality_of_carriers_lies_in_its_intervals_as_often_as_stated(found) -> None:
    for _, carriers in found[1].groupby("dimension"):
        share = covered(carriers, estimate="expected_on_time_rate", truth="on_time_probability")
        assert 0.70 <= share <= 0.90


def test_a_rate_drawn_towards_the_carriers_own_is_nearer_the_truth(found) -> None:
    carriers = found[1].query("dimension == 'carrier_warehouse' and undisturbed_delivery_count > 0")
    raw = carriers["undisturbed_on_time_count"] / carriers["undisturbed_delivery_count"]
    truth = carriers["on_time_probability"]
    errors = [((rate - truth) ** 2).mean() for rate in (carriers["expected_on_time_rate"], raw)]
    assert errors[0] < 0.7 * errors[1]


def test_true_ranks_are_among_those_a_carrier_may_have(found) -> None:
    carriers = found[1].query("status == 'ok'")
    assert covered(carriers, estimate="on_time_rank", truth="true_rank") >= 0.75


CLUMPED_SHOP = """
    create table stg_incidents as
    select
        'I' || number as incident_id,
        date '2022-03-01' + cast(10 * number as integer) as occurred_on,
        'nothing happened' as description,
        0 as affected_orders,
        'W' || number % 10 as warehouse,
        cast(null as varchar) as category,
        cast(date '2022-03-06' + cast(10 * number as integer) as timestamp) as resolved_at,
        false as has_rejected_state
    from range(96) as numbers(number);

    create table months as
    select
        'W' || warehouse as warehouse,
        date '2022-01-01' + to_months(cast(month as integer)) as first_day,
        0.5 * random() * random() as late_rate
    from range(10) as warehouses(warehouse) cross join range(35) as months(month);

    create table stg_orders as
    select
        'O' || row_number() over () as order_id,
        first_day + to_days(cast(floor(28 * random()) as integer)) as ordered_at,
        warehouse,
        random() < late_rate as is_late
    from months cross join range(60) as parcels(parcel);

    create table stg_deliveries as
    select
        order_id as delivery_id,
        order_id,
        cast(ordered_at as date) + 4 as promised_on,
        ordered_at as shipped_at,
        ordered_at + to_days(case when is_late then 6 else 3 end) as delivered_at,
        'carrier' as carrier,
        warehouse,
        false as has_rejected_state
    from stg_orders
"""


def test_bad_months_are_not_blamed_on_incidents() -> None:
    """Months differ in every warehouse; incidents that do nothing are charged with nothing."""
    con = empty_shop()
    # random() gives the same rows each time with one thread only
    con.execute("set threads = 1")
    con.execute("select setseed(0.5)")
    con.execute(CLUMPED_SHOP)
    run_models(con, MODELS)
    found = con.execute("from incidents where impact_status = 'ok'").df().assign(truth=0)
    assert len(found) > 80
    assert 0.70 <= covered(found, estimate="excess_late_deliveries", truth="truth") <= 0.92
    assert 0.70 <= covered(found, estimate="added_days_per_delivery", truth="truth") <= 0.92


LUCK = """
    insert into int_deliveries_due
    select 'd', 'carrier ' || carrier, 'Central', null, random() > 0.9, true, 0, null, $day
    from range(20) as carriers(carrier)
    cross join range(2000) as parcels(parcel)
    where parcel < case when carrier < 10 then 2000 when carrier < 15 then 60 else 8 end
"""


def test_a_small_carrier_does_not_lead_by_luck() -> None:
    """Twenty carriers are equally punctual, five of them small and five tiny."""
    leaders, lucky = [], []
    for seed in range(20):
        con = empty_shop()
        # random() gives the same rows each time with one thread only
        con.execute("set threads = 1")
        con.execute("select setseed($1)", [seed / 20])
        con.execute(
            "create table int_deliveries_due (delivery_id varchar, carrier varchar, "
            "warehouse varchar, incident_id varchar, is_late boolean, is_undisturbed boolean, "
            "days_past_promise bigint, days_left bigint, promised_on date)"
        )
        con.execute(LUCK, {"day": "2024-12-01"})
        run_scorecards(con)
        cards = con.execute("from carrier_scorecards where dimension = 'carrier'").df()
        tiny = cards[cards["delivery_count"] == 8]
        assert tiny["on_time_rank"].isna().all()
        assert (tiny["status"] == "insufficient_data").all()
        leaders += cards[cards["on_time_rank"] == 1]["delivery_count"].tolist()
        lucky.append(cards.loc[cards["on_time_rate"].idxmax(), "delivery_count"])
        # none of them is better, and nearly all admit that they may be any
        assert (cards["on_time_rank_lower"] <= 5).sum() >= 12
    assert sum(count <= 60 for count in lucky) >= 18
    assert sum(count <= 60 for count in leaders) <= 0.4 * len(leaders)


def run_scorecards(con: duckdb.DuckDBPyConnection) -> None:
    views = (
        *("int_delivery_clumps", "int_carrier_deliveries", "int_carrier_priors"),
        "int_carrier_estimates",
    )
    run_models(con, {**dict.fromkeys(views, "view"), "carrier_scorecards": "table"})
