"""One row per customer and place of the list: the product and each strategy's part."""

from retail_analytics.recommendations.tables import PURCHASE_COLUMNS, TREATMENT_COLUMNS, list_table


def model(dbt, session):
    """Scores a block of customers at a time while the rows of the one before are written."""
    purchases = dbt.ref("int_recommendation_purchases")
    customers = dbt.ref("int_recommendation_customers")
    products = dbt.ref("int_recommendation_products")
    figures = dbt.ref("recommendation_backtest")
    rules = dbt.ref("recommendation_rules")
    as_of = dbt.ref("int_as_of")
    return list_table(
        purchases.select(", ".join(PURCHASE_COLUMNS)).to_arrow_table(),
        customers=customers.select(", ".join(TREATMENT_COLUMNS)).df(),
        products=products.df(),
        rules=rules.df(),
        figures=figures.df(),
        as_of=as_of.select("as_of_date").fetchall()[0][0],
    )
