"""The scripts in docs/own_data, run on the real files they were written for."""

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from retail_analytics.inputs.convert import convert

ROOT = Path(__file__).parents[3]
SCRIPTS = ROOT / "docs" / "own_data"
SHARED_DATA = ROOT.parent / "shared" / "data"

EXAMPLES = {
    # example: folder of the raw files, rows of each input table
    "online_retail": (
        "online_retail",
        {"customers": 4_372, "products": 4_070, "orders": 25_900, "order_lines": 541_909},
    ),
    "scms_delivery": (
        "scms_delivery",
        {
            "customers": 142,
            "products": 184,
            "orders": 6_233,
            "order_lines": 10_324,
            "deliveries": 10_324,
        },
    ),
    "contoso": (
        "contoso",
        {
            "customers": 1,
            "products": 10,
            "orders": 7,
            "order_lines": 10,
            "delivery_months": 7,
            "incidents": 3,
            "mentions": 7,
            "cancellations": 5,
            "touchpoints": 18,
            "support_tickets": 3,
            "price_changes": 8,
            "loyalty_events": 2,
        },
    ),
    "problem_log": ("problem_log", {"support_tickets": 1_487, "ticket_events": 8_147}),
    "cookie_cats": (
        "cookie_cats",
        {
            "customers": 90_189,
            "experiment_assignments": 90_189,
            "experiment_outcomes": 270_567,
        },
    ),
    "cdnow": (
        "cdnow",
        {"customers": 23_570, "products": 1, "orders": 67_591, "order_lines": 67_591},
    ),
    "cdnow_sample": (
        "cdnow",
        {"customers": 2_357, "products": 1, "orders": 6_696, "order_lines": 6_696},
    ),
}


class Example:
    """A converted example: its row counts, and queries over its tables and the raw files."""

    def __init__(self, name: str, out: Path) -> None:
        folder, self.expected_counts = EXAMPLES[name]
        source = SHARED_DATA / folder
        if not source.is_dir():
            pytest.skip(f"{source} is not there")
        self.row_counts = convert(SCRIPTS / f"{name}.sql", source=source, out=out)
        self.con = duckdb.connect()
        for table in self.row_counts:
            self.con.execute(f"create view {table} as from read_parquet('{out}/{table}.parquet')")
        for path in source.glob("*.parquet"):
            self.con.execute(f"create view raw_{path.stem} as from read_parquet('{path}')")

    def query(self, statement: str) -> list[tuple]:
        return self.con.execute(statement).fetchall()


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    converted: dict[str, Example] = {}

    def get(name: str) -> Example:
        if name not in converted:
            converted[name] = Example(name, tmp_path_factory.mktemp(name))
        return converted[name]

    return get


@pytest.mark.parametrize("name", EXAMPLES)
def test_rows_per_input_table(example, name):
    assert example(name).row_counts == example(name).expected_counts


# what staging will make of the order lines, as docs/own_data/README.md states it
ONLINE_RETAIL_LINES = """
    with distinct_lines as (select distinct * from order_lines)

    select
        case
            when quantity <= 0 then 'invalid_quantity'
            when cast(unit_price as decimal(18, 3)) < 0 then 'invalid_unit_price'
            else order_status
        end as outcome,
        count(*) as line_count,
        sum(quantity * cast(unit_price as decimal(18, 3))) as value
    from distinct_lines
    left join orders using (order_id)
    group by all
    order by all
"""


def test_online_retail_every_raw_line_is_kept_rejected_or_a_duplicate(example):
    outcomes = example("online_retail").query(ONLINE_RETAIL_LINES)
    assert [(outcome, line_count) for outcome, line_count, _ in outcomes] == [
        ("completed", 526_052),
        ("invalid_quantity", 1_336),
        ("invalid_unit_price", 2),
        ("returned", 9_251),
    ]
    assert sum(line_count for _, line_count, _ in outcomes) == 541_909 - 5_268


def test_online_retail_revenue_is_that_of_the_raw_file(example):
    value = {
        outcome: value for outcome, _, value in example("online_retail").query(ONLINE_RETAIL_LINES)
    }
    (raw_revenue,) = example("online_retail").query("""
        select sum(cast("Quantity" as bigint) * cast("UnitPrice" as decimal(18, 3)))
        from (select distinct * from raw_online_retail)
        where
            cast("UnitPrice" as decimal(18, 3)) >= 0
            and (cast("Quantity" as bigint) > 0 or "InvoiceNo" like 'C%')
    """)[0]
    assert value["completed"] - value["returned"] == raw_revenue
    assert round(raw_revenue, 2) == Decimal("9748131.07")


def test_online_retail_lines_that_are_no_goods_stay_lines(example):
    categories = example("online_retail").query("""
        select category, regexp_matches(product_id, '^[0-9]{5}') as is_stock_code, count(*)
        from order_lines left join products using (product_id)
        group by all
        order by all
    """)
    assert categories == [
        ("Gift vouchers", False, 34),
        ("Gift vouchers", True, 1),
        ("Goods", True, 538_815),
        ("Goods outside the stock list", False, 49),
        ("Postage and charges", False, 2_912),
        ("Postage and charges", True, 98),
    ]
    # the 2,995 lines that the data's README counts
    assert sum(count for _, is_stock_code, count in categories if not is_stock_code) == 2_995


