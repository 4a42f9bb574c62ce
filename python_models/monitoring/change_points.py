"""One row per daily metric, slice and week from which on its level was another."""

from retail_analytics.monitoring.changes import change_points
from retail_analytics.storage.engine import query
from retail_analytics.warehouse.apart import apart


def model(dbt, session):
    """Looks for changes of level in the weeks of every daily metric."""
    daily = dbt.ref("metric_daily")
    rules = dbt.ref("daily_metrics")
    settings = dbt.ref("monitoring_settings")
    as_of = dbt.ref("int_as_of")
    complete = query(
        session,
        """
        select metric, dimension, entity, numerator, denominator, cast(day as timestamp) as day
        from daily
        where is_complete
        """,
        daily=daily,
    )
    found = apart(
        change_points,
        complete.df(),
        rules.df(),
        settings.df().set_index("setting")["value"].to_dict(),
    )
    return found.assign(as_of_date=as_of.fetchall()[0][0])
