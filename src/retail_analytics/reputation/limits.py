"""Months of sentiment: the limits of what is usual."""

import numpy as np
import pandas as pd

from retail_analytics.statistics.control_limits import control_limits, false_alarms_per_year


def sentiment_limits(sentiment: pd.DataFrame, *, tail: float) -> pd.DataFrame:
    """One row per slice and month of `sentiment`: the limits that the months before it draw.

    `sentiment` has dimension, entity, month, net_sentiment (-1 to 1, null without mentions) and
    the counts of mentions. `tail` is the share of usual months beyond one limit. A month varies at
    least as its mentions make it, of which one positive and one negative are added (Agresti and
    Caffo 2000), as in sentiment_anomalies.
    """
    mentions = sentiment["mention_count"] + 2
    net = (sentiment["positive_count"] - sentiment["negative_count"]) / mentions
    opinions = (sentiment["positive_count"] + sentiment["negative_count"] + 2) / mentions
    series = pd.DataFrame(
        {
            "metric": sentiment["dimension"],
            "entity": sentiment["entity"],
            "period": sentiment["month"],
            "value": sentiment["net_sentiment"],
            "sampling_variance": (opinions - net**2) / mentions,
        }
    )
    found = control_limits(series, tail=tail)
    both = false_alarms_per_year(tail=tail, sides=2)
    found["false_alarms_per_year"] = np.where(found["status"] == "ok", both, np.nan)
    names = {"metric": "dimension", "period": "month"}
    return found.rename(columns=names)[
        ["dimension", "entity", "status", "history_count", "centre", "limit_lower", "limit_upper"]
        + ["false_alarms_per_year", "month"]
    ]
