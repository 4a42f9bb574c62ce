"""One row per watched series and day or week: what it was, and what was to be expected."""

from retail_analytics.monitoring.anomalies import metric_readings
from retail_analytics.storage.engine import query
from retail_analytics.warehouse.apart import apart


def model(dbt, session):
    """Watches every complete day and week of every daily metric."""
    daily = dbt.ref("metric_daily")
    rules = dbt.ref("daily_metrics")
    settings = dbt.ref("monitoring_settings")
    holidays = dbt.ref("support_holidays")
    complete = query(
        session,
        """
        select metric, dimension, entity, numerator, denominator, cast(day as timestamp) as day
        from daily
        where is_complete
        -- in one order: the last digits of sums depend on it
        order by metric, dimension, entity, day
        """,
        daily=daily,
    )
    return apart(
        metric_readings,
        complete.df(),
        rules.df(),
        settings.df().set_index("setting")["value"].to_dict(),
        holidays={day for (day,) in query(session, DAYS_OFF, holidays=holidays).fetchall()},
    )


# days off of a single team are none of the shop
DAYS_OFF = """
    select closed_on
    from holidays
    where coalesce(schedule, 'default') = 'default'
"""
