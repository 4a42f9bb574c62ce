"""The sample retailer: the same bytes each time, and truths that its data really holds."""

import filecmp
from pathlib import Path

import duckdb
import numpy as np
import pytest

from retail_analytics import sample
from retail_analytics.inputs.contract import read_tables
from retail_analytics.sample import blocks, write_sample
from retail_analytics.sample.desk import team_spans
from retail_analytics.sample.market import build_market
from retail_analytics.sample.process import PROCESS

ROOT = Path(__file__).parents[3]
COMMITTED = ROOT / "seeds" / "sample"
LARGEST_SAMPLE_BYTES = 6_000_000
# what the contract lets a file hold and the sample retailer does not have
NOT_THERE = {"erasure_requests", "llm_outputs", "llm_usage", "currency", "line_total", "touch_type"}
INPUT_COLUMNS = {
    table["name"]: [
        column["name"] for column in table["columns"] if column["name"] not in NOT_THERE
    ]
    for table in read_tables()
    if table["name"] not in NOT_THERE
}
TRUTHS = {
    *("truth_customers", "truth_products", "truth_carriers", "truth_incidents"),
    *("truth_channels", "truth_teams", "truth_agents", "truth_changes"),
    *("truth_experiments", "truth_variants", "truth_rejections", "truth_pairs", "truth_habits"),
    *("truth_hold_outs", "truth_synergies", "truth_loyalty"),
}
KEYWORDS = {
    "Systems": ("system", "outage", "software", "database"),
    "External": ("strike", "partner", "logistics", "carrier"),
    "Infrastructure": ("flood", "fire", "weather", "building", "facility"),
    "Inventory": ("inventory", "stock", "shortage"),
}
# what staging would keep: bad copies have ids that begin with X, or a value that cannot be
CLEAN = {
    "customers": "signed_up_on is not null "
    "qualify row_number() over (partition by customer_id order by signed_up_on desc) = 1",
    "orders": "ordered_at < '2025-01-01' "
    "qualify row_number() over (partition by order_id order by ordered_at desc) = 1",
    "order_lines": "product_id is not null and quantity > 0 and coalesce(unit_price, 0) >= 0 "
    "and order_id not like 'X%'",
    "deliveries": "delivery_id not like 'X%'",
    "support_tickets": "ticket_id not like 'X%'",
    "touchpoints": "touchpoint_id not like 'X%'",
    "stock_levels": "on_order_units >= 0",
    "mentions": "negative_count >= 0",
    "complaints": "complained_on is not null",
}


def open_sample(folder: Path) -> duckdb.DuckDBPyConnection:
    """A connection with a view of every Parquet file as it is (raw_...) and cleaned."""
    con = duckdb.connect()
    for path in sorted(folder.glob("*.parquet")):
        con.execute(f"create view raw_{path.stem} as select * from '{path}'")
        con.execute(
            f"create view {path.stem} as select distinct * from '{path}' "
            f"where {CLEAN.get(path.stem, 'true')}"
        )
    return con


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """A shop of 20,000 customers: large enough for its truths to show."""
    out = tmp_path_factory.mktemp("shop")
    write_sample(customers=20_000, out=out, file_format="parquet")
    return open_sample(out)


def test_the_committed_sample_is_what_the_generator_writes(tmp_path: Path) -> None:
    write_sample(customers=2000, out=tmp_path)
    names = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.csv"))
    assert names == sorted(str(path.relative_to(COMMITTED)) for path in COMMITTED.rglob("*.csv"))
    assert filecmp.cmpfiles(tmp_path, COMMITTED, names, shallow=False)[0] == names
    assert sum((COMMITTED / name).stat().st_size for name in names) < LARGEST_SAMPLE_BYTES
    assert not any(b"\r" in (COMMITTED / name).read_bytes() for name in names)


def test_tables_and_columns_are_those_of_the_input_contract(tmp_path: Path) -> None:
    rows = write_sample(customers=50, out=tmp_path)
    assert set(rows) == set(INPUT_COLUMNS) | TRUTHS
    for table, columns in INPUT_COLUMNS.items():
        header, *lines = (tmp_path / f"{table}.csv").read_text(encoding="utf-8").splitlines()
        assert header.split(",") == columns
        assert len(lines) == rows[table]


