"""One row a month and slice: the limits within which net sentiment usually varies."""

from retail_analytics.control_limits import control_limits


def model(dbt, session):
    """Limits of a month from the months before it."""
    sentiment = dbt.ref("sentiment")
    series = session.sql(
        """
        select dimension as metric, entity, month as period, net_sentiment as value
        from sentiment
        """
    )
    limits = control_limits(series.df())
    return limits.rename(columns={"metric": "dimension", "period": "month"})
