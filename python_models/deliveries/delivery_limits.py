"""One row per month of a slice of deliveries and measure: what was usual before it."""

from retail_analytics.deliveries.series import delivery_limits


def model(dbt, session):
    """Draws the limits of every month from those before it."""
    measures = dbt.ref("int_delivery_measures")
    rules = dbt.ref("delivery_measures")
    return delivery_limits(
        measures.df(),
        scales=rules.df().set_index("measure")["scale"].to_dict(),
        months=int(dbt.config.meta_get("months")),
        tail=float(dbt.config.meta_get("tail")),
    )
