"""The lifetime values from orders to totals, run in memory: their SQL as it stands, without dbt."""

from pathlib import Path

import duckdb
import pandas as pd
from churn_chain import load_rules
from compiled import run_models

from retail_analytics.customers.clv.groups import (
    history_groups,
    past_histories,
    spend_groups,
    trade_months,
)
from retail_analytics.customers.clv.tables import backtest_models, fit_models, score_groups
from retail_analytics.customers.season import trade_days

SEED = 42
MONTHS = (3, 6, 12, 24)


def shop_of(folder: Path, *, as_of_date: str | None = None) -> duckdb.DuckDBPyConnection:
    """A database with the orders of a folder of input files: prices and costs as they stand."""
    con = duckdb.connect()
    con.execute(f"""
        create table orders as
        with lines as (
            select
                order_id,
                sum(quantity * unit_price) as revenue,
                sum(quantity * (unit_price - unit_cost)) as margin
            from read_csv('{folder}/order_lines.csv')
            left join read_csv('{folder}/products.csv') using (product_id)
            group by order_id
        )

        select
            cast(orders.customer_id as varchar) as customer_id,
            cast(orders.order_id as varchar) as order_id,
            'completed' as order_status,
            cast(orders.ordered_at as timestamp) as ordered_at,
            cast(orders.ordered_at as date) as ordered_on,
            true as is_purchase,
            cast(lines.revenue as decimal(18, 4)) as revenue,
            cast(lines.margin as decimal(18, 4)) as margin
        from read_csv('{folder}/orders.csv') as orders
        left join lines using (order_id)
    """)
    return with_today(con, as_of_date=as_of_date)


def shop_from(purchases: pd.DataFrame, *, as_of_date: str) -> duckdb.DuckDBPyConnection:
    """The same from customer_id, date and spend, up to the as-of date; costs are not known."""
    con = duckdb.connect()
    con.register("purchases", purchases[purchases["date"] <= as_of_date])
    con.execute("""
        create table orders as
        select
            cast(customer_id as varchar) as customer_id,
            cast(row_number() over () as varchar) as order_id,
            'completed' as order_status,
            cast(date as timestamp) as ordered_at,
            cast(date as date) as ordered_on,
            true as is_purchase,
            cast(spend as decimal(18, 4)) as revenue,
            cast(null as decimal(18, 4)) as margin
        from purchases
    """)
    return with_today(con, as_of_date=as_of_date)


def with_today(
    con: duckdb.DuckDBPyConnection, *, as_of_date: str | None
) -> duckdb.DuckDBPyConnection:
    """What the models read beside the orders: by default the newest order is today."""
    con.execute(
        "create table int_as_of as select coalesce(cast($1 as date), max(ordered_on)) "
        "as as_of_date from orders",
        [as_of_date],
    )
    con.execute("create view stg_orders as from orders")
    con.execute(
        "create table order_statuses as select 'completed' as order_status, true as is_purchase"
    )
    con.execute("""
        create table customers as
        select customer_id, sum(revenue) as revenue, sum(margin) as margin
        from orders
        group by customer_id
    """)
    con.execute("""
        create table customer_rfm as
        select customer_id, case when count(*) > 1 then 'several' else 'one' end as segment
        from orders
        group by customer_id
    """)
    load_rules(con, ["value_tiers", "churn_horizons"])
    return con


def run_values(con: duckdb.DuckDBPyConnection) -> None:
    """Every model of the chain, up to `customer_lifetime_values` and `customer_value_totals`."""
    run_models(con, {"int_history_dates": "table", "int_purchase_days": "table"})
    dates = con.table("int_history_dates")
    months = trade_months(con, orders=con.table("orders"), history_dates=dates).df()
    days = trade_days(months, history_dates=dates.df(), ahead_days=740)
    con.register("found_days", days)
    con.execute(
        "create table trade_days as select * replace (cast(date_day as date) as date_day) "
        "from found_days"
    )
    run_models(
        con,
        {
            "int_worth_rates": "table",
            "int_customer_histories": "table",
            "int_history_outcomes": "table",
        },
    )
    histories = con.table("int_customer_histories")
    groups = history_groups(con, histories=histories).df()
    is_fitted = groups["purpose"].isin(["serving", "backtest"])
    fits = fit_models(groups[is_fitted], spends=spend_groups(con, histories=histories).df())
    past = past_histories(con, histories=histories, worth_rates=con.table("int_worth_rates")).df()
    measured = backtest_models(
        past, outcomes=con.table("int_history_outcomes").df(), trade_days=days, seed=SEED
    )
    scores = score_groups(
        groups[groups["purpose"] == "serving"].reset_index(drop=True),
        fits=fits[fits["purpose"] == "serving"],
        measured=measured,
        horizons_months=MONTHS,
        expected_only_days=con.table("churn_horizons").df()["horizon_days"].tolist(),
        annual_discount_rate=0.1,
        trade_days=days[days["purpose"] == "serving"],
        as_of=pd.Timestamp(con.table("int_as_of").fetchall()[0][0]),
        seed=SEED,
    )
    for name, table in {"model_fits": fits, "clv_backtest": measured, "found": scores}.items():
        con.register(f"{name}_frame", table)
        con.execute(f"create table {name} as from {name}_frame")
    con.execute("create view clv_group_scores as from found")
    run_models(
        con,
        {
            "int_customer_values": "table",
            "customer_lifetime_values": "table",
            "customer_value_totals": "table",
        },
    )
