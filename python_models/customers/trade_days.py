"""One row per purpose and day: how many days of trade have passed since the first day."""

from retail_analytics.customers.clv.groups import trade_months
from retail_analytics.customers.season import trade_days


def model(dbt, session):
    """Finds the season as of the day that each history ends on, and counts days by it."""
    orders = dbt.ref("orders")
    history_dates = dbt.ref("int_history_dates")
    ahead_days = int(dbt.config.meta_get("ahead_days"))
    return trade_days(
        trade_months(session, orders=orders, history_dates=history_dates).df(),
        history_dates=history_dates.df(),
        ahead_days=ahead_days,
    )
