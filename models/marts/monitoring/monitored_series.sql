with readings as (
    select * from {{ ref('metric_readings') }}
),

rules as (
    select * from {{ ref('daily_metrics') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

monitored_series as (
    select
        readings.metric,
        readings.dimension,
        readings.entity,
        readings.period,
        rules.label,
        rules.unit,
        readings.method,
        readings.status,
        readings.observed,
        readings.expected,
        readings.expected_lower,
        readings.expected_upper,
        readings.smallest_fall_seen,
        readings.smallest_rise_seen,
        readings.found_3_sigma,
        readings.found_4_sigma,
        readings.found_5_sigma,
        readings.found_6_sigma,
        readings.expected_false_alerts_per_week,
        readings.tested_count,
        readings.ends_on,
        as_of.as_of_date
    from readings
    inner join rules on readings.metric = rules.metric
    cross join as_of
    qualify
        row_number() over (
            partition by readings.metric, readings.dimension, readings.entity, readings.period
            order by readings.ends_on desc
        ) = 1
)

select * from monitored_series
