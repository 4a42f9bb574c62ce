"""One row per ordered pair of products bought together: how much more often than by chance."""

from retail_analytics.recommendations.tables import association_rule_table


def model(dbt, session):
    """Counts baskets of all purchases, those of guests too."""
    purchases = dbt.ref("int_recommendation_purchases")
    products = dbt.ref("int_recommendation_products")
    rules = dbt.ref("recommendation_rules")
    as_of = dbt.ref("int_as_of")
    return association_rule_table(
        purchases.select("basket_number, product_number").to_arrow_table(),
        products=products.df(),
        rules=rules.df(),
        z=float(dbt.config.meta_get("interval_z")),
        as_of=as_of.select("as_of_date").fetchall()[0][0],
    )
