"""One row per level (shop, category), category and product: what units do when the price moves."""

from retail_analytics.pricing.elasticity import price_elasticities


def model(dbt, session):
    """Fits the slope of log units on log price within product and week."""
    weeks = dbt.ref("int_product_weeks")
    settings = dbt.ref("int_pricing_settings")
    limits = settings.df().iloc[0].to_dict()
    limits["interval_z"] = float(dbt.config.meta_get("interval_z"))
    return price_elasticities(weeks.df(), settings=limits)
