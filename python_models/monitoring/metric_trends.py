"""One row per metric and slice followed by month: whether it rises or falls, and how fast."""

from retail_analytics.monitoring.changes import metric_trends
from retail_analytics.storage.engine import query
from retail_analytics.warehouse.apart import apart


def model(dbt, session):
    """Tests the newest complete months of every series for a trend."""
    series = dbt.ref("metric_series")
    settings = dbt.ref("monitoring_settings")
    as_of = dbt.ref("int_as_of")
    complete = query(
        session,
        """
        select metric, dimension, entity, unit, is_higher_better, period, value
        from series
        where is_complete
        """,
        series=series,
    )
    return apart(
        metric_trends,
        complete.df(),
        settings=settings.df().set_index("setting")["value"].to_dict(),
        as_of_date=as_of.fetchall()[0][0],
    )