def test_online_retail_orders_are_invoices(example):
    assert example("online_retail").query("""
        select order_status, customer_id is null as is_guest, count(*), count(distinct order_id)
        from orders group by all order by all
    """) == [
        ("completed", False, 18_536, 18_536),
        ("completed", True, 3_528, 3_528),
        ("returned", False, 3_654, 3_654),
        ("returned", True, 182, 182),
    ]
    assert example("online_retail").query("""
        select count(*), count(*) filter (signed_up_on <> first_on)
        from customers
        join (
            select customer_id, min(cast(ordered_at as timestamp))::date as first_on
            from orders group by all
        ) using (customer_id)
    """) == [(4_372, 0)]


def test_online_retail_names_come_from_sold_lines(example):
    names = dict(
        example("online_retail").query("""
            select product_id, product_name from products
            where product_id in ('85123A', '22423', 'POST', '35611B', 'DCGS0073')
        """)
    )
    assert names == {
        "85123A": "WHITE HANGING HEART T-LIGHT HOLDER",
        "22423": "REGENCY CAKESTAND 3 TIER",
        "POST": "POSTAGE",
        # 'thrown away', 'ebay': never sold
        "35611B": None,
        "DCGS0073": None,
    }
    nameless = "select count(*) from products where product_name is null"
    assert example("online_retail").query(nameless) == [(132,)]


def test_scms_dates_are_iso_or_as_the_file_words_them(example):
    assert example("scms_delivery").query("""
        select
            case
                when try_cast(ordered_at as date) between '2006-04-19' and '2015-08-24' then 'date'
                else ordered_at
            end as wording,
            count(distinct order_id),
            count(*)
        from orders join deliveries using (order_id)
        group by all
        order by all
    """) == [
        ("Date Not Captured", 120, 271),
        ("N/A - From RDC", 1_067, 1_660),
        ("date", 5_046, 8_393),
    ]
    assert example("scms_delivery").query("""
        select
            min(promised_on::date)::varchar, max(promised_on::date)::varchar,
            min(delivered_at::date)::varchar, max(delivered_at::date)::varchar
        from deliveries
    """) == [("2006-05-02", "2015-12-31", "2006-05-02", "2015-09-14")]


def test_scms_deliveries_are_on_time_as_often_as_in_the_raw_file(example):
    (converted,) = example("scms_delivery").query("""
        select count(*) filter (delivered_at::date <= promised_on::date), count(*),
            count(distinct carrier), count(distinct warehouse), count(distinct delivery_id)
        from deliveries
    """)
    (raw,) = example("scms_delivery").query("""
        select
            count(*) filter (
                strptime("Delivered to Client Date", '%d-%b-%y')
                <= strptime("Scheduled Delivery Date", '%d-%b-%y')
            ),
            count(*), count(distinct "Shipment Mode"), count(distinct "Vendor"),
            count(distinct "ID")
        from raw_scms_delivery
    """)
    assert converted == raw
    assert converted == (9_138, 10_324, 4, 73, 10_324)


def test_scms_keys_are_unique(example):
    assert (
        example("scms_delivery").query("""
        select count(distinct order_id) = count(*) from orders
        union all select count(distinct customer_id) = count(*) from customers
        union all select count(distinct product_id) = count(*) from products
        union all select count(distinct (order_id, line_number)) = count(*) from order_lines
    """)
        == [(True,)] * 4
    )


def test_contoso_ten_items_in_seven_orders_of_980(example):
    contoso = example("contoso")
    assert contoso.query("select sum(order_total::decimal(18, 2)), count(*) from orders") == [
        (Decimal("980.00"), 7)
    ]
    assert contoso.query("""
        select count(distinct product_id), count(*), count(distinct order_id)
        from order_lines
        join orders using (order_id)
        join products using (product_id)
        join customers using (customer_id)
    """) == [(10, 10, 7)]


def test_contoso_known_answers_hold_on_the_input_tables(example):
    contoso = example("contoso")
    assert contoso.query("""
        select
            month(month),
            round(
                0.6 * on_time_rate_pct::double
                + 0.3 * greatest(0, (10 - average_delivery_days::double) * 10)
                + 0.1 * greatest(0, 100 - complaint_count::double),
                1
            )
        from delivery_months order by all
    """) == list(zip(range(3, 10), (88.3, 83.0, 77.2, 69.8, 63.0, 81.9, 88.2), strict=True))
    nets = contoso.query("""
        with mention_counts as (
            select
                month(mentioned_on) as month_number,
                positive_count::int as positive_count,
                negative_count::int as negative_count,
                neutral_count::int as neutral_count
            from mentions
        )

        select month_number, round((positive_count - negative_count)
            / (positive_count + negative_count + neutral_count), 4)
        from mention_counts
    """)
    assert {3: 0.6, 5: 0.4744, 6: 0.3415, 9: 0.6184}.items() <= dict(nets).items()
    assert contoso.query("select sum(affected_orders::int), count(*) from incidents") == [(500, 3)]
    assert contoso.query("""
        select max_by(reason, cancellation_count::int), max(cancellation_count::int),
            sum(cancellation_count::int), count(*)
        from cancellations
    """) == [("Service Dissatisfaction", 40, 100, 5)]


