"""Real data through the whole project, against what other queries say of the raw files."""

from datetime import date
from decimal import Decimal

import duckdb
import pytest
from conftest import ROOT, BuildWarehouse, Built

from retail_analytics.inputs.convert import convert

pytestmark = pytest.mark.slow

DATA = ROOT.parent / "shared" / "data"
EXAMPLES = ["online_retail", "scms_delivery", "contoso"]


@pytest.fixture(scope="module", params=EXAMPLES)
def example(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    build_warehouse: BuildWarehouse,
) -> tuple[str, Built]:
    """One example, converted by its script and built."""
    name = request.param
    source = DATA / name
    if not source.exists():
        pytest.skip(f"{source} is not there")
    folder = tmp_path_factory.mktemp(name)
    convert(ROOT / "docs" / "own_data" / f"{name}.sql", source=source, out=folder)
    built = build_warehouse(folder)
    assert built.exit_code == 0, built.output
    return name, built


def summary(built: Built) -> dict[str, tuple[int, int, int, int]]:
    """Rows read, kept, rejected and duplicate of each input table that was there."""
    rows = built.query(
        "select input_table, rows_read, rows_kept, rows_rejected, rows_duplicate "
        "from quality.input_summary where is_provided"
    )
    return {table: tuple(counts) for table, *counts in rows}


def reasons(built: Built) -> dict[tuple[str, str], int]:
    rows = built.query(
        "select input_table, reason, count(*) from quality.rejected_rows group by all"
    )
    return {(table, reason): count for table, reason, count in rows}


def test_every_row_is_accounted_for(example: tuple[str, Built]) -> None:
    for table, (read, kept, rejected, duplicate) in summary(example[1]).items():
        assert read == kept + rejected + duplicate, table


def test_known_answers(example: tuple[str, Built]) -> None:
    name, built = example
    {
        "online_retail": online_retail,
        "scms_delivery": scms_delivery,
        "contoso": contoso,
    }[name](built)


def online_retail(built: Built) -> None:
    rows = summary(built)
    assert rows["customers"] == (4_372, 4_372, 0, 0)
    assert rows["orders"] == (25_900, 25_900, 0, 0)
    assert rows["order_lines"] == (541_909, 535_303, 1_338, 5_268)
    found = reasons(built)
    assert found[("order_lines", "invalid_quantity")] == 1_336
    assert found[("order_lines", "invalid_unit_price")] == 2
    assert built.query("select sum(revenue) from marts.orders") == [(raw_revenue(),)]
    assert built.query(
        "select count(*) filter (not is_stocked), count(*) from marts.products "
        "where category in ('Postage and charges', 'Gift vouchers') and is_stocked"
    ) == [(0, 0)]
    # the file ends on 9 December: that month is shown, and forecast instead of learned from
    assert built.query(
        "select max(period) filter (is_complete), max(period) from marts.metric_series"
    ) == [(date(2011, 11, 1), date(2011, 12, 1))]
    assert built.query(
        "select distinct as_of_period, min(period) over () from marts.metric_forecasts"
    ) == [(date(2011, 11, 1), date(2011, 12, 1))]


def raw_revenue() -> Decimal:
    """Revenue straight from the raw file: every line once, but for write-offs and bad debts."""
    path = next((DATA / "online_retail").glob("*.parquet"))
    return duckdb.execute(
        """
        with lines as (
            select distinct *
            from read_parquet($path)
        )

        select sum(cast(Quantity as decimal(18, 4)) * cast(UnitPrice as decimal(18, 4)))
        from lines
        where (InvoiceNo like 'C%' or cast(Quantity as int) > 0) and cast(UnitPrice as double) >= 0
        """,
        {"path": str(path)},
    ).fetchall()[0][0]


def scms_delivery(built: Built) -> None:
    rows = summary(built)
    assert rows["deliveries"] == (10_324, 8_393, 1_931, 0)
    assert rows["orders"] == (6_233, 5_046, 1_187, 0)
    assert reasons(built)[("orders", "unreadable_ordered_at")] == 1_187
    assert built.query(
        "select sum(delivery_count), sum(on_time_count) from marts.delivery_performance "
        "where dimension = 'all'"
    ) == [(8_393, 7_223)]
    assert built.query("select sum(revenue) from marts.orders") == [(Decimal("1401455729.8100"),)]
    # the modes are carriers; Ocean was never late, in too few shipments to be better for sure
    cards = built.query(
        "select carrier, on_time_rate, on_time_rank, on_time_rank_upper "
        "from marts.carrier_scorecards where dimension = 'carrier' order by on_time_rank"
    )
    assert {card[0] for card in cards} == {"Air", "Air Charter", "Ocean", "Truck"}
    assert cards[0][:3] == ("Ocean", 1.0, 1)
    assert cards[0][3] > 1
    # the vendors are warehouses
    assert built.query(
        "select count(distinct warehouse) > 10 from marts.carrier_scorecards "
        "where dimension = 'carrier_warehouse'"
    ) == [(True,)]
    # the crisis of the lorries is one; September 2014 (.394) is not, beside months of .48 to .99
    assert built.query(
        "select month from marts.delivery_degradations "
        "where entity = 'Truck' and measure = 'on_time_rate' order by month"
    ) == [
        (date(year, month, 1),)
        for year, month in [(2010, 10), (2010, 11), (2010, 12), (2011, 5), (2011, 6)]
    ]
    assert built.query(
        "select assessment, month_count from marts.delivery_trends "
        "where dimension = 'all' and measure = 'average_delivery_days'"
    ) == [("no trend", 24)]


