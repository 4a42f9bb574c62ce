"""The churn models from orders to risks, run in memory: their SQL as it stands, without dbt."""

from collections.abc import Sequence
from datetime import date

import duckdb
import pandas as pd
from compiled import ROOT, run_models

from retail_analytics.customers.churn.backtest import backtest, choose_method
from retail_analytics.customers.churn.model import churn_coefficients
from retail_analytics.customers.clv.groups import cut_off_season

RULES = ("churn_horizons", "churn_risk_classes", "churn_drivers", "churn_actions")
INPUTS = {
    "orders": "customer_id varchar, order_id varchar, order_status varchar, is_purchase boolean, "
    "revenue decimal(18, 4), ordered_on date",
    "deliveries": "order_id varchar, promised_on date, delivered_on date",
    "stg_complaints": "order_id varchar, complaint_count bigint, complained_on date",
    "int_customer_values": "customer_id varchar, horizon_days bigint, horizon_months bigint, "
    "expected_value double",
    "stg_cancellations": "customer_id varchar, cancellation_count bigint, cancelled_on date",
    "stg_customers": "marketing_consent boolean, reasons varchar[]",
    "stg_touchpoints": "customer_id varchar, touch_type varchar, reasons varchar[]",
}
FEATURE_MODELS = {
    "int_churn_cut_offs": "table",
    "int_churn_events": "view",
    "int_churn_sightings": "table",
    "int_churn_histories": "view",
    "int_churn_features": "table",
}
RISK_MODELS = {
    "int_leavers": "view",
    "int_consents": "view",
    "int_churn_contributions": "table",
    "int_churn_rhythms": "table",
    "int_churn_driver_names": "view",
    "int_churn_drivers": "view",
    "int_churn_probabilities": "table",
    "int_churn_classes": "view",
    "customer_churn_risks": "table",
}


def load_rules(con: duckdb.DuckDBPyConnection, rules: Sequence[str]) -> None:
    """The rule tables of these names."""
    for rule in rules:
        (path,) = (ROOT / "seeds" / "rules").rglob(f"{rule}.csv")
        con.execute(f"create table {rule} as from read_csv('{path}')")


def empty_shop(as_of_date: date | None) -> duckdb.DuckDBPyConnection:
    """A database with empty inputs, the rules, and the day that counts as today."""
    con = duckdb.connect()
    for table, columns in INPUTS.items():
        con.execute(f"create table {table} ({columns})")
    load_rules(con, RULES)
    con.execute("create table int_as_of as select cast($1 as date) as as_of_date", [as_of_date])
    return con


def shop(
    purchases: Sequence[tuple[str, date]], *, as_of_date: date, amount: int = 10
) -> duckdb.DuckDBPyConnection:
    """The same, with one order a purchase (customer, day)."""
    con = empty_shop(as_of_date)
    con.register("purchases", pd.DataFrame(purchases, columns=["customer_id", "ordered_on"]))
    con.execute(
        "insert into orders select customer_id, row_number() over (), 'completed', true, $1, "
        "ordered_on from purchases",
        [amount],
    )
    return con


def run_chain(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Every model of the chain; the backtest. The risks are in `customer_churn_risks`."""
    if not con.execute("from duckdb_tables() where table_name = 'customers'").fetchall():
        con.execute(
            "create table customers as select customer_id, max(ordered_on) as last_ordered_on, "
            "cast(null as boolean) as has_marketing_consent from orders group by customer_id"
        )
    run_models(con, FEATURE_MODELS | {"int_churn_training": "table"})
    training = con.table("int_churn_training").df()
    horizons = con.table("churn_horizons").df()["horizon_days"].tolist()
    dates = con.table("int_churn_cut_offs").df()
    known = {
        number: cut_off_season(con, orders=con.table("orders"), cut_offs=dates, number=number)
        for number in (0, 1)
    }
    tested = backtest(training, horizons=horizons, trade=known[1])
    coefficients = churn_coefficients(
        training,
        horizons=horizons,
        as_of_date=con.table("int_as_of").df()["as_of_date"].iloc[0],
        method=choose_method(tested),
        trade=known[0],
        customer_count=con.table("customers").shape[0],
    )
    con.register("fitted", coefficients)
    con.execute("create or replace table churn_coefficients as from fitted")
    run_models(con, RISK_MODELS)
    return tested
