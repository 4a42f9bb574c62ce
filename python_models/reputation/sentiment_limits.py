"""One row per month and slice: the limits within which net sentiment usually varies."""

from retail_analytics.statistics.control_limits import LIMIT_FACTOR, RANGE_FACTOR, control_limits
from retail_analytics.storage.engine import query


def model(dbt, session):
    """Limits of a month, and of its change, from the months before it."""
    sentiment = dbt.ref("sentiment")
    series = query(
        session,
        """
        select dimension as metric, entity, month as period, net_sentiment as value
        from sentiment
        """,
        sentiment=sentiment,
    )
    limits = control_limits(series.df()).rename(columns={"metric": "dimension", "period": "month"})
    reach = limits["limit_upper"] - limits["centre"]
    limits = limits.assign(range_upper=RANGE_FACTOR / LIMIT_FACTOR * reach)
    return limits[
        ["dimension", "entity", "status", "history_count", "centre", "limit_lower", "limit_upper"]
        + ["range_upper", "month"]
    ]
