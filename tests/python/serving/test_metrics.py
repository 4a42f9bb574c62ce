"""MetricFlow gives the figures that the marts give, in total and by month.

What it should give is written here once more, straight over the marts.
"""

import csv
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from conftest import ROOT, YAML_FILES, Built

BIN = ROOT / ".venv-metrics" / "bin"
pytestmark = pytest.mark.skipif(
    not (BIN / "mf").exists(), reason="no .venv-metrics: run `make metrics`"
)
METRICS = [
    metric["name"]
    for path in YAML_FILES
    for metric in yaml.safe_load(path.read_text()).get("metrics", [])
]
# metric: table, its time, figure
PARCELS = ("deliveries where is_on_time is not null", "coalesce(delivered_on, promised_on)")
ALL_MENTIONS = ("sentiment where dimension = 'all'", "month")
PAID = ("channel_returns where spend_amount > 0", "month")
JOURNEYS = ("journeys where not is_open", "cast(last_touched_at as date)")
FIGURES = {
    "revenue": ("orders", "ordered_on", "sum(revenue)"),
    "margin": ("orders", "ordered_on", "sum(margin)"),
    "revenue_of_known_margin": ("orders where margin is not null", "ordered_on", "sum(revenue)"),
    "margin_rate": (
        *("orders where margin is not null", "ordered_on"),
        "cast(sum(margin) as double) / cast(sum(revenue) as double)",
    ),
    "order_count": ("orders where is_purchase", "ordered_on", "count(*)"),
    "return_count": ("orders", "ordered_on", "count(*) filter (order_status = 'returned')"),
    "return_rate": (
        *("orders", "ordered_on"),
        "count(*) filter (order_status = 'returned') / count(*) filter (is_purchase)",
    ),
    "average_order_value": ("orders where is_purchase", "ordered_on", "avg(revenue)"),
    "units_sold": ("orders where is_purchase", "ordered_on", "sum(units)"),
    "active_customer_count": (
        *("orders where is_purchase", "ordered_on"),
        "count(distinct customer_id)",
    ),
    "new_customer_count": ("customers where order_count > 0", "first_ordered_on", "count(*)"),
    "repeat_customer_rate": (
        *("customers where order_count > 0", "first_ordered_on"),
        "count(*) filter (order_count > 1) / count(*)",
    ),
    "lost_customer_count": ("churn_rates", "month", "sum(lost_count)"),
    "customer_months_at_risk": ("churn_rates", "month", "sum(at_risk_count)"),
    "churn_rate": ("churn_rates", "month", "sum(lost_count) / sum(at_risk_count)"),
    "expected_value_12_months": (
        *("customer_lifetime_values where horizon_months = 12", "as_of_date"),
        "sum(expected_value)",
    ),
    "delivery_count": (*PARCELS, "count(*)"),
    "on_time_rate": (*PARCELS, "count(*) filter (is_on_time) / count(*)"),
    "average_delivery_days": (*PARCELS, "avg(days_to_deliver)"),
    "complaint_count": (
        *("delivery_performance where dimension = 'all'", "month"),
        "sum(complaint_count)",
    ),
    "incident_count": ("incidents", "occurred_on", "count(*)"),
    "points_earned": ("loyalty_summary", "month", "sum(points_earned)"),
    "points_redeemed": ("loyalty_summary", "month", "sum(points_redeemed)"),
    "campaign_caused_orders": ("campaign_performance", "starts_on", "sum(caused_orders)"),
    "excess_late_deliveries": ("incidents", "occurred_on", "sum(excess_late_deliveries)"),
    "stock_value": ("inventory_levels", "as_of_date", "sum(on_hand_units * unit_cost)"),
    "order_now_cost": ("inventory_levels", "as_of_date", "sum(order_now_cost)"),
    "mention_count": (*ALL_MENTIONS, "sum(mention_count)"),
    "net_mention_count": (*ALL_MENTIONS, "sum(positive_count - negative_count)"),
    "net_sentiment": (
        *ALL_MENTIONS,
        "sum(positive_count - negative_count) / sum(mention_count)",
    ),
    "marketing_spend": ("channel_returns", "month", "sum(spend_amount)"),
    "paid_caused_revenue": (*PAID, "sum(caused_revenue)"),
    "return_on_ad_spend": (*PAID, "sum(caused_revenue) / sum(spend_amount)"),
    "paid_credited_orders": (*PAID, "sum(credited_orders)"),
    "cost_per_credited_order": (*PAID, "sum(spend_amount) / sum(credited_orders)"),
    "journey_count": (*JOURNEYS, "count(*)"),
    "journey_order_count": (*JOURNEYS, "count(*) filter (is_converted)"),
    "journey_conversion_rate": (*JOURNEYS, "count(*) filter (is_converted) / count(*)"),
    "basket_count": ("basket_months", "month", "sum(order_count)"),
    "attached_order_count": ("basket_months", "month", "sum(attached_order_count)"),
    "attach_rate": ("basket_months", "month", "sum(attached_order_count) / sum(order_count)"),
    "purchase_count": ("basket_months", "month", "sum(purchase_count)"),
    "repeat_purchase_count": ("basket_months", "month", "sum(repeat_purchase_count)"),
    "repeat_share": ("basket_months", "month", "sum(repeat_purchase_count) / sum(purchase_count)"),
}
# these need a time to look back from
LOOKING_BACK = {"revenue_trailing_12_months", "revenue_growth"}
Ask = Callable[..., list[dict[str, str]]]


