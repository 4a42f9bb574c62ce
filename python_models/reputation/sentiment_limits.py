"""One row per month and slice: the limits within which net sentiment usually varies."""

from retail_analytics.reputation.limits import sentiment_limits
from retail_analytics.warehouse.apart import apart


def model(dbt, session):
    """Limits of a month from the months before it; mentions of the month say how sure it is."""
    sentiment = dbt.ref("sentiment")
    return apart(sentiment_limits, sentiment.df(), tail=float(dbt.config.meta_get("tail")))
