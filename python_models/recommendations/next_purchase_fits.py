"""One row per part, horizon and metric: what corrects the chances, and how good they were."""

from retail_analytics.recommendations.tables import repeat_fit_table


def model(dbt, session):
    """Learns corrections from past windows, and tests them in the newest."""
    purchases = dbt.ref("int_recommendation_purchases")
    customers = dbt.ref("int_recommendation_customers")
    products = dbt.ref("int_recommendation_products")
    rules = dbt.ref("recommendation_rules")
    as_of = dbt.ref("int_as_of")
    return repeat_fit_table(
        purchases.to_arrow_table(),
        customers=customers.count("*").fetchall()[0][0],
        products=products.count("*").fetchall()[0][0],
        rules=rules.df(),
        as_of=as_of.select("as_of_date").fetchall()[0][0],
    )