def test_contoso_prices_and_points_are_those_of_its_files(example):
    contoso = example("contoso")
    assert contoso.query("""
        select category, max(price) filter (competitor is null)::int, max(competitor), count(*)
        from price_changes group by category order by category
    """) == [
        ("Accessories", 60, "the competitor", 2),
        ("Dresses", 120, "the competitor", 2),
        ("Shoes", 100, "the competitor", 2),
        ("Sportswear", 80, "the competitor", 2),
    ]
    assert contoso.query("select kind, points::int from loyalty_events order by kind") == [
        ("earned", 4800),
        ("redeemed", 3600),
    ]


def test_contoso_mails_are_sent_opened_and_clicked_as_the_file_says(example):
    assert example("contoso").query("""
        select channel, touch_type, count(*), count(distinct campaign)
        from touchpoints group by all order by all
    """) == [
        ("email", "click", 2, 2),
        ("email", "impression", 5, 5),
        ("email", "open", 3, 3),
        ("store", "visit", 3, 0),
        ("website", "visit", 5, 0),
    ]
    # nobody unsubscribed, which is consent
    assert example("contoso").query("select marketing_consent from customers") == [(True,)]


def test_contoso_everything_is_in_2023_and_of_the_one_customer(example):
    contoso = example("contoso")
    assert contoso.query("""
        with events as (
            select ordered_at::date as event_on, customer_id from orders
            union all select opened_at::date, customer_id from support_tickets
            union all select touched_at::date, customer_id from touchpoints
            union all select month, 'C1024' from delivery_months
            union all select mentioned_on, 'C1024' from mentions
            union all select cancelled_on, 'C1024' from cancellations
            union all select observed_on::date, 'C1024' from price_changes
            union all select occurred_on::date, customer_id from loyalty_events
        )

        select distinct year(event_on), customer_id from events
    """) == [(2023, "C1024")]


def test_the_sample_script_differs_from_the_whole_in_its_file_alone():
    whole, sample = (
        "".join(
            line
            for line in (SCRIPTS / f"{name}.sql").read_text().splitlines(keepends=True)
            if not line.startswith("--")
        )
        for name in ("cdnow", "cdnow_sample")
    )
    assert sample == whole.replace("cdnow_master", "cdnow_sample")


@pytest.mark.parametrize(
    ("name", "file", "revenue", "cd_count", "empty_order_count"),
    [
        ("cdnow", "cdnow_master", Decimal("2500315.63"), 167_881, 80),
        ("cdnow_sample", "cdnow_sample", Decimal("244091.94"), 16_479, 8),
    ],
)
def test_cdnow_no_purchase_is_lost(example, name, file, revenue, cd_count, empty_order_count):
    cdnow = example(name)
    assert cdnow.query("""
        select sum(order_total), sum(quantity), count(*) filter (order_total = 0)
        from orders join order_lines using (order_id)
    """) == [(revenue, cd_count, empty_order_count)]
    assert cdnow.query(f"""
        select
            sum(dollar_value::decimal(18, 2)),
            sum(number_of_cds),
            count(distinct (customer_id, date))
        from raw_{file}
    """) == [(revenue, cd_count, cdnow.row_counts["orders"])]


def test_cdnow_sample_has_the_published_repeaters_and_holdout(example):
    # Fader, Hardie and Lee (2005): 946 repeaters in 39 weeks, 1,882 repeat purchases in the next 39
    assert example("cdnow_sample").query("""
        with customer_counts as (
            select
                count(*) filter (ordered_at <= date '1997-09-30' and ordered_at > signed_up_on)
                    as fitted_count,
                count(*) filter (ordered_at > date '1997-09-30') as held_out_count
            from orders join customers using (customer_id)
            group by customer_id
        )

        select count(*), count(*) filter (fitted_count > 0), sum(held_out_count)
        from customer_counts
    """) == [(2_357, 946, 1_882)]


def test_cookie_cats_players_are_units_and_versions_variants(example):
    cats = example("cookie_cats")
    assert cats.query(
        "select variant, count(*) from experiment_assignments group by 1 order by 1"
    ) == [
        ("gate_30", 44_700),
        ("gate_40", 45_489),
    ]
    rates = cats.query(
        "select metric, variant, round(avg(value), 6) from experiment_outcomes "
        "inner join experiment_assignments using (customer_id) "
        "where metric <> 'rounds' group by all order by all"
    )
    assert rates == [
        ("retention_1", "gate_30", 0.448188),
        ("retention_1", "gate_40", 0.442283),
        ("retention_7", "gate_30", 0.190201),
        ("retention_7", "gate_40", 0.182),
    ]
