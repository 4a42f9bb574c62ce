"""One row per level (shop, category), category and step of discount: units and margin."""

from retail_analytics.pricing.discounts import discount_effects


def model(dbt, session):
    """Compares weeks at a discount with weeks of the same products without one."""
    weeks = dbt.ref("int_product_weeks")
    steps = dbt.ref("discount_steps")
    settings = dbt.ref("int_pricing_settings")
    limits = settings.df().iloc[0].to_dict()
    limits["interval_z"] = float(dbt.config.meta_get("interval_z"))
    lowest = steps.df()["minimum_discount"].sort_values().to_numpy(float)
    return discount_effects(weeks.df(), steps=lowest, settings=limits)