def test_a_seed_fixes_every_byte(tmp_path: Path) -> None:
    for name, seed in (("one", 5), ("same", 5), ("other", 6)):
        for file_format in ("csv", "parquet"):
            out = tmp_path / name / file_format
            write_sample(customers=300, out=out, seed=seed, file_format=file_format)
    for file_format in ("csv", "parquet"):
        one, same, other = (tmp_path / name / file_format for name in ("one", "same", "other"))
        names = [path.name for path in one.iterdir() if path.is_file()]
        assert filecmp.cmpfiles(one, same, names, shallow=False)[0] == names
        assert f"orders.{file_format}" in filecmp.cmpfiles(one, other, names, shallow=False)[1]


def test_csv_and_parquet_hold_the_same_values(tmp_path: Path) -> None:
    for file_format in ("csv", "parquet"):
        write_sample(customers=200, out=tmp_path / file_format, years=1, file_format=file_format)
    con = duckdb.connect()
    for parquet in sorted((tmp_path / "parquet").glob("*.parquet")):
        types = con.execute(f"describe select * from '{parquet}'").fetchall()
        columns = {name: column_type for name, column_type, *_ in types}
        csv = tmp_path / "csv" / f"{parquet.stem}.csv"
        con.execute(f"create or replace view typed as from read_csv('{csv}', columns = {columns})")
        con.execute(f"create or replace view native as from '{parquet}'")
        for left, right in (("typed", "native"), ("native", "typed")):
            assert con.execute(f"from {left} except all from {right}").fetchall() == []


def test_blocks_of_customers_share_no_ids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK", 90)
    write_sample(customers=400, out=tmp_path, file_format="parquet")
    con = open_sample(tmp_path)
    assert con.execute("select count(*), max(customer_id) from customers").fetchall() == [
        (400, "C000400")
    ]
    for table, key in (
        ("orders", "order_id"),
        ("deliveries", "delivery_id"),
        ("touchpoints", "touchpoint_id"),
        ("support_tickets", "ticket_id"),
    ):
        query = f"select count(*) = count(distinct {key}) from {table}"
        assert con.execute(query).fetchall() == [(True,)]


