-- 1. Days and hours count tickets opened; weeks average what was replied or solved in them. The day or
--    week of today is left out where it is not over.
with readings as (
    select * from {{ ref('int_support_readings') }}
),

today as (
    select
        {{ seconds_of('cast(as_of_date + 1 as timestamp)') }} // 86400 as next_day,
        {{ seconds_of('cast(as_of_date + 1 as timestamp)') }} // 86400
        - 7 * {{ var('support_anomaly_weeks') }} as first_day
    from {{ ref('int_as_of') }}
),

dated_readings as (
    select
        *,
        case kind
            when 'temporal' then day * 24 + hour_of_day
            when 'volume' then day
            else (day + 3) // 7
        end as period,
        case when kind in ('temporal', 'volume') then day else (day + 3) // 7 * 7 - 3 end
            as period_day
    from readings
),

periods as (
    select
        kind,
        measure,
        entity,
        period,
        period_day as day,
        count(*) as ticket_count,
        -- rounded: the last digits depend on the order of rows
        {{ decimal_sum('reading') }} as total,
        {{ decimal_sum('reading * reading') }} as squares
    from dated_readings
    group by all
),

support_periods as (
    select
        periods.kind,
        periods.measure,
        periods.entity,
        periods.period,
        periods.ticket_count,
        periods.total,
        periods.squares,
        -- from the first whole period to the last one that is over
        case periods.kind
            when 'temporal' then min(periods.day + 1) over series * 24
            when 'volume' then min(periods.day + 1) over series
            else min(periods.period + 1) over series
        end as first_period,
        case periods.kind
            when 'temporal' then today.next_day * 24 - 1
            when 'volume' then today.next_day - 1
            else (today.next_day + 3) // 7 - 1
        end as last_period
    from periods
    cross join today
    where periods.day >= today.first_day
    window series as (partition by periods.kind, periods.measure, periods.entity)
)

select * from support_periods
where period between first_period and last_period
