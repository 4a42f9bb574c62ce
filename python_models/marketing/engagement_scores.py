"""One row per customer, channel and outcome (open, click): its chance with the next mailing."""

from retail_analytics.marketing.engagement import engagement_scores
from retail_analytics.warehouse.apart import apart


def model(dbt, session):
    """Fits what did better in the backtest to all mailings of the last year."""
    histories = dbt.ref("int_engagement_histories")
    backtest = dbt.ref("engagement_backtest")
    return apart(engagement_scores, histories.df(), backtest.df())
