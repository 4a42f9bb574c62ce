"""One row per month and slice: the limits within which net sentiment usually varies."""

import numpy as np

from retail_analytics.statistics.control_limits import control_limits, false_alarms_per_year
from retail_analytics.storage.engine import query


def model(dbt, session):
    """Limits of a month from the months before it; mentions of the month say how sure it is."""
    sentiment = dbt.ref("sentiment")
    tail = float(dbt.config.meta_get("tail"))
    # one positive and one negative mention more, as in sentiment_anomalies
    series = query(
        session,
        """
        select
            dimension as metric,
            entity,
            month as period,
            net_sentiment as value,
            (
                (positive_count + negative_count + 2) / (mention_count + 2)
                - ((positive_count - negative_count) / (mention_count + 2)) ** 2
            ) / (mention_count + 2) as sampling_variance
        from sentiment
        """,
        sentiment=sentiment,
    )
    limits = control_limits(series.df(), tail=tail).rename(
        columns={"metric": "dimension", "period": "month"}
    )
    both = false_alarms_per_year(tails=2 * tail)
    limits["false_alarms_per_year"] = np.where(limits["status"] == "ok", both, np.nan)
    return limits[
        ["dimension", "entity", "status", "history_count", "centre", "limit_lower", "limit_upper"]
        + ["false_alarms_per_year", "month"]
    ]
