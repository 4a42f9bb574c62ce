-- 1. A month is unusual outside the limits that the months before it draw, on the side to which it
--    is read: a month that comes back from an unusual one changed much and is none itself.
-- 2. A reading (int_sentiment_readings) is an anomaly when it reaches a severity in points and in z
--    and the month is unusual; while there are no six months for limits, z has to do where the
--    severity allows it (seeds/rules/reputation/sentiment_severities.csv). The most severe reading
--    decides, of two alike the one with more points. A rise can be an anomaly; it has no severity.
with months as (
    select * from {{ ref('int_sentiment_readings') }}
),

severities as (
    select * from {{ ref('sentiment_severities') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

readings as (
    select
        dimension,
        entity,
        month,
        limits_status = 'ok' as has_limits,
        net_sentiment < limit_lower as is_below,
        net_sentiment > limit_upper as is_above,
        unnest([
            {'name': 'change', 'points': change_points, 'z': change_z},
            {'name': 'distance', 'points': distance_points, 'z': distance_z}
        ]) as reading
    from months
),

gravest_readings as (
    select
        readings.dimension,
        readings.entity,
        readings.month,
        reading.name as anomaly_reading,
        case when reading.points < 0 then 'drop' else 'rise' end as direction,
        case when reading.points < 0 then severities.severity end as severity
    from readings
    inner join severities
        on
            abs(reading.points) >= severities.minimum_points
            and abs(reading.z) >= severities.minimum_z
            and case
                when not readings.has_limits then not severities.must_be_unusual
                when reading.points < 0 then readings.is_below
                else readings.is_above
            end
    qualify
        row_number() over (
            partition by readings.dimension, readings.entity, readings.month
            order by severities.minimum_points desc, abs(reading.points) desc, reading.name asc
        ) = 1
),

sentiment_anomalies as (
    select
        dimension,
        entity,
        gravest_readings.direction,
        gravest_readings.severity,
        gravest_readings.anomaly_reading,
        months.assessment,
        'z and prediction limits' as method,
        case
            when months.previous_month is null then 'insufficient_data'
            when months.limits_status <> 'ok' then 'short_history'
            else 'ok'
        end as status,
        gravest_readings.direction is not null as is_anomaly,
        months.mention_count,
        months.net_sentiment,
        months.previous_net_sentiment,
        months.change_points,
        months.change_z,
        months.centre as usual_net_sentiment,
        months.distance_points,
        months.distance_z,
        months.limit_lower as net_sentiment_limit_lower,
        months.limit_upper as net_sentiment_limit_upper,
        months.false_alarms_per_year as expected_false_alarms_per_year,
        month,
        months.previous_month,
        as_of.as_of_date
    from months
    left join gravest_readings using (dimension, entity, month)
    cross join as_of
)

select * from sentiment_anomalies
