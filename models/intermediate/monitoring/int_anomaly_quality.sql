-- 1. What the watch finds and how often it cries wolf is measured on the shop's own series: by
--    changes that were put into them, and by series made anew from them in which nothing changes.
-- 2. False alerts are held against what the settings allow; what is found has no naive rival. (An
--    oracle that knows level and noise finds .977 at five deviations and one false alert a year.)
with series as (
    select * from {{ ref('monitored_series') }}
    where status = 'ok'
),

settings as (
    select
        max(value) filter (setting = 'week_false_alerts_per_year') as week_false_alerts_per_year,
        max(value) filter (setting = 'day_false_alerts_per_year') as day_false_alerts_per_year
    from {{ ref('monitoring_settings') }}
),

measured as (
    select
        series.period as target,
        case series.period when 'day' then 1 else 7 end as horizon_days,
        sum(series.tested_count) as row_count,
        max(series.as_of_date) as as_of_date,
        avg(series.found_5_sigma) as found_5_sigma,
        avg(series.expected_false_alerts_per_week) * 365.25 / 7 as false_alerts,
        max(
            case series.period
                when 'day' then settings.day_false_alerts_per_year
                else settings.week_false_alerts_per_year
            end
        ) as allowed
    from series
    cross join settings
    group by series.period
),

figures as (
    select
        *,
        unnest([
            {
                'metric': 'found_5_sigma_rate',
                'value': found_5_sigma,
                'baseline_value': cast(null as double)
            },
            {
                'metric': 'false_alerts_per_series_year',
                'value': false_alerts,
                'baseline_value': allowed
            }
        ]) as figure
    from measured
),

anomaly_quality as (
    select
        'watch' as model,
        target,
        figure.metric as metric,
        'allowed' as baseline,
        true as is_serving,
        cast(horizon_days as bigint) as horizon_days,
        -- rounded, for the order of a sum moves its last digit
        round(figure.value, 9) as value,
        figure.baseline_value as baseline_value,
        cast(row_count as bigint) as row_count,
        as_of_date
    from figures
)

select * from anomaly_quality
