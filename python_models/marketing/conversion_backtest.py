"""One row per model and metric: chances of an order on the latest days, beside the naive ones."""

from retail_analytics.marketing.conversion import conversion_backtest
from retail_analytics.storage.engine import query
from retail_analytics.warehouse.apart import apart


def model(dbt, session):
    """Learns from the earlier days and tests on the latest."""
    feature_values = dbt.ref("int_conversion_values")
    outcomes = dbt.ref("int_conversion_outcomes")
    settings = dbt.ref("int_marketing_settings")
    recommendations = dbt.ref("conversion_recommendations")
    past = query(
        session, "select * from feature_values where not is_current", feature_values=feature_values
    )
    return apart(
        conversion_backtest,
        past.df(),
        outcomes.df(),
        horizon_days=int(settings.df()["conversion_days"].iloc[0]),
        cut_lift=float(recommendations.df()["minimum_lift"].max()),
        most_rows=int(dbt.config.meta_get("challenger_rows")),
        seed=int(dbt.config.meta_get("seed")),
    )
