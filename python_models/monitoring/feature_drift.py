"""One row per feature and week of the last quarter: whether it is spread as in the weeks before."""

from retail_analytics.monitoring.drift import feature_drift
from retail_analytics.warehouse.apart import apart


def model(dbt, session):
    """Compares each week's counts by bin with those of the weeks before it."""
    counts = dbt.ref("int_feature_weeks")
    settings = dbt.ref("monitoring_settings")
    as_of = dbt.ref("int_as_of")
    found = apart(
        feature_drift, counts.df(), settings=settings.df().set_index("setting")["value"].to_dict()
    )
    return found.assign(as_of_date=as_of.fetchall()[0][0])
