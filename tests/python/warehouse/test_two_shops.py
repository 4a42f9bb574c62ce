"""Plain statements about two generated shops: one where everybody repeats, one in its first year.

Both have what real shops sent: a stock count and an order line that cannot be used, a parcel, a
ticket and an incident that end after today, a month in which the parcels end, no complaints.
"""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from conftest import BuildWarehouse, Built

pytestmark = pytest.mark.slow

TODAY = date(2024, 11, 30)
# the parcels' file ends in a month that is over
LAST_PARCEL = date(2024, 10, 5)
TABLES = (
    *("input_summary", "model_quality", "orders", "deliveries", "support_tickets", "incidents"),
    *("inventory_levels", "operations_health", "recommended_actions", "customer_360"),
    *("customer_lifetime_values", "customer_churn_risks", "churn_rates", "metric_forecasts"),
)
PRICES = {"P1": 12.5, "P2": 40.0, "P3": 8.0}


def bought(shop: str, draw: np.random.Generator) -> list[tuple[str, date]]:
    """Customers and their days of order, every few weeks, or in the first year seldom twice."""
    days = []
    for number in range(250 if shop == "repeats" else 90):
        age = draw.integers(60, 1000) if shop == "repeats" else draw.integers(5, 250)
        first = TODAY - timedelta(days=int(age))
        day, interval, count = first, 20 + number % 5 * 10, 0
        while day <= TODAY:
            days.append((f"C{number:02}", day))
            count += 1
            day += timedelta(days=max(3, int(draw.normal(interval, 9))))
            if draw.random() < (0.07 * (count > 1) if shop == "repeats" else 0.5):
                break
    return sorted(days, key=lambda order: order[1])


