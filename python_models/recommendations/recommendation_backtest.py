"""One row per part, test, name and metric: what the lists were learned from and how they did."""

from retail_analytics.recommendations.tables import PURCHASE_COLUMNS, backtest_table
from retail_analytics.warehouse.apart import apart


def model(dbt, session):
    """Learns the blend in one month, tests it in the next, and replays last baskets."""
    purchases = dbt.ref("int_recommendation_purchases")
    customers = dbt.ref("int_recommendation_customers")
    products = dbt.ref("int_recommendation_products")
    rules = dbt.ref("recommendation_rules")
    as_of = dbt.ref("int_as_of")
    ((today, last_month),) = as_of.select("as_of_date, last_month").fetchall()
    return apart(
        backtest_table,
        purchases.select(", ".join(PURCHASE_COLUMNS)).to_arrow_table(),
        customers=customers.count("*").fetchall()[0][0],
        products=products.df(),
        rules=rules.df(),
        last_month=last_month,
        as_of=today,
        z=float(dbt.config.meta_get("interval_z")),
        seed=int(dbt.config.meta_get("seed")),
    )
