-- Readings are made by metric_readings (src/retail_analytics/monitoring/anomalies.py).
with readings as (
    select * from {{ ref('metric_readings') }}
    where is_anomaly
),

rules as (
    select * from {{ ref('daily_metrics') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

metric_anomalies as (
    select
        readings.metric,
        readings.dimension,
        readings.entity,
        readings.period,
        rules.unit,
        readings.method,
        readings.direction,
        readings.is_better,
        readings.observed,
        readings.expected,
        readings.expected_lower,
        readings.expected_upper,
        readings.z,
        readings.p_value,
        readings.q_value,
        readings.change,
        readings.change_pct,
        readings.money,
        readings.duration_periods,
        cast(readings.severity as bigint) as severity,
        readings.forest_share,
        readings.expected_false_alerts_per_week,
        case readings.period when 'week' then readings.ends_on - 6 else readings.ends_on end
            as starts_on,
        readings.ends_on,
        as_of.as_of_date
    from readings
    inner join rules on readings.metric = rules.metric
    cross join as_of
)

select * from metric_anomalies
