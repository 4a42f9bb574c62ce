"""One row per slice of deliveries and measure: whether it rises or falls, and how fast."""

from retail_analytics.deliveries.series import delivery_trends


def model(dbt, session):
    """Tests the last months of every slice for a trend."""
    measures = dbt.ref("int_delivery_measures")
    rules = dbt.ref("delivery_measures")
    as_of = dbt.ref("int_as_of")
    return delivery_trends(
        measures.df(),
        better=rules.df().set_index("measure")["better"].to_dict(),
        as_of_date=as_of.fetchall()[0][0],
        months=int(dbt.config.meta_get("months")),
    )
