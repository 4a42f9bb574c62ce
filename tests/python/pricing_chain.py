"""Prices, discounts, campaigns and loyalty from input files, in memory: the SQL as it stands."""

from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
from compiled import ROOT, project_vars, run_models

from retail_analytics.pricing.discounts import discount_effects
from retail_analytics.pricing.elasticity import price_elasticities

RULES = {
    "pricing_settings": "pricing",
    "discount_steps": "pricing",
    "marketing_settings": "marketing",
    "campaign_hold_outs": "marketing",
}
PRICE_MODELS = ("int_sold_weeks", "int_posted_weeks", "int_product_weeks")
CAMPAIGN_MODELS = (
    *("int_campaign_windows", "int_campaign_audience", "int_campaign_units"),
    *("int_campaign_arms", "int_campaign_reach", "int_campaign_effects"),
    *("int_campaign_best_effects", "int_campaign_findings", "campaign_performance"),
)
MAILING_MODELS = (
    *("int_channels", "int_mailings", "int_consents"),
    *("int_engagement_events", "int_engagement_histories"),
    "campaign_engagement",
)
LOYALTY_MODELS = (
    *("int_loyalty_bookings", "int_loyalty_months", "int_loyalty_members", "int_repeat_months"),
    *("loyalty_summary", "loyalty_tier_flows", "loyalty_liability"),
)
# what staging makes of files without faults
STAGED = {
    "price_changes": "observed_on date, price decimal(18,4), product_id varchar, "
    "category varchar, competitor varchar",
    "campaigns": "campaign varchar, starts_on date, ends_on date, channel varchar, "
    "budget decimal(18,4), discount_rate decimal(18,4)",
    "loyalty_events": "customer_id varchar, occurred_on date, points decimal(18,4), "
    "kind varchar, tier varchar, order_id varchar",
    "experiment_assignments": "experiment_id varchar, customer_id varchar, variant varchar, "
    "assigned_at timestamp",
    "touchpoints": "touchpoint_id varchar, customer_id varchar, touched_at timestamp, "
    "channel varchar, campaign varchar, touch_type varchar",
    "ad_spend": "spent_on date, channel varchar, spend_amount decimal(18,4), campaign varchar",
    "orders": "order_id varchar, ordered_at timestamp, customer_id varchar, "
    "order_status varchar, order_total decimal(18,4), discount_amount decimal(18,4)",
    "order_lines": "order_id varchar, product_id varchar, quantity decimal(18,4), "
    "unit_price decimal(18,4)",
    "products": "product_id varchar, category varchar, list_price decimal(18,4), "
    "unit_cost decimal(18,4)",
    "customers": "customer_id varchar, signed_up_on date, marketing_consent boolean",
}
FACTS = """
    create table orders as
    select
        order_id, customer_id, ordered_at, cast(ordered_at as date) as ordered_on,
        coalesce(order_status, 'completed') in ('placed', 'completed') as is_purchase,
        case order_status when 'cancelled' then 0 when 'returned' then -order_total
            else order_total end as revenue,
        -- where a cost is known it is that of all lines
        order_total - (
            select sum(quantity * unit_cost)
            from stg_order_lines inner join stg_products using (product_id)
            where stg_order_lines.order_id = stg_orders.order_id
        ) as margin,
        discount_amount
    from stg_orders
    where ordered_at <= timestamp '2024-12-31 23:59:59'
    qualify row_number() over (partition by order_id order by ordered_at desc) = 1;

    create table order_lines as
    select
        stg_order_lines.order_id, product_id, quantity,
        case when is_purchase then 1 else -1 end * quantity * unit_price as revenue
    from stg_order_lines inner join orders using (order_id);

    create table products as
    select * from stg_products where list_price is null or list_price >= 0;

    create table customers as
    select
        customer_id, max(signed_up_on) as signed_up_on,
        bool_and(marketing_consent) as has_marketing_consent
    from stg_customers
    where signed_up_on is not null group by all;
"""


def shop(
    tables: dict[str, pd.DataFrame] | Path, *, as_of: date = date(2024, 12, 31)
) -> duckdb.DuckDBPyConnection:
    """A database with these inputs (a folder of Parquet files, or frames; others empty)."""
    con = duckdb.connect()
    con.execute("set TimeZone = 'UTC'")
    for name, columns in STAGED.items():
        con.execute(f"create table stg_{name} ({columns}, row_number bigint, reasons varchar[])")
        if isinstance(tables, Path):
            rows = f"read_parquet('{tables / name}.parquet')"
        elif name in tables:
            rows = f"rows_of_{name}"
            con.register(rows, tables[name])
        else:
            continue
        found = {row[0] for row in con.execute(f"describe from {rows}").fetchall()}
        wanted = [part.split()[0] for part in columns.split(", ") if part.split()[0] in found]
        con.execute(
            f"insert into stg_{name} ({', '.join(wanted)}, row_number) "
            f"select {', '.join(wanted)}, row_number() over () from {rows}"
        )
    con.execute(FACTS)
    con.execute(f"create table int_as_of as select date '{as_of}' as as_of_date")
    con.execute("create table int_leavers (customer_id varchar)")
    for name, domain in RULES.items():
        path = ROOT / "seeds" / "rules" / domain / f"{name}.csv"
        con.execute(f"create table {name} as from read_csv('{path}')")
    run(con, "int_pricing_settings", "int_marketing_settings")
    return con


def run(con: duckdb.DuckDBPyConnection, *models: str) -> None:
    """Makes the tables of these models, in their order."""
    run_models(con, dict.fromkeys(models, "table"))


def prices(con: duckdb.DuckDBPyConnection) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Elasticities and effects of discounts."""
    run(con, *PRICE_MODELS)
    weeks = con.execute("from int_product_weeks").df()
    settings = con.execute("from int_pricing_settings").df().iloc[0].to_dict()
    settings["interval_z"] = project_vars()["interval_z"]
    steps = con.execute("select minimum_discount from discount_steps order by all").df()
    return (
        price_elasticities(weeks, settings=settings),
        discount_effects(weeks, steps=steps["minimum_discount"].to_numpy(float), settings=settings),
    )


def campaigns(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """How campaigns did, by name."""
    run(con, *CAMPAIGN_MODELS)
    return con.execute("from campaign_performance").df().set_index("campaign")


def mailings(con: duckdb.DuckDBPyConnection) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What was known of customers with each mailing and is today; rates by campaign."""
    run(con, *MAILING_MODELS)
    histories = con.execute("from int_engagement_histories order by all").df()
    return histories, con.execute("from campaign_engagement").df().set_index("campaign")


def loyalty(con: duckdb.DuckDBPyConnection) -> dict[str, pd.DataFrame]:
    """The tables of the loyalty programme."""
    run(con, *LOYALTY_MODELS)
    return {name: con.execute(f"from {name}").df() for name in LOYALTY_MODELS[-3:]}