def write_shop(folder: Path, shop: str) -> Path:
    """The files of a shop; ids of what is at fault begin with X."""
    draw = np.random.default_rng(7)
    files = {
        "orders": ["order_id,ordered_at,customer_id,order_total"],
        "order_lines": ["order_id,product_id,quantity,unit_price"],
        "products": ["product_id,product_name,category,list_price,unit_cost"],
        "deliveries": ["delivery_id,order_id,promised_on,shipped_at,delivered_at,carrier"],
        "support_tickets": ["ticket_id,opened_at,customer_id,first_replied_at,resolved_at"],
        "incidents": ["incident_id,occurred_on,description,affected_orders,resolved_at"],
        "stock_levels": ["product_id,counted_on,on_hand_units"],
    }
    for product, price in PRICES.items():
        files["products"].append(f"{product},Mug {product},Kitchen,{price},{0.6 * price}")
        files["stock_levels"].append(f"{product},{TODAY - timedelta(days=9)},20")
    files["products"].append("G1,Voucher,Gift Cards,25,25")
    # the newest count of one product cannot be used
    files["stock_levels"].append(f"P3,{TODAY},some")
    for number, (customer, day) in enumerate(bought(shop, draw)):
        product = list(PRICES)[number % 3]
        units = int(draw.integers(1, 4))
        total = units * PRICES[product]
        files["orders"].append(f"O{number},{day},{customer},{total}")
        files["order_lines"].append(f"O{number},{product},{units},{PRICES[product]}")
        if day <= LAST_PARCEL:
            arrived = day + timedelta(days=int(draw.integers(1, 6)))
            files["deliveries"].append(
                f"D{number},O{number},{day + timedelta(days=4)},{day},{arrived},DHL"
            )
    files["orders"].append(f"X1,{TODAY},C00,100")
    files["order_lines"] += ["X1,P1,2,30", "X1,P2,-1,40"]
    tomorrow = TODAY + timedelta(days=1)
    files["deliveries"].append(f"X1,X1,{TODAY - timedelta(days=1)},,{tomorrow},DHL")
    files["support_tickets"].append(f"X1,{TODAY},C00,{tomorrow},{tomorrow}")
    files["incidents"].append(f"X1,{TODAY},Flood,5,{tomorrow}")
    for table, lines in files.items():
        (folder / f"{table}.csv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture(scope="module", params=["repeats", "first year"])
def shop(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    build_warehouse: BuildWarehouse,
) -> Built:
    folder = write_shop(tmp_path_factory.mktemp("shop"), request.param)
    chosen = ("--select", *(f"+{table}" for table in TABLES), "--exclude-resource-type", "test")
    built = build_warehouse(folder, as_of=str(TODAY), args=chosen)
    assert built.exit_code == 0, built.output
    return built


# what no row may be, of both shops
NEVER = {
    "2: a file with rows and none that is usable": (
        "quality.input_summary where is_provided and rows_read > 0 and rows_kept = 0"
    ),
    "3: an older count in place of one that cannot be used": (
        "marts.inventory_levels where product_id = 'P3' and (on_hand_units is not null "
        "or order_now_units is not null or reason is null)"
    ),
    "4: an order that a rejected line makes smaller": (
        "marts.orders where order_id = 'X1' and revenue is distinct from 100"
    ),
    "5: what ends tomorrow is gone or over": (
        "(select count(*) as found, bool_or(is_over) as is_over from ("
        "select is_delivered as is_over from marts.deliveries where delivery_id = 'X1' "
        "union all select not is_open from marts.support_tickets where ticket_id = 'X1' "
        "union all select is_resolved from marts.incidents where incident_id = 'X1')) "
        "where found <> 3 or is_over"
    ),
    "5: a parcel that is overdue counts as on time": (
        "marts.deliveries where delivery_id = 'X1' and is_on_time is distinct from false"
    ),
    "6: a month in which nobody could be lost has a rate": (
        "marts.churn_rates where at_risk_count = 0 and churn_rate is not null"
    ),
    "6: nobody can be lost before the shop is old enough": (
        "marts.churn_rates where churn_rate is not null and month < "
        "(select min(ordered_on) + 90 from marts.orders)"
    ),
    "7: the month in which the parcels end is whole": (
        "marts.operations_health where month = '2024-10-01' and (is_complete or score is not null)"
    ),
    "7: something is to be done for a month that is not covered": (
        "marts.recommended_actions where domain = 'deliveries' and period >= '2024-10-01' "
        "or details like '%Parcels%'"
    ),
    "8: no file of complaints is a forecast of none": (
        "marts.metric_forecasts where metric = 'complaint_count' and value is not null"
    ),
    "16: a value is missing though its status says that it is there": (
        "marts.customer_lifetime_values where (status = 'insufficient_data') "
        "<> (expected_value is null)"
    ),
    "17: bounds out of order, or more at stake than there is": (
        "marts.customer_lifetime_values where not (value_lower <= expected_value "
        "and expected_value <= value_upper) union all by name select customer_id "
        "from marts.customer_churn_risks where value_at_stake > greatest(expected_value, 0) + 1e-6"
    ),
    "18: figures of which no quality is known": (
        "(select distinct 'customer_lifetime_values' as mart from marts.customer_lifetime_values "
        "where expected_value is not null union all select distinct 'customer_churn_risks' "
        "from marts.customer_churn_risks where no_purchase_probability is not null) "
        "where mart not in (select mart from quality.model_quality where is_serving)"
    ),
    "19: who bought this week is at high risk": (
        "marts.customer_360 where recency_days <= 7 and risk_class in ('High', 'Critical')"
    ),
    "19: all are of one class of high risk": (
        "(select avg(cast(risk_class in ('High', 'Critical') as integer)) as high_share "
        "from marts.customer_360) where high_share > 0.5"
    ),
    "20: who is called new has bought often or long ago": (
        "marts.customer_360 where segment = 'New' and (order_count > 2 or first_ordered_on < "
        "as_of_date - 366)"
    ),
    "21: a product that sells every week is never to be ordered": (
        "marts.inventory_levels where product_id in ('P1', 'P2') and status = 'ok' "
        "and reorder_point_units <= 0"
    ),
    "21: gift cards are kept in stock": (
        "marts.inventory_levels where product_id = 'G1' and status <> 'not_stocked'"
    ),
}


@pytest.mark.parametrize("what", NEVER)
def test_it_never_is_that(shop: Built, what: str) -> None:
    assert shop.query_build(f"select * from {NEVER[what]}") == []


def test_what_is_stated_is_not_stated_of_nothing(shop: Built) -> None:
    ((customers, values, risks, parcels, levels),) = shop.query_build(
        "select (select count(*) from marts.customer_360), "
        "(select count(expected_value) from marts.customer_lifetime_values), "
        "(select count(no_purchase_probability) from marts.customer_churn_risks), "
        "(select count(*) from marts.operations_health where score is not null), "
        "(select count(reorder_point_units) from marts.inventory_levels)"
    )
    assert min(values, parcels, levels) > 0
    # a first year is too short to learn from who stays away
    assert risks > 0 or customers < 100