@pytest.fixture(scope="session")
def run_mf(sample_warehouse: Built, tmp_path_factory: pytest.TempPathFactory) -> Callable:
    """`run_mf(arguments)` over the published sample, in a copy of the folder `metricflow`."""
    folder = tmp_path_factory.mktemp("metricflow")
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(ROOT / "metricflow" / name, folder)

    def run(command: list, cwd: Path) -> str:
        done = subprocess.run(
            command,
            cwd=cwd,
            env={**os.environ, "WAREHOUSE": str(sample_warehouse.warehouse)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    paths = ["--target-path", folder / "target", "--log-path", folder / "logs"]
    run([BIN / "dbt", "--quiet", "parse", "--profiles-dir", folder, *paths], ROOT)
    return lambda *arguments: run([BIN / "mf", *arguments], folder)


@pytest.fixture(scope="session")
def ask(run_mf: Callable, tmp_path_factory: pytest.TempPathFactory) -> Ask:
    """`ask(metrics, by=None)`: the rows that `mf query` writes."""

    def query(metrics: list[str], by: str | None = None) -> list[dict[str, str]]:
        answer = tmp_path_factory.mktemp("answer") / "answer.csv"
        group = ["--group-by", by] if by else []
        run_mf("query", "--quiet", "--metrics", ",".join(metrics), *group, "--csv", str(answer))
        with answer.open() as lines:
            return list(csv.DictReader(lines))

    return query


@pytest.fixture(scope="session")
def by_month(ask: Ask) -> dict[str, dict[str, float]]:
    """Metric: month: value, months without a value left out."""
    rows = [row for row in ask(METRICS, "metric_time__month") if row["metric_time__month"]]
    return {
        metric: {row["metric_time__month"][:10]: float(row[metric]) for row in rows if row[metric]}
        for metric in METRICS
    }


def test_metricflow_finds_the_configuration_valid(run_mf: Callable) -> None:
    said = run_mf("validate-configs")
    # against the words alone, and against the warehouse
    assert said.count("Successfully validated") >= 6
    assert "ERRORS: 0" in said


def test_every_metric_is_compared_with_its_mart() -> None:
    assert {*FIGURES, *LOOKING_BACK} == set(METRICS)


def test_totals_are_those_of_the_marts(ask: Ask, sample_warehouse: Built) -> None:
    (totals,) = ask(sorted(FIGURES))
    for metric, (table, _, figure) in FIGURES.items():
        ((expected,),) = sample_warehouse.query(f"select {figure} from marts.{table}")
        assert float(totals[metric]) == pytest.approx(float(expected), rel=1e-6), metric
        assert expected != 0, metric


def test_months_are_those_of_the_marts(by_month: dict, sample_warehouse: Built) -> None:
    for metric, (table, time, figure) in FIGURES.items():
        expected = sample_warehouse.query(
            f"select strftime(date_trunc('month', {time}), '%Y-%m-%d'), cast({figure} as double) "
            f"from marts.{table} group by 1 having {figure} is not null"
        )
        compared = {month: value for month, value in by_month[metric].items() if value != 0}
        assert compared == pytest.approx({m: v for m, v in expected if v != 0}, rel=1e-6), metric


def test_months_are_those_of_metric_series(by_month: dict, sample_warehouse: Built) -> None:
    series = sample_warehouse.query(
        "select metric, cast(period as varchar), value from marts.metric_series "
        "where dimension = 'all' and value is not null"
    )
    shared = {metric for metric, _, _ in series} & set(METRICS)
    assert len(shared) == 10
    for metric in shared:
        expected = {month: value for name, month, value in series if name == metric and value != 0}
        values = {month: value for month, value in by_month[metric].items() if value != 0}
        # months that came added up know no parcels: the metric has only those with parcels
        if metric in ("on_time_rate", "average_delivery_days"):
            expected = {month: expected[month] for month in expected if month in values}
        assert len(expected) > 20, metric
        assert values == pytest.approx(expected, rel=1e-6), metric


def test_looking_back_takes_the_year_before(by_month: dict, sample_warehouse: Built) -> None:
    revenue = {
        month: (float(value), float(year))
        for month, value, year in sample_warehouse.query(
            "select strftime(month, '%Y-%m-%d'), revenue, sum(revenue) over ("
            "    order by month range between interval 11 month preceding and current row"
            ") from (select date_trunc('month', ordered_on) as month, sum(revenue) as revenue "
            "        from marts.orders group by 1)"
        )
    }
    growth = {
        month: value / revenue[before][0] - 1
        for month, (value, _) in revenue.items()
        if (before := f"{int(month[:4]) - 1}{month[4:]}") in revenue
    }
    assert len(growth) == 24
    assert by_month["revenue_growth"] == pytest.approx(growth, rel=1e-6)
    trailing = {m: v for m, v in by_month["revenue_trailing_12_months"].items() if m in revenue}
    assert trailing == pytest.approx({m: year for m, (_, year) in revenue.items()}, rel=1e-6)


def test_a_metric_is_cut_by_what_is_known_of_its_customers(
    ask: Ask, sample_warehouse: Built
) -> None:
    rows = {
        row["customer__segment"]: row["revenue"] for row in ask(["revenue"], "customer__segment")
    }
    expected = dict(
        sample_warehouse.query(
            "select coalesce(segment, ''), sum(orders.revenue) from marts.orders "
            "left join marts.customer_rfm using (customer_id) group by 1"
        )
    )
    assert {k: float(v) for k, v in rows.items()} == pytest.approx(
        {k: float(v) for k, v in expected.items()}
    )