def contoso(built: Built) -> None:
    assert built.query("select count(*), sum(revenue) from marts.orders") == [
        (7, Decimal("980.0000"))
    ]
    assert built.query("select count(*) from marts.products") == [(10,)]
    scores = built.query(
        "select round(score, 1) from marts.delivery_performance where dimension = 'all' "
        "order by month"
    )
    assert scores == [(88.3,), (83.0,), (77.2,), (69.8,), (63.0,), (81.9,), (88.2,)]
    nets = built.query(
        "select round(net_sentiment, 4) from marts.sentiment where dimension = 'all' order by month"
    )
    assert [nets[month] for month in (0, 2, 3, 6)] == [
        (0.6,),
        (0.4744,),
        (0.3415,),
        (0.6184,),
    ]
    assert built.query(
        "select category, severity, affected_orders from marts.incidents order by occurred_on"
    ) == [
        ("Systems", "High", 100),
        ("External", "Critical", 250),
        ("Infrastructure", "High", 150),
    ]
    # nobody can say what they did: there are no parcels
    assert built.query(
        "select distinct impact_status, delivery_count, excess_late_deliveries from marts.incidents"
    ) == [("insufficient_data", 0, None)]
    assert built.query(
        "select distinct assessment, month_count, status from marts.delivery_trends"
    ) == [(None, 7, "insufficient_data")]
    assert built.query("select count(*) from marts.delivery_degradations") == [(0,)]
    assert built.query(
        "select reason, share, count(*) over () from marts.churn_reasons where reason_rank = 1"
    ) == [("Service Dissatisfaction", 0.4, 1)]
    assert built.query("select count(*) from marts.churn_reasons") == [(5,)]
    assert built.query(
        "select count(*), sum(revenue), bool_and(reason <> '') from marts.inventory_levels"
    ) == [(10, Decimal("980.0000"), True)]
    assert built.query(
        "select round(score, 1), grade, month from marts.operations_health order by month desc "
        "limit 1"
    ) == [(68.2, "D", date(2023, 9, 1))]
    assert built.query(
        "select rule from marts.recommended_actions where entity = 'all' and rule like 'health%'"
    ) == [("health_low",)]
    # seven months of figures added up: a forecast that says how little it knows
    assert built.query(
        "select count(*), min(month), any_value(status), "
        "bool_and(score_lower < score and score < score_upper) from marts.delivery_forecasts"
    ) == [(6, date(2023, 10, 1), "short_history", True)]
    assert built.query(
        "select distinct history_count, status from marts.metric_forecasts "
        "where metric in ('on_time_rate', 'net_sentiment')"
    ) == [(7, "short_history")]
    assert built.query(
        "select count(*) from marts.metric_forecasts where value_upper - value_lower <= 0"
    ) == [(0,)]
    contoso_prices_and_mails(built)


def contoso_prices_and_mails(built: Built) -> None:
    """What one customer and seven orders can say of prices, points and mails, or cannot."""
    assert built.query(
        "select entity, status, round(price_index, 4), advice from marts.price_positions order by 1"
    ) == [
        ("Accessories", "one_competitor", 1.0909, None),
        ("Dresses", "one_competitor", 1.2, None),
        ("Shoes", "one_competitor", 0.9524, None),
        ("Sportswear", "one_competitor", 0.9412, None),
    ]
    for table, figure in {
        "price_elasticities": "elasticity",
        "discount_effects": "uplift",
        "optimal_discounts": "optimal_discount",
        "engagement_scores": "response_probability",
    }.items():
        assert built.query(f"select count({figure}), count(*) > 0 from marts.{table}") == [
            (0, True)
        ], table
    assert built.query(
        "select distinct status from marts.engagement_scores union all "
        "select distinct status from marts.price_elasticities"
    ) == [("insufficient_data",), ("insufficient_data",)]
    assert built.query("select count(*) from marts.campaign_performance") == [(0,)]
    assert built.query("select count(*) from marts.engagement_backtest") == [(0,)]
    assert built.query(
        "select status, points_liability, breakage_rate from marts.loyalty_liability "
        "where tier = 'all'"
    ) == [("short_history", 1200, None)]
    # six whole months: the last month again, from a third of it to three times as much
    assert built.query(
        "select status, method, history_count, round(revenue, 2), "
        "round(revenue_lower / revenue, 2), round(revenue_upper / revenue, 2) "
        "from marts.category_revenue_forecasts where horizon_months = 1"
    ) == [("short_history", "naive", 6, 110, 0.34, 2.95)]
    assert built.query(
        "select campaign, open_rate, click_rate, unsubscribe_rate from marts.campaign_engagement "
        "order by campaign"
    ) == [
        ("Autumn Collection Preview", 1, 1, 0),
        ("Exclusive Member Offers", 0, 0, 0),
        ("New Arrivals", 1, 0, 0),
        ("Personal Styling Invite", 0, 0, 0),
        ("Summer Sale", 1, 1, 0),
    ]
    # of one mail anything from a third to all may be opened
    assert built.query(
        "select round(min(open_rate_lower), 3), round(max(open_rate_upper), 3), "
        "round(max(open_rate_lower), 3) from marts.campaign_engagement"
    ) == [(0.0, 1.0, 0.378)]


def test_published_tables_say_what_they_hold(example: tuple[str, Built]) -> None:
    built = example[1]
    for schema, table, rows in built.query(
        "select table_schema, table_name, row_count from quality.meta"
    ):
        assert built.query(f"select count(*) from {schema}.{table}") == [(rows,)]
