"""Almost no customers, or all alike: tables with a status, no crash, no warnings."""

import re
from pathlib import Path

import pytest
from conftest import BuildWarehouse, Built

pytestmark = pytest.mark.slow


def shop(folder: Path, purchases: dict[str, list[tuple[str, str]]]) -> Path:
    """Input files of customers and what they bought: (day, total) each."""
    customers = "customer_id,signed_up_on\n"
    orders = "order_id,ordered_at,customer_id,order_total\n"
    for customer, bought in purchases.items():
        customers += f"{customer},2023-01-01\n"
        for number, (day, total) in enumerate(bought):
            orders += f"{customer}-{number},{day},{customer},{total}\n"
    (folder / "customers.csv").write_text(customers)
    (folder / "orders.csv").write_text(orders)
    return folder


SHOPS = {
    "nobody": {},
    "one who never bought": {"A": []},
    "one customer": {"A": [("2023-02-01", "10"), ("2023-05-01", "20"), ("2023-09-01", "5")]},
    "two customers": {"A": [("2023-02-01", "10")], "B": [("2023-03-01", "20")] * 2},
    "all alike": {f"C{i}": [("2023-02-01", "10"), ("2023-08-01", "10")] for i in range(60)},
    "all bought once": {
        f"C{i:02}": [(f"2023-{1 + i % 12:02}-{1 + i % 28:02}", str(5 + i % 7))] for i in range(60)
    },
}


@pytest.fixture(scope="module", params=SHOPS)
def degenerate(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    build_warehouse: BuildWarehouse,
) -> tuple[str, Built]:
    folder = shop(tmp_path_factory.mktemp("shop"), SHOPS[request.param])
    # the customers' tables alone, and the tests that need no others
    part = (
        "--select",
        "+path:models/marts/customers",
        "+path:models/marts/sales",
        "--indirect-selection",
        "cautious",
    )
    built = build_warehouse(folder, args=part)
    assert built.exit_code == 0, built.output
    return request.param, built


def ask(built: Built, statement: str) -> list[tuple]:
    return built.query_build(statement)


def test_there_are_no_warnings(degenerate):
    assert re.findall(r".*(?:Warning|\bWARN\b(?!=0)).*", degenerate[1].output) == []


def test_every_customer_has_a_row_with_a_status(degenerate):
    name, built = degenerate
    count = len(SHOPS[name])
    for table, rows_a_customer in (
        ("customer_rfm", 1),
        ("customer_clusters", 1),
        ("customer_360", 1),
        ("customer_lifetime_values", 4),
        ("customer_churn_risks", 3),
    ):
        assert ask(built, f"select count(*) from marts.{table}") == [(count * rows_a_customer,)]
    for table, value in (
        ("customer_lifetime_values", "expected_value"),
        ("customer_churn_risks", "no_purchase_probability"),
    ):
        wrong = (
            f"select * from marts.{table} where not isfinite({value}) "
            f"or (status = 'insufficient_data') <> ({value} is null)"
        )
        assert ask(built, wrong) == []


def test_customers_who_are_alike_are_judged_alike(degenerate):
    name, built = degenerate
    if name != "all alike":
        return
    assert ask(
        built,
        "select count(distinct (segment, cluster_name, expected_value, "
        "churn_probability)) from marts.customer_360",
    ) == [(1,)]
