"""One row per customer and product bought on two days or more: when it is due again, how many."""

from retail_analytics.recommendations.tables import next_purchase_table


def model(dbt, session):
    """Fits the rhythms of all products and reads them for each pair."""
    purchases = dbt.ref("int_recommendation_purchases")
    customers = dbt.ref("int_recommendation_customers")
    products = dbt.ref("int_recommendation_products")
    figures = dbt.ref("next_purchase_fits")
    as_of = dbt.ref("int_as_of")
    return next_purchase_table(
        purchases.to_arrow_table(),
        customers=customers.select("customer_number, customer_id").df(),
        products=products.select("product_number, product_id").df(),
        figures=figures.df(),
        as_of=as_of.select("as_of_date").fetchall()[0][0],
    )
