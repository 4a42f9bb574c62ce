-- The assessment is that of the forecast net, as in sentiment: above a cut-off, not at it.
with metric_forecasts as (
    select * from {{ ref('metric_forecasts') }}
    where metric = 'net_sentiment'
),

assessments as (
    {{ bands(ref('sentiment_assessments'), 'above_net_sentiment') }}
),

sentiment_forecasts as (
    select
        metric_forecasts.dimension,
        metric_forecasts.entity,
        assessments.assessment,
        metric_forecasts.method,
        metric_forecasts.status,
        metric_forecasts.trend_direction,
        metric_forecasts.horizon_months,
        metric_forecasts.value as net_sentiment,
        metric_forecasts.value_lower as net_sentiment_lower,
        metric_forecasts.value_upper as net_sentiment_upper,
        100 * metric_forecasts.trend_slope as trend_points_a_month,
        100 * metric_forecasts.trend_slope_lower as trend_points_a_month_lower,
        100 * metric_forecasts.trend_slope_upper as trend_points_a_month_upper,
        metric_forecasts.period as month,
        metric_forecasts.as_of_date
    from metric_forecasts
    left join assessments
        on
            metric_forecasts.value > assessments.above_net_sentiment
            and metric_forecasts.value <= assessments.next_bound
)

select * from sentiment_forecasts
