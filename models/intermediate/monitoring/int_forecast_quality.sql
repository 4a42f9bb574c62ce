-- 1. Forecasts of one metric are pooled over its slices and months ahead, each outcome alike; their
--    errors are scaled by how much the series changes from season to season, for slices differ in
--    size.
with forecast_run as (
    select * from {{ ref('forecast_run') }}
    where origin_count > 0
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
        round(
            sum(scaled_interval_score * origin_count)
            / sum(origin_count) filter (scaled_interval_score is not null),
            9
        ) as interval_score,
        round(
            sum(baseline_scaled_interval_score * origin_count)
            / sum(origin_count) filter (scaled_interval_score is not null),
            9
        ) as baseline_interval_score,
        round(sum(coverage * origin_count) / sum(origin_count), 9) as coverage
    from forecast_run
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
                'metric': 'mean_scaled_interval_score',
                'value': interval_score,
                'baseline_value': baseline_interval_score
            },
            {
                'metric': 'coverage_rate',
                'value': coverage,
                'baseline_value': cast(null as double)
            }
        ]) as figure
    from forecast_errors
),

forecast_quality as (
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
)

select * from forecast_quality
