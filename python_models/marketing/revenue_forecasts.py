"""One row per month ahead, channel (or all) and scenario: revenue; channels add up to all."""

from retail_analytics.marketing.revenue import revenue_forecasts
from retail_analytics.warehouse.apart import apart


def model(dbt, session):
    """Forecasts the revenue of the default rule of credit, and of the whole."""
    months = dbt.ref("int_credit_months")
    return apart(
        revenue_forecasts,
        months.df(),
        horizon_months=int(dbt.config.meta_get("horizon_months")),
        season_length=int(dbt.config.meta_get("season_length")),
        level=float(dbt.config.meta_get("level")),
    )
