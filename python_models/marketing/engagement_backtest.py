"""One row per outcome, model and metric: chances of an open or a click on the latest mailings."""

from retail_analytics.marketing.engagement import engagement_backtest
from retail_analytics.warehouse.apart import apart


def model(dbt, session):
    """Learns from the earlier mailings and tests on the latest."""
    histories = dbt.ref("int_engagement_histories")
    settings = dbt.ref("int_marketing_settings")
    return apart(
        engagement_backtest,
        histories.df(),
        engagement_days=int(settings.df()["engagement_days"].iloc[0]),
    )
