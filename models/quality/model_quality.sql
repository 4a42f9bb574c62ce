-- 1. A skill is what a model takes off the baseline's error: 1 - error / baseline error; above 0 it
--    is better. For measures of which more is better it is the part of the way to 1 gained.
-- 2. Forecasts of one metric are pooled over its slices and months ahead, each outcome alike; their
--    errors are scaled by how much the series changes from season to season, for slices differ in
--    size.
-- 3. Coverage of an 80 % interval has no baseline to beat; it is held against 0.8.
-- 4. Months beyond the limit on the good side count as false alarms, for nobody knows which of those
--    on the bad side had no cause; they are held against the rate that is stated.
with clv_backtest as (
    select * from {{ ref('clv_backtest') }}
),

churn_backtest as (
    select * from {{ ref('churn_backtest') }}
),

conversion_backtest as (
    select * from {{ ref('conversion_backtest') }}
),

inventory_quality as (
    select * from {{ ref('int_inventory_quality') }}
),

recommendation_quality as (
    select * from {{ ref('int_recommendation_quality') }}
),

metric_forecast_backtest as (
    select * from {{ ref('metric_forecast_backtest') }}
    where origin_count > 0
),

delivery_limits as (
    select * from {{ ref('delivery_limits') }}
    where status = 'ok'
),

delivery_measures as (
    select * from {{ ref('delivery_measures') }}
),

sentiment_anomalies as (
    select * from {{ ref('sentiment_anomalies') }}
    where status = 'ok'
),

metrics as (
    select * from {{ ref('quality_metrics') }}
),

history_dates as (
    select * from {{ ref('int_history_dates') }}
    where purpose = 'backtest'
),

forecast_errors as (
    select
        metric as target,
        baseline,
        cast(round(max(horizon_months) * 365.25 / 12) as bigint) as horizon_days,
        cast(sum(origin_count) as bigint) as row_count,
        last_day(max(as_of_period)) as as_of_date,
        -- rounded, for the order of a sum moves its last digit
        round(
            sum(mase * origin_count) / sum(origin_count) filter (mase is not null), 9
        ) as scaled_error,
        round(
            sum(baseline_mase * origin_count) / sum(origin_count) filter (mase is not null), 9
        ) as baseline_scaled_error,
        round(sum(coverage * origin_count) / sum(origin_count), 9) as coverage
    from metric_forecast_backtest
    group by metric, baseline
),

forecast_figures as (
    select
        target,
        baseline,
        horizon_days,
        row_count,
        as_of_date,
        unnest([
            {
                'metric': 'mean_absolute_scaled_error',
                'value': scaled_error,
                'baseline_value': baseline_scaled_error
            },
            {
                'metric': 'coverage_rate',
                'value': coverage,
                'baseline_value': cast(null as double)
            }
        ]) as figure
    from forecast_errors
),

alarm_months as (
    select
        'delivery_degradations' as mart,
        delivery_limits.measure as target,
        delivery_limits.false_alarms_per_year,
        case delivery_measures.better
            when 'lower' then delivery_limits.value < delivery_limits.limit_lower
            else delivery_limits.value > delivery_limits.limit_upper
        end as is_alarm,
        delivery_limits.month
    from delivery_limits
    inner join delivery_measures on delivery_limits.measure = delivery_measures.measure
    union all
    select
        'sentiment_anomalies' as mart,
        'net_sentiment' as target,
        expected_false_alarms_per_year / 2 as false_alarms_per_year,
        coalesce(direction = 'rise', false) as is_alarm,
        month
    from sentiment_anomalies
),

alarm_figures as (
    select
        mart,
        target,
        round(12 * count(*) filter (is_alarm) / count(*), 9) as value,
        max(false_alarms_per_year) as baseline_value,
        count(*) as row_count,
        last_day(max(month)) as as_of_date
    from alarm_months
    group by mart, target
),

measured as (
    select
        'customer_lifetime_values' as mart,
        clv_backtest.model,
        clv_backtest.target,
        clv_backtest.metric,
        clv_backtest.baseline,
        clv_backtest.is_serving,
        clv_backtest.horizon_days,
        clv_backtest.value,
        clv_backtest.baseline_value,
        clv_backtest.row_count,
        history_dates.as_of_date
    from clv_backtest
    cross join history_dates
    {% for mart, figures in [
        ('customer_churn_risks', 'churn_backtest'), ('inventory_levels', 'inventory_quality'),
        ('conversion_scores', 'conversion_backtest')
    ] -%}
    union all
    select
        '{{ mart }}' as mart,
        model,
        target,
        metric,
        baseline,
        is_serving,
        horizon_days,
        value,
        baseline_value,
        row_count,
        as_of_date
    from {{ figures }}
    {% endfor -%}
    union all
    select
        mart,
        model,
        target,
        metric,
        baseline,
        is_serving,
        horizon_days,
        value,
        baseline_value,
        row_count,
        as_of_date
    from recommendation_quality
    union all
    select
        'metric_forecasts' as mart,
        'combination_or_baseline' as model,
        target,
        figure.metric as metric,
        baseline,
        true as is_serving,
        horizon_days,
        figure.value as value,
        figure.baseline_value as baseline_value,
        row_count,
        as_of_date
    from forecast_figures
    union all
    select
        mart,
        'prediction_limits' as model,
        target,
        'false_alarms_per_year' as metric,
        'stated' as baseline,
        true as is_serving,
        30 as horizon_days,
        value,
        baseline_value,
        row_count,
        as_of_date
    from alarm_figures
),

model_quality as (
    select
        measured.mart,
        measured.model,
        measured.target,
        measured.metric,
        measured.baseline,
        metrics.direction,
        measured.is_serving,
        measured.horizon_days,
        measured.value,
        measured.baseline_value,
        case metrics.direction
            when 'lower' then 1 - abs(measured.value) / nullif(abs(measured.baseline_value), 0)
            when 'higher'
                then
                    (measured.value - measured.baseline_value)
                    / nullif(1 - measured.baseline_value, 0)
        end as skill,
        case when metrics.direction = 'coverage' then measured.value end as coverage,
        measured.row_count,
        measured.as_of_date
    from measured
    inner join metrics on measured.metric = metrics.metric
)

select * from model_quality
