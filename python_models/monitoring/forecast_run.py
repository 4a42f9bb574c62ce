"""One row per series and month ahead: forecast, errors over the replay, trend of the history."""

from retail_analytics.statistics.forecasting.tables import forecast_metrics
from retail_analytics.storage.engine import query
from retail_analytics.warehouse.apart import apart


def model(dbt, session):
    """Forecasts every series that the rules name, from its complete months."""
    series = dbt.ref("metric_series")
    metrics = dbt.ref("metrics")
    complete = query(
        session,
        """
        select metric, dimension, entity, period, value, weight
        from series
        where is_complete and is_forecast
        """,
        series=series,
    )
    rules = metrics.df()
    return apart(
        forecast_metrics,
        complete.df(),
        scales=dict(zip(rules["metric"], rules["scale"], strict=True)),
        horizon_months=int(dbt.config.meta_get("horizon_months")),
        season_length=int(dbt.config.meta_get("season_length")),
        level=float(dbt.config.meta_get("level")),
        trend_months=int(dbt.config.meta_get("trend_months")),
        combination=str(dbt.config.meta_get("combination")),
    )
