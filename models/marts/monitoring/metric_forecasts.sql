-- Forecasts are made by forecast_run (src/retail_analytics/statistics/forecasting/).
-- A series whose last known month is old (a carrier that has brought nothing since) is forecast from
-- there; of its forecasts those of months already past are left out.
with forecast_run as (
    select * from {{ ref('forecast_run') }}
),

metric_series as (
    select * from {{ ref('metric_series') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

metrics_known as (
    select
        metric,
        any_value(unit) as unit,
        any_value(is_higher_better) as is_higher_better,
        max(period) filter (is_complete) as last_complete_period
    from metric_series
    group by metric
),

metric_forecasts as (
    select
        forecast_run.metric,
        forecast_run.dimension,
        forecast_run.entity,
        metrics_known.unit,
        forecast_run.method,
        forecast_run.status,
        forecast_run.trend_direction,
        metrics_known.is_higher_better,
        forecast_run.horizon_months,
        forecast_run.history_count,
        forecast_run.missing_count,
        forecast_run.value,
        forecast_run.value_lower,
        forecast_run.value_upper,
        forecast_run.trend_slope,
        forecast_run.trend_slope_lower,
        forecast_run.trend_slope_upper,
        forecast_run.trend_p_value,
        forecast_run.period,
        forecast_run.as_of_period,
        as_of.as_of_date
    from forecast_run
    inner join metrics_known on forecast_run.metric = metrics_known.metric
    cross join as_of
    where forecast_run.period > metrics_known.last_complete_period
)

select * from metric_forecasts