@pytest.mark.parametrize("customers", [1, 2, 7])
@pytest.mark.parametrize("seed", [0, 1])
def test_tiny_shops_have_every_table(tmp_path: Path, customers: int, seed: int) -> None:
    rows = write_sample(customers=customers, out=tmp_path, seed=seed, years=1)
    assert rows["truth_customers"] == customers
    assert all(
        (tmp_path / f"{name}.csv").read_text().count("\n") == n + 1 for name, n in rows.items()
    )


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ({"customers": 0}, "customers"),
        ({"years": 0}, "years"),
        ({"years": 99}, "years"),
        ({"seed": -1}, "seed"),
        ({"file_format": "xlsx"}, "format"),
    ],
)
def test_bad_arguments_are_named(tmp_path: Path, argument: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        write_sample(**{"customers": 10, "out": tmp_path / "out"} | argument)
    assert not (tmp_path / "out").exists()


def test_a_file_is_no_place_for_a_sample(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(ValueError, match="out must be a folder"):
        write_sample(customers=10, out=tmp_path / "taken")


def test_two_formats_never_share_a_folder(tmp_path: Path) -> None:
    write_sample(customers=10, out=tmp_path)
    with pytest.raises(ValueError, match="already holds a sample as csv"):
        write_sample(customers=10, out=tmp_path, file_format="parquet")


def test_a_run_that_fails_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(sample, "truth_tables", fail)
    with pytest.raises(OSError, match="disk full"):
        write_sample(customers=10, out=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_patterns_have_their_shares(shop: duckdb.DuckDBPyConnection) -> None:
    shares = shop.execute(
        "select pattern, count(*) / 20000 from truth_customers group by all"
    ).fetchall()
    expected = {"frequent": 0.20, "seasonal": 0.30, "one_time": 0.48, "no_order": 0.02}
    assert dict(shares) == pytest.approx(expected, abs=0.01)


def test_orders_come_at_the_true_rates_until_drop_out(shop: duckdb.DuckDBPyConnection) -> None:
    # without treated customers: a lift comes on top of the rate
    rate_ratio, drop_ratio = shop.execute("""
        with repeats as (
            select
                customer_id,
                count(*) - 1 as repeat_count,
                min(ordered_at)::date as first_on
            from orders
            -- a standing order comes on top of the rate
            where
                order_status in ('completed', 'placed')
                and sales_channel <> 'standing order'
            group by all
        )
        select
            sum(repeat_count)
            / sum(buying_rate_per_day * (coalesce(dropped_out_on, '2025-01-01') - first_on)),
            count(dropped_out_on) / sum(dropout_probability * repeat_count)
        from repeats inner join truth_customers using (customer_id)
        where pattern = 'frequent' and customer_id not in (
            select customer_id from experiment_assignments inner join truth_experiments
            using (experiment_id) where variant = 'treatment'
        )
    """).fetchall()[0]
    assert rate_ratio == pytest.approx(1, abs=0.04)
    assert drop_ratio == pytest.approx(1, abs=0.06)


def test_seasonal_customers_buy_in_june_november_and_december(
    shop: duckdb.DuckDBPyConnection,
) -> None:
    peak, rest = (
        shop.execute(f"""
            select avg((month(ordered_at) in (6, 11, 12))::int)
            from orders inner join truth_customers using (customer_id)
            where pattern {pattern} 'seasonal'
        """).fetchall()[0][0]
        for pattern in ("=", "<>")
    )
    # days weighted 4 in June and 6 in November and December: 486 of 760
    assert peak == pytest.approx(0.64, abs=0.04)
    assert rest < 0.32


def test_taste_shows_in_what_customers_buy(shop: duckdb.DuckDBPyConnection) -> None:
    shop.execute("""
        create or replace temp view bought as
        from order_lines
        inner join orders using (order_id)
        inner join truth_customers using (customer_id)
        inner join truth_products using (product_id)
        inner join products using (product_id)
    """)
    tiers = shop.execute(
        "select price_taste, avg((price_tier = price_taste)::int) from bought group by all"
    ).fetchall()
    assert len(tiers) == 3
    assert all(share > 0.5 for _, share in tiers)
    favourite = shop.execute("select avg((category = favourite_category)::int) from bought")
    assert favourite.fetchall()[0][0] > 0.6


def test_money_adds_up_to_the_cent(shop: duckdb.DuckDBPyConnection) -> None:
    wrong = shop.execute("""
        select order_id
        from orders left join order_lines using (order_id)
        group by order_id
        having sum(quantity * unit_price) is distinct from any_value(order_total)
            and count(unit_price) = count(*)
    """).fetchall()
    assert wrong == []
    unpriced, partly = shop.execute("""
        select count_if(priced = 0), count_if(priced between 1 and lines - 1)
        from (
            select order_id, count(unit_price) as priced, count(*) as lines
            from order_lines group by all
        )
    """).fetchall()[0]
    assert unpriced > 100
    assert partly == 0


def test_orders_have_the_documented_mix(shop: duckdb.DuckDBPyConnection) -> None:
    rows = shop.execute("select order_status, count(*) from orders group by all").fetchall()
    counts = dict(rows)
    total = sum(counts.values())
    assert counts["cancelled"] / total == pytest.approx(0.02, abs=0.003)
    assert counts["returned"] / total == pytest.approx(0.03, abs=0.003)
    guests, first_placed = shop.execute("""
        select
            avg((customer_id is null)::int),
            min(ordered_at) filter (order_status = 'placed')
        from orders
    """).fetchall()[0]
    assert guests == pytest.approx(0.06, abs=0.005)
    assert first_placed.isoformat() > "2024-12-01"


def test_nothing_happens_after_the_end(shop: duckdb.DuckDBPyConnection) -> None:
    for table, column in (
        ("orders", "ordered_at"),
        ("deliveries", "shipped_at"),
        ("deliveries", "delivered_at"),
        ("touchpoints", "touched_at"),
        ("support_tickets", "resolved_at"),
        ("complaints", "complained_on"),
    ):
        last = shop.execute(f"select max({column})::date::text from {table}").fetchall()
        assert last == [("2024-12-31",)]


def test_every_bad_row_is_declared(shop: duckdb.DuckDBPyConnection) -> None:
    declared = shop.execute(
        "select input_table, sum(row_count) filter (reason = 'exact_duplicate') "
        "from truth_rejections group by all order by all"
    ).fetchall()
    for table, duplicates in declared:
        query = f"""
            select (select count(*) from raw_{table})
                - (select count(*) from (select distinct * from raw_{table}))
        """
        assert shop.execute(query).fetchall() == [(duplicates or 0,)]
    orphans = shop.execute("""
        select
            (select count(*) from raw_order_lines anti join orders using (order_id)),
            (select count(*) from raw_deliveries anti join orders using (order_id))
    """).fetchall()
    assert (
        orphans
        == shop.execute("""
        select
            sum(row_count) filter (input_table = 'order_lines'),
            sum(row_count) filter (input_table = 'deliveries')
        from truth_rejections where reason = 'unknown_order'
    """).fetchall()
    )


HIT = """
    deliveries.warehouse = truth_incidents.warehouse
    and shipped_at::date <= ends_on
    and coalesce(delivered_at::date, '2025-01-01') >= starts_on
"""


def test_carriers_are_as_punctual_as_declared(shop: duckdb.DuckDBPyConnection) -> None:
    rows = shop.execute("""
        select
            carrier,
            on_time_probability,
            avg((coalesce(delivered_at::date, '2025-01-01') <= promised_on)::int),
            mean_days_late,
            avg(delivered_at::date - promised_on) filter (delivered_at::date > promised_on)
        from deliveries inner join truth_carriers using (carrier)
        where promised_on <= '2024-12-01'
            -- not by what was hit: the late are longer on their way and so more often hit
            and not exists (
                select 1 from truth_incidents
                where truth_incidents.warehouse = deliveries.warehouse
                    and shipped_at::date between starts_on - 30 and ends_on
            )
        group by all
    """).fetchall()
    assert len(rows) == 4
    for _, true_rate, rate, true_late, late in rows:
        assert rate == pytest.approx(true_rate, abs=0.01)
        assert late == pytest.approx(true_late, rel=0.1)


def test_incidents_delay_the_parcels_on_their_way(shop: duckdb.DuckDBPyConnection) -> None:
    rows = shop.execute(f"""
        select
            parcels_delayed,
            count(*),
            affected_orders,
            avg((coalesce(delivered_at::date, '2025-01-01') <= promised_on)::int)
        from truth_incidents
        inner join incidents using (incident_id)
        inner join deliveries on {HIT}
        group by all
    """).fetchall()
    assert len(rows) == 24
    for delayed, found, reported, on_time in rows:
        assert found == delayed
        assert reported == pytest.approx(delayed, rel=0.6)
        assert on_time < 0.6


def test_the_words_of_an_incident_tell_its_category(shop: duckdb.DuckDBPyConnection) -> None:
    for description, category in shop.execute(
        "select distinct lower(description), truth_incidents.category "
        "from incidents inner join truth_incidents using (incident_id)"
    ).fetchall():
        found = [name for name, words in KEYWORDS.items() if any(w in description for w in words)]
        assert [*found, "Other"][0] == category


def test_late_parcels_bring_complaints_and_bad_mentions(shop: duckdb.DuckDBPyConnection) -> None:
    late, on_time = (
        shop.execute(f"""
            select avg((complained.order_id is not null)::int)
            from deliveries
            left join (select distinct order_id from complaints) as complained using (order_id)
            where delivered_at::date {sign} promised_on
        """).fetchall()[0][0]
        for sign in (">", "<=")
    )
    assert late > 5 * on_time
    correlation = shop.execute("""
        with late as (
            select
                date_trunc('month', promised_on) as month,
                avg((coalesce(delivered_at::date, '2025-01-01') > promised_on)::int) as late_share
            from deliveries group by all
        ), spoken as (
            select
                date_trunc('month', mentioned_on) as month,
                sum(negative_count) / sum(positive_count + negative_count + neutral_count) as bad
            from mentions group by all
        )
        select corr(late_share, bad) from late inner join spoken using (month)
    """).fetchall()[0][0]
    assert correlation > 0.8


def test_channels_cause_orders_as_declared(shop: duckdb.DuckDBPyConnection) -> None:
    rows = shop.execute("""
        select channel, purchase_effect, caused_order_count / touch_count, touch_count, count(*)
        from truth_channels inner join touchpoints using (channel)
        group by all
    """).fetchall()
    assert len(rows) == 6
    for channel, effect, found, declared, touches in rows:
        # search works more often after social
        more = 0.04 if channel == "search" else 0.0
        assert effect - 0.015 <= found <= effect + more + 0.015
        assert touches == declared


def test_retargeting_does_not_know_who_will_buy(shop: duckdb.DuckDBPyConnection) -> None:
    ((followed,),) = shop.execute("""
        select avg(cast(exists (
            select 1 from orders
            where orders.customer_id = touchpoints.customer_id
                and order_status in ('completed', 'placed')
                and ordered_at between touched_at and touched_at + interval 48 hour
        ) as double))
        from touchpoints where channel = 'retargeting'
    """).fetchall()
    assert 0.2 < followed < 0.5


def test_whoever_is_held_out_gets_no_touch_and_its_orders_do_not_come(
    shop: duckdb.DuckDBPyConnection,
) -> None:
    rows = shop.execute("""
        with units as (
            select truth_hold_outs.*, customer_id, variant = held_out_variant as is_held_out
            from experiment_assignments inner join truth_hold_outs using (experiment_id)
        )
        select
            experiment_id,
            is_held_out,
            count(*),
            sum((
                select count(*) from touchpoints
                where touchpoints.customer_id = units.customer_id
                    and touchpoints.channel = units.channel
                    and touched_at >= starts_on and touched_at < starts_on + to_days(length_days)
            )),
            any_value(held_out_count),
            any_value(lost_order_count),
            any_value(held_back_touch_count)
        from units group by all order by all
    """).fetchall()
    assert len(rows) == 8
    for name, is_held_out, customers, touches, declared, lost, held_back in rows:
        assert (touches == 0) == is_held_out
        assert not is_held_out or customers == declared
        assert held_back > 0
        assert (lost == 0) == (name == "no-retargeting")


def test_a_search_after_a_social_touch_works_more_often(
    shop: duckdb.DuckDBPyConnection,
) -> None:
    rows = shop.execute("""
        with touches as (
            select
                customer_id,
                touched_at,
                exists (
                    select 1 from touchpoints as earlier
                    where earlier.customer_id = touchpoints.customer_id
                        and earlier.channel = 'social'
                        and earlier.touched_at < touchpoints.touched_at
                        and earlier.touched_at >= touchpoints.touched_at - interval 14 day
                ) as is_after
            from touchpoints where channel = 'search'
        )
        select is_after, avg(cast(exists (
            select 1 from orders
            where orders.customer_id = touches.customer_id
                and ordered_at between touched_at and touched_at + interval 24 hour
        ) as double))
        from touches group by all order by all
    """).fetchall()
    (_, apart), (_, together) = rows
    assert together > 1.25 * apart


def test_a_lively_market_pauses_by_whole_weeks(tmp_path: Path) -> None:
    write_sample(customers=50, out=tmp_path, years=1, market="lively")
    with duckdb.connect() as con:
        ((silent,),) = con.execute(
            "select count(*) from (select channel, (spent_on - date '2024-01-01') // 7 as week "
            f"from '{tmp_path}/ad_spend.csv' where channel <> 'email' "
            "group by all having sum(spend_amount) = 0)"
        ).fetchall()
    assert 10 < silent < 90
    with pytest.raises(ValueError, match="market must be steady or lively"):
        write_sample(customers=5, out=tmp_path, market="calm")


def test_teams_are_as_fast_as_declared(shop: duckdb.DuckDBPyConnection) -> None:
    """Business time of the team, less what agent and priority make of it."""
    market = build_market(PROCESS, seed=1, years=3)
    tickets = shop.execute("""
        select
            team,
            reply_median_minutes,
            resolve_median_hours,
            log_effect,
            epoch(opened_at)::bigint as opened,
            epoch(first_replied_at)::bigint as replied,
            epoch(resolved_at)::bigint as resolved,
            ticket_id in (
                select ticket_id from ticket_events where event in ('waiting', 'reopened')
            ) as has_pauses
        from support_tickets
        inner join truth_teams using (team, priority)
        inner join truth_agents using (team, agent)
        where opened_at < '2024-03-01' and resolved_at is not null
    """).df()
    for team in PROCESS.teams:
        spans = team_spans(PROCESS, team.name, market=market)
        of_team = tickets[tickets["team"] == team.name]
        opened, replied, resolved = (
            of_team[name].to_numpy() for name in ("opened", "replied", "resolved")
        )
        speed = np.exp(of_team["log_effect"].to_numpy())
        minutes = spans.elapsed(opened, replied) / 60 / speed / of_team["reply_median_minutes"]
        assert np.median(minutes) == pytest.approx(1, rel=0.12)
        steady = ~of_team["has_pauses"].to_numpy()
        hours = spans.elapsed(replied, resolved) / 3600 / speed / of_team["resolve_median_hours"]
        assert np.median(hours[steady]) == pytest.approx(1, rel=0.12)


def test_tickets_wait_and_come_back_as_declared(shop: duckdb.DuckDBPyConnection) -> None:
    waits, reopened = shop.execute("""
        select avg(waits), avg(reopened)
        from (
            select
                max((event = 'waiting')::int) as waits,
                max((event = 'reopened')::int) as reopened
            from ticket_events
            where ticket_id in (
                select ticket_id from support_tickets where opened_at < '2024-10-01'
            )
            group by ticket_id
        )
    """).fetchall()[0]
    assert waits == pytest.approx(PROCESS.waiting_share, abs=0.03)
    assert reopened == pytest.approx(PROCESS.reopened_share, abs=0.02)


def test_changes_in_support_are_where_they_are_declared(shop: duckdb.DuckDBPyConnection) -> None:
    day, burst = shop.execute("""
        with days as (
            select opened_at::date as opened_on, count(*) as tickets
            from support_tickets
            where opened_at between '2024-05-01' and '2024-06-01'
            group by all
        )
        select
            (select arg_max(opened_on, tickets)::text from days),
            (
                select count(*) from support_tickets
                where opened_at between '2024-08-07 01:00' and '2024-08-07 03:00'
            )
    """).fetchall()[0]
    assert day == "2024-05-15"
    assert burst >= 5


def test_one_experiment_lifts_orders_and_the_other_does_not(
    shop: duckdb.DuckDBPyConnection,
) -> None:
    rows = shop.execute("""
        with counted as (
            select
                experiment_id,
                customer_id,
                variant,
                count(orders.order_id) as order_count
            from experiment_assignments
            inner join truth_experiments using (experiment_id)
            left join orders using (customer_id)
            where order_status in ('completed', 'placed')
                and ordered_at between assigned_at and assigned_at + to_days(length_days)
            group by all
        ), arms as (
            select
                experiment_id,
                variant,
                count(*) as customers,
                coalesce(sum(order_count), 0) as orders,
                sum(order_count * order_count) as squares
            from experiment_assignments
            left join counted using (experiment_id, customer_id, variant)
            group by all
        )
        select experiment_id, variant, orders / customers,
            sqrt(squares / customers - (orders / customers) ** 2) / sqrt(customers)
        from arms
    """).fetchall()
    arms = {(experiment, variant): (mean, error) for experiment, variant, mean, error in rows}
    for experiment, true_lift in (("free-shipping", 0.4), ("green-button", 0.0)):
        control, control_error = arms[experiment, "control"]
        treated, treated_error = arms[experiment, "treatment"]
        error = (control_error**2 + treated_error**2) ** 0.5 / control
        assert treated / control - 1 == pytest.approx(true_lift, abs=2.5 * error)
        assert (treated / control - 1 > 3 * error) == (true_lift > 0)


def test_stock_falls_by_no_more_than_was_sold(shop: duckdb.DuckDBPyConnection) -> None:
    broken, counted = shop.execute("""
        with sold as (
            select
                product_id,
                date_trunc('week', ordered_at - interval 1 day)::date + 7 as counted_on,
                sum(quantity) as units
            from order_lines inner join orders using (order_id)
            where order_status in ('completed', 'placed')
            group by all
        ), weeks as (
            select
                product_id,
                counted_on,
                on_hand_units + on_order_units as position,
                lag(position) over (partition by product_id order by counted_on) as before
            from stock_levels
        )
        select count_if(position < before - coalesce(units, 0)), count(before)
        from weeks left join sold using (product_id, counted_on)
    """).fetchall()[0]
    assert broken == 0
    assert counted > 30_000
