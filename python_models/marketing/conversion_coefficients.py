"""One row per feature, and one for the level: the model that gives the chances of an order."""

from retail_analytics.marketing.conversion import conversion_coefficients
from retail_analytics.storage.engine import query
from retail_analytics.warehouse.apart import apart


def model(dbt, session):
    """Fits what did better in the backtest to all past days."""
    feature_values = dbt.ref("int_conversion_values")
    outcomes = dbt.ref("int_conversion_outcomes")
    backtest = dbt.ref("conversion_backtest")
    past = query(
        session, "select * from feature_values where not is_current", feature_values=feature_values
    )
    return apart(conversion_coefficients, past.df(), outcomes.df(), backtest.df())
