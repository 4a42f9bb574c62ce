-- 1. Months beyond the limit on the good side count as false alarms, for nobody knows which of those
--    on the bad side had no cause; they are held against the rate that is stated.
with delivery_limits as (
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

alarm_quality as (
    select
        mart,
        'prediction_limits' as model,
        target,
        'false_alarms_per_year' as metric,
        'stated' as baseline,
        true as is_serving,
        cast(30 as bigint) as horizon_days,
        round(12 * count(*) filter (is_alarm) / count(*), 9) as value,
        max(false_alarms_per_year) as baseline_value,
        count(*) as row_count,
        last_day(max(month)) as as_of_date
    from alarm_months
    group by mart, target
)

select * from alarm_quality
